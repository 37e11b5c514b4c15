import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { shellWord } from "../../model/shell-word.ts";
import type { Config } from "../config.ts";
import { guests } from "../terms/guest-address.ts";
import { type NetworkAddress, networks } from "../terms/network-address.ts";
import type { NetworkState } from "../terms/network-state.ts";
import { connected } from "./diff.ts";
import { needsRestart, runningDifferences } from "./live.ts";
import type { NetworkSpec } from "./spec.ts";
import { checkWrittenNetworks } from "./written-check.ts";

/** What cannot or will not be done to networks, and whom a change interrupts. Pure. */
export function checkNetworkKind(
  resources: readonly Resource<NetworkSpec>[],
  observed: Observed,
  config: Config,
  destroying: boolean,
): Diagnostic[] {
  const wanted = new Set<string>(resources.map(({ address }) => address));
  return [
    ...(destroying ? [] : checkWrittenNetworks(config)),
    ...resources.flatMap((resource) => [...checkName(resource, observed), ...checkInterruption(resource, observed)]),
    ...observed.of(networks).flatMap(([address, state]) => (wanted.has(address) ? [] : checkStrangers(address, state, observed))),
  ];
}

/** A network of that name that is not this project's. */
function checkName({ address, spec }: Resource<NetworkSpec>, observed: Observed): Diagnostic[] {
  const taken = observed.unmanaged.find(({ what, name }) => what === "network" && name === spec.name);
  if (taken === undefined) return [];
  const other =
    taken.owner === undefined
      ? `virtform did not make it and does not change it. To use it as it is, write external: true into networks.${spec.name}. To replace it, remove it first: virsh net-destroy ${shellWord(spec.name)}; virsh net-undefine ${shellWord(spec.name)}. Or choose another name.`
      : `Project ${taken.owner} owns it. To use it as it is, write external: true into networks.${spec.name}; otherwise choose another name.`;
  return [problem("network-taken", { summary: `The host has a network ${spec.name} already`, detail: other, address })];
}

/** A change that needs a restart of the network while guests are connected to it. */
function checkInterruption({ address, spec }: Resource<NetworkSpec>, observed: Observed): Diagnostic[] {
  const have = observed.get(networks.at(spec.name));
  const running = have?.running ?? null;
  if (have === undefined || running === null) return [];
  const paths = runningDifferences(running, spec.fields).filter((path) => needsRestart(path, running));
  const names = connected(have);
  if (paths.length === 0 || names.length === 0) return [];
  const kinds = [String(running["type"]), String(spec.fields["type"])];
  const stuck = kinds.find((kind) => kind === "macvtap" || kind === "ovs");
  if (stuck !== undefined) {
    const detail = `${list(paths)} of a network of type ${stuck} changes only while no guest is connected to it: guests that run cannot be moved to another device. Shut ${list(names)} down first, then apply again.`;
    return [problem("network-in-use", { summary: `Network ${spec.name} is in use by ${list(names)}`, detail, address })];
  }
  const detail = `libvirt takes ${list(paths)} only when the network starts. ${list(names)} ${names.length === 1 ? "loses its" : "lose their"} connection for about a second while it is restarted and ${names.length === 1 ? "is" : "are"} connected again; addresses and open connections to them stay.`;
  return [problem("network-interrupted", { summary: `Network ${spec.name} is restarted while ${list(names)} ${names.length === 1 ? "uses" : "use"} it`, detail, address }, "warning")];
}

/** A network that is to go while guests that this plan does not touch use it. */
function checkStrangers(address: NetworkAddress, { name, users }: NetworkState, observed: Observed): Diagnostic[] {
  const own = new Set(observed.of(guests).map(([, { uuid }]) => uuid));
  const strangers = [...new Set(users.filter(({ uuid, running }) => running && !own.has(uuid)).map(({ domain }) => domain))];
  if (strangers.length === 0) return [];
  const detail = `virtform does not manage ${strangers.length === 1 ? "this guest" : "these guests"}, which would lose the connection. Shut ${list(strangers)} down or connect ${strangers.length === 1 ? "it" : "them"} to another network, then apply again.`;
  return [problem("network-in-use", { summary: `Network ${name} is in use by ${list(strangers)}`, detail, address })];
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
