import { directoryIdentity, lockPaths, readHolder } from "../lock-holder.ts";
import { liveness } from "../process-identity.ts";

/** Whether a lock is held by a process that may run. */
export function isLocked(path: string): boolean {
  if (directoryIdentity(lockPaths(path).directory) === undefined) return false;
  const holder = readHolder(path);
  return holder === undefined || liveness(holder) !== "gone";
}
