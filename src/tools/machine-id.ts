import type { Host } from "../model/host.ts";
import { perHost } from "../model/per-host.ts";

/** As systemd and D-Bus keep it: 32 hexadecimal digits. */
const path = "/etc/machine-id";

/** What tells one installation of an operating system from all others; undefined where the host has none. */
export const machineId: (host: Host) => Promise<string | undefined> = perHost(read);

async function read({ files }: Host): Promise<string | undefined> {
  const text = (await files.read(path))?.toString("utf8").trim() ?? "";
  return /^[0-9a-f]{32}$/.test(text) ? text : undefined;
}
