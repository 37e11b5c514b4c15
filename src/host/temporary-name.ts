import { createHash } from "node:crypto";
import { readdirSync, statSync, unlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { liveness, type MachineIdentity, thisProcess } from "./process-identity.ts";

/** No write under such a name takes longer. */
const abandonedAfterMs = 3_600_000;

let count = 0;

/**
 * A unique name beside the target: `disk.info.<machine>-<pid>-<start time>-<n>.tmp`. It names its writer, so
 * that leftovers of a killed process differ from files being written.
 */
export function temporaryName(path: string): string {
  const self = thisProcess();
  count += 1;
  return `${path}.${machineTag(self)}-${self.pid}-${self.startTime}-${count}.tmp`;
}

/** Removes temporary files of this target that their writers can no longer finish. */
export function removeAbandoned(path: string): void {
  const directory = dirname(path);
  const prefix = `${basename(path)}.`;
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(prefix)) continue;
    const match = /^([0-9a-f]{12})-(\d+)-(\d+)-\d+\.tmp$/.exec(name.slice(prefix.length));
    if (match === null) continue;
    const [, tag, pid, startTime = ""] = match;
    if (isAbandoned(`${directory}/${name}`, tag, Number(pid), startTime)) removeQuietly(`${directory}/${name}`);
  }
}

function isAbandoned(file: string, tag: string | undefined, pid: number, startTime: string): boolean {
  const self = thisProcess();
  const writer = tag === machineTag(self) ? liveness({ ...self, pid, startTime }) : "unknown";
  if (writer !== "unknown") return writer === "gone";
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > abandonedAfterMs;
}

/** Identifies one boot of one machine and one process namespace. */
function machineTag({ hostName, machineId, bootId, pidNamespace }: MachineIdentity): string {
  return createHash("sha1").update([hostName, machineId, bootId, pidNamespace].join("\n")).digest("hex").slice(0, 12);
}

function removeQuietly(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // Another process was first, or it may not be removed: harmless.
  }
}
