import { closest } from "../../model/closest.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { NetworkFacts } from "../../model/host-facts.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import type { Config } from "../config.ts";
import type { Checked } from "../disk/checked.ts";
import { isUp } from "../power/is-up.ts";
import { guests } from "../terms/guest-address.ts";
import type { DomainSpec, InterfaceSpec } from "../terms/spec.ts";

/**
 * Networks and bridges that guests are to be connected to and that the host does not have. A guest that has the interface already and is
 * not started by the plan gets a warning; so does one that is to be off, where the network only has to be started.
 */
export function checkNetworks({ config, domains, observed }: Pick<Checked, "config" | "domains" | "observed">): Diagnostic[] {
  const { networks } = observed.facts;
  if (networks === null) return [];
  const isForeign = ({ type, source }: InterfaceSpec) => type === "network" && !isOwn(config, source);
  const unlisted = networks.active === null && domains.some((domain) => domain.interfaces.some(isForeign));
  return [
    ...(unlisted ? [notListed()] : []),
    ...domains.flatMap((domain) =>
      domain.interfaces.flatMap((nic, index) => {
        const found = nic.type === "network" && !isForeign(nic) ? undefined : troubleOf(nic, networks, config);
        if (found === undefined) return [];
        const words = { summary: found.summary, detail: found.detail, address: guests.at(domain.instance), key: ["networks", index] };
        return [problem(found.code, words, isHarmless(domain, nic, observed, found) ? "warning" : "error")];
      }),
    ),
  ];
}

interface Trouble {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
}

/** Whether the network is one that virtform keeps: the plan creates and starts it. */
function isOwn({ networks = {} }: Config, source: string): boolean {
  const network = Object.hasOwn(networks, source) ? networks[source] : undefined;
  return network !== undefined && network.external !== true;
}

function troubleOf(
  { type, source }: InterfaceSpec,
  { active, missingBridges, notBridges }: NetworkFacts,
  { networks: declared = {} }: Config,
): Trouble | undefined {
  if (type === "network" && active !== null) return networkTrouble(source, active, Object.keys(declared));
  if (type !== "bridge") return undefined;
  if (missingBridges.includes(source)) {
    const detail =
      "libvirt connects the guest to it when it starts, and fails. Create the bridge on the host (ip link add name BRIDGE type bridge), or name another one.";
    return { code: "bridge-missing", summary: `The host has no bridge ${source}`, detail };
  }
  if (!notBridges.includes(source)) return undefined;
  const detail = "It is an interface of another kind, such as a network card. Name a bridge that the card is part of.";
  return { code: "bridge-missing", summary: `${source} is not a bridge`, detail };
}

function networkTrouble(source: string, active: Readonly<Record<string, boolean>>, declared: readonly string[]): Trouble | undefined {
  if (!Object.hasOwn(active, source)) {
    const near = closest(source, [...declared, ...Object.keys(active)]);
    const list = Object.entries(active).map(([name, isActive]) => (isActive ? name : `${name} (inactive)`));
    const there = list.length === 0 ? "It has no networks." : `It has ${list.join(", ")}.`;
    const detail = `${there}${near === undefined ? "" : ` Did you mean ${near}?`} Define the network, or name another one.`;
    return { code: "network-missing", summary: `The host has no network ${source}`, detail };
  }
  if (active[source] === true) return undefined;
  const name = shellWord(source);
  const detail = `A guest on it does not start. Start it with: virsh net-start ${name}; and whenever the host boots: virsh net-autostart ${name}.`;
  return { code: "network-inactive", summary: `The network ${source} is not active`, detail };
}

function isHarmless({ instance, powerState }: DomainSpec, { mac, source }: InterfaceSpec, observed: Observed, { code }: Trouble): boolean {
  const have = observed.get(guests.at(instance));
  const stays = have !== undefined && (powerState !== "running" || isUp(have.power));
  if (stays && have.fields[`interfaces.${mac}.source`] === source) return true;
  return code === "network-inactive" && powerState !== "running";
}

function notListed(): Diagnostic {
  const detail =
    "Whether those that guests are connected to exist is not known. Where libvirt's daemons are split, virtnetworkd has to run: systemctl start virtnetworkd.socket.";
  return problem("networks-not-listed", { summary: "libvirt does not list the networks of the host", detail }, "warning");
}
