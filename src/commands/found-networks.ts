import { networkTraits } from "../kinds/config/network-traits.ts";
import { subnetsOf } from "../kinds/config/subnets-of.ts";
import { networks } from "../kinds/terms/network-address.ts";
import type { NetworkFields, NetworkState } from "../kinds/terms/network-state.ts";
import { addressName } from "../model/address.ts";
import { formatCidr } from "../model/ip.ts";
import type { FoundNetwork } from "../model/result.ts";
import type { HostSession } from "../session.ts";
import type { Survey } from "./survey.ts";

/** Every network that a configuration declares, in its order, and the others of the project that are on its host. Pure. */
export function foundNetworks({ config }: Pick<HostSession, "config">, { observed }: Pick<Survey, "observed">): FoundNetwork[] {
  const states = new Map(observed.of(networks).map(([address, state]) => [addressName(address), state]));
  const { active } = observed.facts.networks ?? {};
  const declared = Object.entries(config.networks ?? {}).map(([name, network]): FoundNetwork => {
    const state = states.get(name);
    const { type } = networkTraits(network);
    const subnets = subnetsOf(config, name).map(({ cidr }) => formatCidr(cidr));
    if (type !== "external") return state === undefined ? { ...missing(name, type), subnets } : found(name, state, true);
    const isActive = active?.[network.name ?? name];
    const status = isActive === undefined ? "missing" : isActive ? "active" : "inactive";
    return { ...missing(name, type), status: active === null ? null : status, subnets };
  });
  const others = [...states]
    .filter(([name]) => !Object.hasOwn(config.networks ?? {}, name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return [...declared, ...others.map(([name, state]) => found(name, state, false))];
}

function missing(name: string, type: string): FoundNetwork {
  return { name, status: "missing", declared: true, uuid: null, type, bridge: null, subnets: [], autostart: null, domains: [] };
}

function found(name: string, { uuid, fields, running, users }: NetworkState, declared: boolean): FoundNetwork {
  const now = running ?? fields;
  const { type, bridge, device } = now;
  return {
    name,
    status: running === null ? "inactive" : "active",
    declared,
    uuid,
    type: String(type),
    bridge: String(bridge ?? device ?? "") || null,
    subnets: cidrsOf(now),
    autostart: fields["autostart"] === true,
    domains: [...new Set(users.filter((user) => user.running).map(({ domain }) => domain))].sort(),
  };
}

function cidrsOf(fields: NetworkFields): string[] {
  return Object.keys(fields).flatMap((path) => /^subnets\.(.*)\.address$/.exec(path)?.[1] ?? []);
}
