import { createHash } from "node:crypto";
import { readdirSync, statSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { liveness, thisProcess } from "./process-identity.ts";

/** No write under such a name takes longer. */
const abandonedAfterMs = 3_600_000;
/** An apply writes several files to a directory within seconds, and one listing is enough for all of them. */
const tidyEveryMs = 60_000;

let count = 0;
/** Directories by the time at which they were last tidied, of the monotonic clock. */
const tidied = new Map<string, number>();
const mostTidied = 10_000;

/**
 * A unique name beside the target: `disk.info.<machine>-<pid>-<start time>-<n>.tmp`. It names its writer, so
 * that leftovers of a killed process differ from files being written.
 */
export function temporaryName(path: string): string {
  const self = thisProcess();
  count += 1;
  return `${path}.${ownTag()}-${self.pid}-${self.startTime}-${count}.tmp`;
}

/** Removes temporary files beside this target that their writers can no longer finish. Looks at each directory once a minute. */
export function removeAbandoned(path: string): void {
  const directory = dirname(path);
  const now = performance.now();
  if (now - (tidied.get(directory) ?? Number.NEGATIVE_INFINITY) < tidyEveryMs) return;
  const names = readdirSync(directory);
  if (tidied.size >= mostTidied) tidied.clear();
  tidied.set(directory, now);
  for (const name of names) {
    const match = /\.([0-9a-f]{12})-(\d+)-(\d+)-\d+\.tmp$/.exec(name);
    if (match === null) continue;
    const [, tag, pid, startTime = ""] = match;
    if (isAbandoned(`${directory}/${name}`, tag, Number(pid), startTime)) removeQuietly(`${directory}/${name}`);
  }
}

function isAbandoned(file: string, tag: string | undefined, pid: number, startTime: string): boolean {
  const writer = tag === ownTag() ? liveness({ ...thisProcess(), pid, startTime }) : "unknown";
  if (writer !== "unknown") return writer === "gone";
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > abandonedAfterMs;
}

let tag: string | undefined;

/** Identifies this boot of this machine and this process namespace. */
function ownTag(): string {
  const { hostName, machineId, bootId, pidNamespace } = thisProcess();
  tag ??= createHash("sha1").update([hostName, machineId, bootId, pidNamespace].join("\n")).digest("hex").slice(0, 12);
  return tag;
}

function removeQuietly(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // Another process was first, or it may not be removed: harmless.
  }
}
