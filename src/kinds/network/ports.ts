import type { Context } from "../../model/context.ts";
import type { Host } from "../../model/host.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { parseXml } from "../../tools/xml.ts";
import { readNetwork } from "./read.ts";
import type { NetworkSpec } from "./spec.ts";
import { type FoundUser, usersOf } from "./users.ts";

const runMs = 10_000;

/** The Linux bridge that guests of an active network are ports of; undefined where they are none of one. */
export function linuxBridge(active: string): string | undefined {
  const { type, bridge } = readNetwork(parseXml(active));
  return type === "ovs" || type === "macvtap" || typeof bridge !== "string" ? undefined : bridge;
}

/** The names of the ports of a bridge of the host; undefined where it is missing or none. */
export async function portsOf(host: Host, bridge: string): Promise<ReadonlySet<string> | undefined> {
  const place = `/sys/class/net/${bridge}/brif`;
  const [found] = await host.files.statMany([place]);
  return found === undefined ? undefined : new Set((await host.files.list(place)).map(({ name }) => name));
}

/**
 * Makes the interfaces of running guests ports of the bridge of an active network again: libvirt makes a new bridge when a network starts, and leaves
 * guests that run without one. Does nothing for those that are ports. After a rename, guests that still name the earlier network are
 * plugged in here only if the bridge kept its name. With a new bridge, libvirt plugs them in when their definition is changed, and fails if they are ports of it already.
 * Throws a CommandError where this user may not.
 */
export async function reconnect(context: Context, { uuid, renamedFrom }: Pick<NetworkSpec, "uuid" | "renamedFrom">): Promise<void> {
  const { host } = context;
  const libvirt = libvirtOf(context);
  const network = await libvirt.network(uuid);
  if (network === undefined || network.active === null) return;
  const bridge = linuxBridge(network.active);
  if (bridge === undefined) return;
  const users = (await libvirt.domains(usersOf, () => undefined)).flat();
  const isUser = ({ network: name, bridge: had }: FoundUser) => name === network.name || (name === renamedFrom && had === bridge);
  const taps = users.flatMap((user) => (user.running && isUser(user) && user.tap !== null ? [user.tap] : []));
  if (taps.length === 0) return;
  const ports = await portsOf(host, bridge);
  const { mtu } = readNetwork(parseXml(network.active));
  const size = mtu === undefined ? [] : ["mtu", String(mtu)];
  for (const tap of taps) {
    if (ports?.has(tap) === true) continue;
    // As libvirt does it when a guest starts.
    await host.run({ program: "ip", args: ["link", "set", "dev", tap, "master", bridge, ...size, "up"], timeoutMs: runMs });
  }
}
