import type { HostFacts } from "../../model/host-facts.ts";
import { fixedAddresses } from "../config/fixed-addresses.ts";
import { instanceNames } from "../config/instance-names.ts";
import type { Reservation, Subnet } from "../config/subnets-of.ts";
import type { Config } from "../config.ts";
import { interfacesOf } from "../guest/interfaces.ts";
import { guests } from "../terms/guest-address.ts";
import { identityOf } from "../terms/identity.ts";

/** A reservation that follows from a fixed address of an instance. */
export interface PortReservation extends Reservation {
  readonly network: string;
  /** Position of its subnet in the network. */
  readonly subnet: Subnet["index"];
  /** The entry of `instances`. */
  readonly entry: string;
}

/**
 * What DHCP reserves for the interfaces of instances. The name is the host name of the guest, which dnsmasq answers queries with; libvirt takes
 * a name once in a network, so further interfaces have none. Pure.
 */
export function portReservations(config: Config, facts: Pick<HostFacts, "identities">): PortReservation[] {
  const taken = new Set(
    Object.entries(config.networks ?? {}).flatMap(([network, { subnets = [] }]) =>
      subnets.flatMap(({ dhcp }) => (dhcp?.reservations ?? []).map(({ name }) => `${network} ${name}`)),
    ),
  );
  return Object.entries(config.instances ?? {}).flatMap(([entry, instance]) => {
    const fixed = (instance.networks ?? []).map((nic) => fixedAddresses(config, nic).filter(({ reserved }) => reserved));
    const [name] = instanceNames(entry, instance.count);
    if (name === undefined || fixed.every(({ length }) => length === 0)) return [];
    const { project = "default" } = config;
    const { origin } = identityOf("instance", { project, name, address: guests.at(name), given: instance.uuid }, facts);
    const cards = interfacesOf(instance, {}, config, origin);
    const host = instance.hostname ?? name;
    return fixed.flatMap((addresses, index) => {
      const { network = "" } = instance.networks?.[index] ?? {};
      return addresses.map(({ ip, subnet }): PortReservation => {
        const key = `${network} ${host}`;
        const named = plainName.test(host) && !taken.has(key);
        if (named) taken.add(key);
        return { network, subnet: subnet.index, entry, address: ip, mac: cards[index]?.mac ?? null, name: named ? host : null, duid: null };
      });
    });
  });
}

/** libvirt takes no other names of machines; a domain is that of the network. */
const plainName = /^[A-Za-z][A-Za-z0-9-]{0,62}$/;
