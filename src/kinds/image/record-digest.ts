import { defineAction } from "../../model/action.ts";
import { readBase } from "./base-files.ts";
import { contentDigest } from "./content-digest.ts";
import { recordContent } from "./record-content.ts";
import { startedDigest } from "./running-digest.ts";

/**
 * Records the SHA-256 of a base image that was made by conversion, so that a later change of it can be proven. An action of its own: the
 * disks that are made from the base do not wait for it.
 */
export const recordDigest = defineAction<{ readonly entry: string }>("image.digest", [], async (context, { entry }, report) => {
  const found = await readBase(context, entry);
  if (found === undefined || "foreign" in found || contentDigest(found.base.sidecar) !== undefined) return;
  const { path, stat, sidecar } = found.base;
  const onProgress = (done: number) => report({ phase: "digest", done, total: stat.size });
  const sha256 =
    (await startedDigest(context, entry, sidecar, onProgress)) ??
    (await context.host.files.digest(path, ["sha256"], onProgress, context.signal)).sha256;
  if (sha256 === undefined) throw new Error("a digest was asked for and not given");
  await recordContent(context, found.base, sha256);
});
