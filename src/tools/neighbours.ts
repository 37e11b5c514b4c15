import type { Context } from "../model/context.ts";

/** The kernel's table of neighbours, of IPv4. */
const table = "/proc/net/arp";
/** Lines are 80 bytes: this is a host with thousands of neighbours. */
const longest = 2 ** 20;

/** Addresses of the machines that a host has talked to lately, by MAC address; none where it does not tell. */
export async function neighbours({ host }: Pick<Context, "host">): Promise<ReadonlyMap<string, readonly string[]>> {
  const [content] = await host.files.readMany([{ path: table, length: longest }]);
  return parseNeighbours(content?.toString("latin1") ?? "");
}

/** Reads the table of neighbours. Entries that are not complete have no address of a machine. */
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
