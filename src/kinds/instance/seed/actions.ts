import { createHash, randomBytes } from "node:crypto";
import { plainFileDriver, putOf } from "../../../drivers/index.ts";
import type { ActionType } from "../../../model/action.ts";
import { defineAction } from "../../../model/action.ts";
import type { Context } from "../../../model/context.ts";
import { RefusedError } from "../../../model/errors.ts";
import type { FileChange, FileStat } from "../../../model/host.ts";
import { instanceFiles, stagedPath } from "../../../model/layout.ts";
import { isoImage } from "../../../tools/iso9660/iso9660.ts";
import { libvirtOf } from "../../../tools/libvirt/libvirt.ts";
import { writeVfatImage } from "../../../tools/vfat.ts";
import { forgetObject, type RecordOptions, readLabel, recordObject, recordWithNext, rememberedDomain } from "../../directory/label.ts";
import { isElsewhere } from "../../disk/place.ts";
import { markDrive, markWaitingDrive } from "../../guest/live/drive.ts";
import { isUp } from "../../power/is-up.ts";
import { driveDevice, driveLabel } from "../../terms/drive-format.ts";
import { seedExists, seedGone } from "../../terms/seed-address.ts";
import type { SeedSpec } from "../../terms/spec.ts";
import { nocloudTree } from "./nocloud.ts";
import { publicSeed, seedDigest } from "./public.ts";
import { resolveSeedSecrets, secretDigest, secretsDigest, seedReferences } from "./secrets.ts";
import type { SeedRecord } from "./state.ts";
import { driveRef, seedRecord, seedState, storedSeed } from "./state.ts";
import type { SeedTree } from "./tree.ts";
import { seedTree } from "./tree.ts";

/** The drive may contain a password. libvirt changes the owner of the file when the guest starts. */
const privateMode = 0o600;

interface Owner {
  readonly uuid: string;
  readonly instance: string;
}

/** `exchange`: the guest runs with the drive and gets the new one. `waits`: it gets the new one with its next start. */
interface BuildArgs {
  readonly spec: SeedSpec;
  readonly exchange?: boolean;
  readonly waits?: boolean;
}

/**
 * Makes sure that the drive exists as the spec says. A drive that is correct keeps its file. A directory gets its label before
 * its first file. After a kill the next look finds a drive without a record, or one that does not match it, and the drive is
 * built again, from the same random seed where one was recorded.
 */
async function buildSeed(context: Context, { spec, exchange = false, waits = false }: BuildArgs): Promise<void> {
  const { files } = context.host;
  const secrets = resolveSeedSecrets(context, spec);
  const label = await readLabel(context, spec.uuid);
  const known = seedRecord(label, context);
  if (known !== undefined && (await isRight(context, spec, known, secrets))) return;

  const randomSeed = known === undefined ? randomBytes(512) : Buffer.from(known.randomSeed, "base64");
  const { disk, format } = spec;
  const kept = { format, backend: disk.backend, place: disk.place, randomSeed: randomSeed.toString("base64") };
  const isPlainFile = disk.backend === plainFileDriver;
  if (label === undefined || (known === undefined && !isPlainFile)) await writeRecord(context, spec, { ...kept, built: null });

  const values = { ...secrets, randomSeed };
  const tree = format === "nocloud" ? nocloudTree(spec, values) : seedTree(spec, values);
  const applied = publicSeed(spec);
  const references = { user_data: secrets.userData, admin_password: secrets.adminPassword };
  const digests = [...seedReferences(applied).keys()].map((key) => [key, secretDigest(key, references[key], randomSeed)] as const);
  const builtOf = ({ sha256, stat: { size, mtimeMs, inode } }: WrittenImage) => ({
    digest: seedDigest(spec),
    secrets: secretsDigest(secrets, randomSeed),
    ...(digests.length === 0 ? {} : { secretDigests: Object.fromEntries(digests) }),
    applied,
    sha256,
    size,
    mtimeMs,
    inode,
  });
  const part = stagedPath(disk.path);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => files.remove(part));
  const publish: FileChange = { do: "publish", staged: part, final: disk.path, mode: privateMode };
  // Its definition follows and writes the label. If that is not reached, a drive without its record is built again for a guest that has never run.
  const isNew = isPlainFile && known === undefined && rememberedDomain(label) === undefined;
  const written = await writeImage(context, spec.format, part, tree, isNew ? [publish] : []);
  const { sha256 } = written;
  const built = builtOf(written);
  if (isNew) {
    undo.move();
    return recordWithNext(context, spec, instanceFiles.configDrive, storedSeed({ ...kept, built }));
  }
  const put = putOf(disk.backend);
  await put.stage(context, disk, { from: part, sha256, format: spec.format });
  // Removed now: after the next record, a drive in another place is no longer found.
  if (known !== undefined && isElsewhere(disk, known))
    await putOf(known.backend).remove(context, driveRef(context, spec.uuid, known.place), await isRunning(context, spec));
  if (waits) await markWaitingDrive(libvirtOf(context), spec.uuid);
  if (isPlainFile) {
    // Before the drive has its name: after a kill, the next plan knows that the guest has the old one.
    if (exchange) await markDrive(libvirtOf(context), spec.uuid);
    // One round trip. Either may be lost in a power cut: the next look compares them.
    await writeRecord(context, spec, { ...kept, built }, { names: "later", before: [publish] });
    undo.move();
    return;
  }
  await writeRecord(context, spec, { ...kept, built });
  await put.publish(context, disk, { from: part });
}

