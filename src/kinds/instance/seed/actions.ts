import { createHash, randomBytes } from "node:crypto";
import type { DiskSpec } from "../../../drivers/driver.ts";
import { plainFileDriver, putOf } from "../../../drivers/index.ts";
import type { ActionType } from "../../../model/action.ts";
import { defineAction } from "../../../model/action.ts";
import type { Context } from "../../../model/context.ts";
import { RefusedError } from "../../../model/errors.ts";
import type { Json } from "../../../model/json.ts";
import { instanceFiles, stagedPath } from "../../../model/layout.ts";
import { isoImage } from "../../../tools/iso9660/iso9660.ts";
import { libvirtOf } from "../../../tools/libvirt/libvirt.ts";
import { writeVfatImage } from "../../../tools/vfat.ts";
import { forgetObject, readLabel, recordObject } from "../../directory/label.ts";
import { isUp } from "../../power/is-up.ts";
import { seedExists, seedGone } from "../../terms/seed-address.ts";
import type { SeedSpec } from "../../terms/spec.ts";
import { publicSeed, seedDigest } from "./public.ts";
import { resolveSeedSecrets, secretsDigest } from "./secrets.ts";
import type { SeedRecord } from "./state.ts";
import { driveRef, keeperOf, seedRecord, seedState } from "./state.ts";
import type { SeedTree } from "./tree.ts";
import { seedTree } from "./tree.ts";

/** The label by which cloud-init and others find a config drive. */
const volumeLabel = "config-2";
/** The drive may hold a password. libvirt gives the file to its guest when that starts. */
const privateMode = 0o600;

interface Owner {
  readonly uuid: string;
  readonly instance: string;
}

/**
 * Makes sure that the drive is there as the spec says. A drive that is right already keeps its file. Its first record is
 * written before its first byte, and the full record just before the drive gets its name: killed between the two, the
 * next look finds a file that does not match its record and the drive is built again from the same random seed.
 */
async function buildSeed(context: Context, { spec }: { readonly spec: SeedSpec }): Promise<void> {
  const { files } = context.host;
  const secrets = resolveSeedSecrets(context, spec);
  const known = seedRecord(await readLabel(context, spec.uuid), context);
  if (known !== undefined && (await isRight(context, spec, known, secrets))) return;

  const randomSeed = known === undefined ? randomBytes(512) : Buffer.from(known.randomSeed, "base64");
  const place = spec.place === null ? {} : { place: spec.place };
  const kept = {
    format: spec.format,
    ...(spec.backend === null ? {} : { backend: spec.backend, ...place }),
    randomSeed: randomSeed.toString("base64"),
  };
  if (known === undefined) await writeRecord(context, spec, { ...kept, built: null });

  const part = stagedPath(spec.path);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => files.remove(part));
  const sha256 = await writeImage(context, spec.format, part, seedTree(spec, { ...secrets, randomSeed }));
  const stat = await files.stat(part);
  if (stat === undefined)
    throw new RefusedError(
      "staged-file-vanished",
      `${part} vanished while the config drive of ${spec.instance} was built`,
      "Something else clears this directory. Stop it and apply again.",
    );
  const { size, mtimeMs, inode } = stat;
  const built = {
    digest: seedDigest(spec),
    secrets: secretsDigest(secrets, randomSeed),
    applied: publicSeed(spec),
    sha256,
    size,
    mtimeMs,
    inode,
  };
  const put = putOf(keeperOf(spec));
  const disk = driveOf(context, spec);
  await put.stage(context, disk, { from: part, sha256, format: spec.format });
  // From the record that follows on, an earlier drive in another place is not found again.
  if (known !== undefined && (keeperOf(known) !== keeperOf(spec) || (known.place ?? null) !== spec.place))
    await putOf(keeperOf(known)).remove(context, driveRef(context, spec.uuid, known), await isRunning(context, spec));
  await writeRecord(context, spec, { ...kept, built });
  await put.publish(context, disk, { from: part });
}

function driveOf(context: Context, spec: SeedSpec): DiskSpec {
  const { instance, uuid } = spec;
  return { ...driveRef(context, uuid, spec), instance, role: "drive", backend: keeperOf(spec), size: null, preallocate: "none" };
}

/** Writes the staged image and returns its SHA-256. */
async function writeImage(context: Context, format: SeedSpec["format"], path: string, tree: SeedTree): Promise<string> {
  const { files } = context.host;
  if (format === "iso9660") {
    const image = isoImage(volumeLabel, tree);
    await files.writeAtomic(path, image, privateMode);
    return createHash("sha256").update(image).digest("hex");
  }
  await writeVfatImage(context, path, volumeLabel, tree);
  const { sha256 } = await files.digest(path, ["sha256"]);
  if (sha256 === undefined) throw new Error(`no SHA-256 of ${path}`);
  return sha256;
}

async function isRight(
  context: Context,
  spec: SeedSpec,
  record: SeedRecord,
  secrets: ReturnType<typeof resolveSeedSecrets>,
): Promise<boolean> {
  if (keeperOf(record) !== keeperOf(spec) || (record.place ?? null) !== spec.place) return false;
  const state = await seedState(context, spec, record);
  return state.intact && state.digest === seedDigest(spec) && state.secretsMatch(secrets);
}

/** Makes sure that there is neither drive nor record of one. An instance directory that is gone stays gone. */
async function removeSeed(context: Context, owner: Owner): Promise<void> {
  const record = seedRecord(await readLabel(context, owner.uuid), context);
  await putOf(plainFileDriver).remove(context, driveRef(context, owner.uuid, {}), false);
  if (record?.backend !== undefined)
    await putOf(record.backend).remove(context, driveRef(context, owner.uuid, record), await isRunning(context, owner));
  await forgetObject(context, owner, instanceFiles.configDrive);
}

async function isRunning(context: Context, { uuid }: Pick<Owner, "uuid">): Promise<boolean> {
  return isUp((await libvirtOf(context).domain(uuid))?.power ?? "stopped");
}

function writeRecord(context: Context, owner: Owner, record: SeedRecord): Promise<void> {
  return recordObject(context, { uuid: owner.uuid, instance: owner.instance }, instanceFiles.configDrive, record as unknown as Json);
}

/** `seed.build` makes or renews a config drive; `seed.remove` takes it away. */
export const seedActions: readonly ActionType[] = [
  defineAction<{ readonly spec: SeedSpec }>("seed.build", [seedExists], buildSeed),
  defineAction<Owner>("seed.remove", [seedGone], removeSeed),
];
