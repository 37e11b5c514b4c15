import type { Validators } from "../../model/web-access.ts";

/** Whether a file changed since it was fetched, as far as its validators tell, with the reason in words; `failed`: its source could not be asked. */
export interface Comparison {
  readonly outcome: "current" | "outdated" | "unknown" | "failed";
  readonly reason: string;
}

/** Compares what a server said about a file when it was fetched with what it says now. Any difference counts; a weak tag counts like a strong one. Pure. */
export function compareVersions(then: Validators | undefined, now: Validators): Comparison {
  if (then === undefined) return { outcome: "unknown", reason: "its version was not recorded when it was fetched" };
  const pairs = [
    ["length", then.length, now.length],
    ["ETag", then.etag, now.etag],
    ["Last-Modified", then.lastModified, now.lastModified],
  ] as const;
  const known = pairs.filter(([, before, after]) => before !== undefined && after !== undefined);
  const differs = known.find(([, before, after]) => before !== after);
  if (differs !== undefined) return { outcome: "outdated", reason: `its ${differs[0]} was ${differs[1]} and is ${differs[2]}` };
  const same = known.filter(([name]) => name !== "length").map(([name]) => name);
  if (same.length > 0) return { outcome: "current", reason: `same ${same.join(" and ")}` };
  return { outcome: "unknown", reason: "the server gives neither ETag nor Last-Modified" };
}