interface WrittenImage {
  readonly sha256: string;
  readonly stat: FileStat;
}

/** Writes the staged image and makes the changes that follow, with which the names in its directory may wait for the disk. */
async function writeImage(
  context: Context,
  format: SeedSpec["format"],
  path: string,
  tree: SeedTree,
  next: readonly FileChange[],
): Promise<WrittenImage> {
  const { files } = context.host;
  if (driveDevice(format) === "cdrom") {
    const data = isoImage(driveLabel(format), tree);
    const [stat] = await files.change([{ do: "write", path, data, mode: privateMode, staged: true }, ...next], "later");
    return whole(path, createHash("sha256").update(data).digest("hex"), stat);
  }
  await writeVfatImage(context, path, driveLabel(format), tree);
  const [{ sha256 }, stat] = await Promise.all([files.digest(path, ["sha256"]), files.stat(path)]);
  if (next.length > 0) await files.change(next, "later");
  return whole(path, sha256, stat);
}

function whole(path: string, sha256: string | undefined, stat: FileStat | undefined): WrittenImage {
  if (sha256 === undefined || stat === undefined)
    throw new RefusedError(
      "staged-file-vanished",
      `${path} vanished while the config drive was built`,
      "Something else clears this directory. Stop it and apply again.",
    );
  return { sha256, stat };
}

async function isRight(
  context: Context,
  spec: SeedSpec,
  record: SeedRecord,
  secrets: ReturnType<typeof resolveSeedSecrets>,
): Promise<boolean> {
  if (isElsewhere(spec.disk, record)) return false;
  const state = await seedState(context, spec, record);
  return (
    state.intact &&
    state.digest === seedDigest(spec) &&
    record.built?.secrets === secretsDigest(secrets, Buffer.from(record.randomSeed, "base64"))
  );
}

/** Removes the drive and its record, if present. A missing instance directory is not recreated. */
async function removeSeed(context: Context, owner: Owner): Promise<void> {
  const record = seedRecord(await readLabel(context, owner.uuid), context);
  await putOf(plainFileDriver).remove(context, driveRef(context, owner.uuid, null), false);
  if (record !== undefined && record.backend !== plainFileDriver)
    await putOf(record.backend).remove(context, driveRef(context, owner.uuid, record.place), await isRunning(context, owner));
  await forgetObject(context, owner, instanceFiles.configDrive);
}

async function isRunning(context: Context, { uuid }: Pick<Owner, "uuid">): Promise<boolean> {
  return isUp((await libvirtOf(context).power(uuid))?.power ?? "stopped");
}

function writeRecord(context: Context, owner: Owner, record: SeedRecord, options: RecordOptions = {}): Promise<void> {
  const { uuid, instance } = owner;
  return recordObject(context, { uuid, instance }, instanceFiles.configDrive, storedSeed(record), options);
}

/** `seed.build` creates or rebuilds a config drive; `seed.remove` removes it; `seed.restrict` corrects the permissions of its file. */
export const seedActions: readonly ActionType[] = [
  defineAction<BuildArgs>("seed.build", [seedExists], buildSeed),
  defineAction<Owner>("seed.remove", [seedGone], removeSeed),
  defineAction<Owner & { readonly backend: string; readonly place: string | null; readonly owner: string | null }>(
    "seed.restrict",
    [],
    async (context, drive) => putOf(drive.backend).restrict?.(context, driveRef(context, drive.uuid, drive.place), drive.owner),
  ),
];
