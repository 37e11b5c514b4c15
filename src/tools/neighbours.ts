import type { Context } from "../model/context.ts";
import { CommandError } from "../model/errors.ts";
import type { Host } from "../model/host.ts";
import { parseIp } from "../model/ip.ts";

/** The kernel's table of neighbours, of IPv4. */
const table = "/proc/net/arp";
/** Lines are 80 bytes: this is a host with thousands of neighbours. */
const longest = 2 ** 20;

const programMs = 5_000;

/** Addresses of the machines that a host has talked to lately, by MAC address, IPv4 first; none where it does not tell. */
export async function neighbours({ host }: Pick<Context, "host">): Promise<ReadonlyMap<string, readonly string[]>> {
  const [[content], ipv6] = await Promise.all([host.files.readMany([{ path: table, length: longest }]), ipv6Neighbours(host)]);
  const found = new Map(parseNeighbours(content?.toString("latin1") ?? ""));
  for (const [mac, addresses] of parseIpv6Neighbours(ipv6)) found.set(mac, [...(found.get(mac) ?? []), ...addresses]);
  return found;
}

/** The kernel shows neighbours of IPv6 by netlink alone, which `ip` speaks. Empty where it is missing or refused. */
async function ipv6Neighbours(host: Host): Promise<string> {
  try {
    return (await host.run({ program: "ip", args: ["-6", "neighbour", "show"], timeoutMs: programMs })).stdout;
  } catch (error) {
    if (error instanceof CommandError) return "";
    throw error;
  }
}

/** Reads the table of IPv4 neighbours. Entries that are not complete have no address of a machine. */
export function parseNeighbours(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split("\n").slice(1)) {
    const [address = "", , flags = "", mac = ""] = line.trim().split(/\s+/);
    if (!/^[0-9.]+$/.test(address) || !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac) || (Number(flags) & 2) === 0) continue;
    const known = found.get(mac.toLowerCase()) ?? [];
    found.set(mac.toLowerCase(), [...known, address]);
  }
  return found;
}

/** Reads what `ip -6 neighbour show` prints. Addresses of a link alone, and of machines that did not answer, are left out. */
export function parseIpv6Neighbours(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.slice(0, longest).split("\n")) {
    const [, address = "", mac = "", state = ""] =
      /^([0-9a-f:.]{2,45}) dev \S+ lladdr ((?:[0-9a-f]{2}:){5}[0-9a-f]{2}) .*?([A-Z]+) *$/i.exec(line) ?? [];
    if (parseIp(address)?.family !== 6 || /^fe[89ab]/i.test(address) || state === "FAILED" || state === "INCOMPLETE") continue;
    found.set(mac.toLowerCase(), [...(found.get(mac.toLowerCase()) ?? []), address]);
  }
  return found;
}
