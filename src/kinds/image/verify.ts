import type { Context } from "../../model/context.ts";
import type { ByteProgress } from "../../model/host.ts";
import type { Observed } from "../../model/observed.ts";
import type { VerifiedImage } from "../../model/result.ts";
import { disks } from "../terms/disk-address.ts";
import { volumes } from "../terms/volume-address.ts";
import { contentDigest } from "./content-digest.ts";
import { recordContent } from "./record-content.ts";
import type { ImageState } from "./spec.ts";

/**
 * Reads a base image again and compares it with its recorded digest. `record`: writes the digest of one that has none, because an earlier version
 * made it or an apply ended before it was recorded. The next comparison has one then.
 */
export async function verifyBase(
  context: Context,
  state: ImageState,
  observed: Observed,
  { record, onProgress }: { readonly record: boolean; readonly onProgress?: ByteProgress },
): Promise<VerifiedImage> {
  const { entry, path, sidecar } = state;
  const expected = contentDigest(sidecar);
  const { sha256: found = "" } = await context.host.files.digest(path, ["sha256"], onProgress);
  const { backed, copied } = usersOf(state, observed);
  const known = { image: sidecar.image, entry, path, expected: expected ?? null, found, backed, copied };
  if (expected !== undefined) return { ...known, outcome: expected === found ? "intact" : "changed" };
  if (!record) return { ...known, outcome: "unrecorded" };
  return { ...known, outcome: (await recordContent(context, state, found)) ? "recorded" : "unrecorded" };
}

/** Disks that a changed base image concerns: those that are backed by it and damaged with it, and those of this project that were copied from it. Pure. */
export function usersOf({ entry, users }: ImageState, observed: Observed): Pick<VerifiedImage, "backed" | "copied"> {
  const own = new Map(
    [...observed.of(disks), ...observed.of(volumes)].flatMap(([address, { path, applied }]) =>
      applied.entry === entry ? [[path, address] as const] : [],
    ),
  );
  const paths = new Set(users.map(({ path }) => path));
  const backed = users.map(({ path, project }) => own.get(path) ?? (project === undefined ? path : `${path} (project ${project})`));
  const copied = [...own].flatMap(([path, address]) => (paths.has(path) ? [] : [address]));
  return { backed, copied };
}
