import type { NetDevice } from "../../../tools/net-devices.ts";
import type { PlugCondition } from "../../terms/plugging.ts";
import type { NicDevice } from "./devices.ts";

/** What a condition still lacks, as a clause. `final`: it will not come. */
export interface Lack {
  readonly words: string;
  readonly final?: true;
}

/** What is known of a device of an interface. */
export interface SeenNic {
  /** Undefined: the guest has no interface with this MAC address. */
  readonly device: NicDevice | undefined;
  /** What the kernel says about the device, and about the one whose link counts; undefined: it does not exist. */
  readonly own: NetDevice | undefined;
  readonly link: NetDevice | undefined;
  /** The bridge of Open vSwitch that has it as a port; null: none. */
  readonly ovsBridge: string | null;
}

/** What a state that was seen lacks; undefined when it is as expected. A program is judged by what it says. Pure. */
export function lackOf(
  condition: Exclude<PlugCondition, { what: "command" }>,
  { device, own, link, ovsBridge }: SeenNic,
): Lack | undefined {
  if (device === undefined) return { words: "the guest has no such interface", final: true };
  if (condition.what === "link") return linkLack(device, link);
  if (device.name === null || device.link !== device.name)
    return { words: `${device.name ?? "it"} cannot be a port of a bridge, because libvirt connects it directly to a device`, final: true };
  const bridge = condition.bridge ?? device.bridge;
  if (bridge === null) return { words: `libvirt connects ${device.name} to no bridge, so that none is known to wait for`, final: true };
  const master = ovsBridge ?? own?.master ?? null;
  if (master === bridge) return undefined;
  if (own === undefined) return { words: `${device.name} does not exist` };
  return { words: `${device.name} is not a port of bridge ${bridge}${master === null ? "" : `, but of ${master}`}` };
}

function linkLack({ name, link: device }: NicDevice, seen: NetDevice | undefined): Lack | undefined {
  if (device === null) return { words: "it has no device on the host", final: true };
  const subject = device === name ? device : `${device}, which ${name} is on,`;
  if (seen === undefined) return { words: `${subject} does not exist` };
  if (!seen.up) return { words: `${subject} is switched off (operstate ${seen.operstate})` };
  // A driver that does not tell its state can be used (RFC 2863 as the kernel implements it).
  return seen.operstate === "up" || seen.operstate === "unknown"
    ? undefined
    : { words: `${subject} has no link (operstate ${seen.operstate})` };
}
