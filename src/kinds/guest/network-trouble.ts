import { closest } from "../../model/closest.ts";
import type { BrokenUplink, NetworkFacts } from "../../model/host-facts.ts";
import { shellWord } from "../../model/shell-word.ts";
import type { Config } from "../config.ts";
import type { InterfaceSpec } from "../terms/spec.ts";

/** Why a guest that is connected to a network or a bridge does not start. */
export interface NetworkTrouble {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
}

/** What is wrong with the network or bridge of the host that an interface is connected to. Pure. */
export function networkTrouble(
  { type, source }: Pick<InterfaceSpec, "type" | "source">,
  { active, missingBridges, notBridges, broken = {} }: NetworkFacts,
  { networks: declared = {} }: Config,
): NetworkTrouble | undefined {
  if (type === "network" && active !== null) {
    return virtualNetworkTrouble(source, active, Object.keys(declared)) ?? uplinkTrouble(source, broken[source]);
  }
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

/** A network of others that is active and whose bridge or network card is missing or down; undefined where it is neither. Pure. */
export function uplinkTrouble(network: string, broken: BrokenUplink | undefined): NetworkTrouble | undefined {
  if (broken === undefined) return undefined;
  const device = shellWord(broken.device);
  if (broken.state === "down") {
    const detail = `Guests in network ${network} would have no connection. Enable it: ip link set ${device} up.`;
    return { code: "bridge-down", summary: `${broken.device} of network ${network} is down`, detail };
  }
  const detail = `No guest in it starts. Create the bridge (ip link add name ${device} type bridge, or ovs-vsctl add-br ${device} for Open vSwitch), or name another one: virsh net-edit ${shellWord(network)}.`;
  return { code: "bridge-missing", summary: `The host has no ${broken.device}, which network ${network} needs`, detail };
}

function virtualNetworkTrouble(
  source: string,
  active: Readonly<Record<string, boolean>>,
  declared: readonly string[],
): NetworkTrouble | undefined {
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
