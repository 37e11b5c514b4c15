import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { RefusedError, userError } from "../../model/errors.ts";
import type { FileChange } from "../../model/host.ts";
import { instanceFiles } from "../../model/layout.ts";
import { problem } from "../../model/problem.ts";
import { jsonOf } from "../../tools/json-of.ts";
import { type OwnFile, readOwnFiles } from "../../tools/own-file.ts";
import type { DiskRef, DiskSpec, DiskState } from "../driver.ts";
import { directoryOf } from "./file-name.ts";

type Formats = Readonly<Record<string, string>>;

/**
 * Records the format of a disk at the moment it is decided, by absolute path (Nova INFO-01 … INFO-04), so that it is never
 * guessed from bytes that a guest can write. Also before the disk exists (Nova INFO-06). Throws a RefusedError when a disk
 * that is `there` was recorded as something else. The caller holds the instance's lock.
 */
export async function recordDiskFormat(context: Context, disk: DiskSpec, format: "raw" | "qcow2", there: boolean): Promise<void> {
  await context.host.files.change(diskFormatChanges(disk, format, there, await readDiskInfo(context, disk)), "later");
}

/** The `disk.info` of a directory as it is, for `diskFormatChanges`. */
export function readDiskInfo(context: Context, disk: DiskSpec): Promise<Buffer | undefined> {
  return readRecord(context, recordOf(disk));
}

/** What `recordDiskFormat` changes, to be made together with the disk. The directory is made as needed. */
export function diskFormatChanges(disk: DiskSpec, format: "raw" | "qcow2", there: boolean, content: Buffer | undefined): FileChange[] {
  const file = recordOf(disk);
  const formats = content === undefined ? {} : parseDiskInfo(content.toString("utf8"), file);
  if (there) refuseOther(disk, format, formats[disk.path]);
  const directory: FileChange = { do: "makeDirectory", path: directoryOf(disk) };
  if (formats[disk.path] === format) return [directory];
  return [directory, writeChange(file, { ...formats, [disk.path]: format })];
}

function writeChange(path: string, formats: Formats): FileChange {
  // In an order of its own: which disk was made first is an accident.
  const ordered = Object.fromEntries(Object.entries(formats).sort(([one], [other]) => (one < other ? -1 : 1)));
  return { do: "write", path, data: `${JSON.stringify(ordered)}\n` };
}

/** Throws a RefusedError when an existing disk was recorded with another format (Nova INFO-03). */
export async function refuseOtherRecord(context: Context, disk: DiskSpec, format: "raw" | "qcow2"): Promise<void> {
  const file = recordOf(disk);
  const content = await readRecord(context, file);
  if (content !== undefined) refuseOther(disk, format, parseDiskInfo(content.toString("utf8"), file)[disk.path]);
}

/** What disks were recorded as where that is not this format, or why their record cannot be read, in the order asked for. */
export async function otherRecords(
  context: Context,
  disks: readonly DiskRef[],
  format: "raw" | "qcow2",
): Promise<Pick<DiskState, "recordedFormat" | "recordDamage">[]> {
  const files = [...new Set(disks.map(recordOf))];
  const contents = await readOwnFiles(context, files);
  const records = new Map(files.map((path, index) => [path, recordIn(contents[index])]));
  return disks.map((disk) => {
    const record = records.get(recordOf(disk)) ?? {};
    if (typeof record === "string") return { recordDamage: record };
    const recorded = record[disk.path];
    return recorded === undefined || recorded === format ? {} : { recordedFormat: recorded };
  });
}

/** An error of the plan for a disk that was recorded as something else than it is taken for, or whose record cannot be read. Pure. */
export function checkRecordedFormat(address: Address, what: string, path: string, found: DiskState | undefined): Diagnostic[] {
  if (found?.recordDamage !== undefined) {
    const file = recordOf({ path });
    const detail = `${file} ${found.recordDamage}. It records the formats of disks, which are never guessed: ${damageRemedy}`;
    return [problem("disk-info-damaged", { summary: `${what} has no readable record of its format`, detail, address })];
  }
  if (found?.recordedFormat === undefined) return [];
  return [
    problem("disk-format-changed", {
      summary: `${what} was recorded as ${found.recordedFormat} and would be used as ${found.format}`,
      detail: otherFormat(path, found.format, found.recordedFormat),
      address,
    }),
  ];
}

function refuseOther({ path }: DiskSpec, format: string, recorded: string | undefined): void {
  if (recorded === undefined || recorded === format) return;
  throw new RefusedError(
    "disk-format-changed",
    `${path} was recorded as ${recorded} and would be used as ${format}`,
    otherFormat(path, format, recorded),
  );
}

function otherFormat(path: string, format: string, recorded: string): string {
  return `${path} exists, disk.info beside it records format ${recorded}, and the guest would get it as ${format}: its content would be misread, or could refer to files of the host. It may hold data of a guest, so it is not changed: correct disk.info if it is wrong, or move the disk away.`;
}

function recordOf(disk: Pick<DiskRef, "path">): string {
  return `${directoryOf(disk)}/${instanceFiles.diskInfo}`;
}

/** Throws a UserError for a link, a special file, and one that is too large. */
async function readRecord(context: Context, file: string): Promise<Buffer | undefined> {
  const [own] = await readOwnFiles(context, [file]);
  if (own?.problem === undefined) return own?.content;
  throw userError("disk-info-damaged", `${file} ${own.problem}`, `Formats of disks are never guessed: ${damageRemedy}`);
}

/** What a file records, or what is wrong with it, for a sentence that begins with its path. Pure. */
function recordIn(file: OwnFile | undefined): Formats | string {
  if (file?.problem !== undefined) return file.problem;
  return file?.content === undefined ? {} : (formatsIn(file.content.toString("utf8")) ?? notFormats);
}

/** Forgets a disk; fine when nothing is recorded. */
export async function forgetDiskFormat(context: Context, disk: Pick<DiskRef, "path">): Promise<void> {
  await change(context, disk, ({ [disk.path]: _gone, ...rest }) => (_gone === undefined ? undefined : rest));
}

async function change(context: Context, disk: Pick<DiskRef, "path">, alter: (formats: Formats) => Formats | undefined): Promise<void> {
  const { files } = context.host;
  const file = recordOf(disk);
  const content = await readRecord(context, file);
  const old = content === undefined ? {} : parseDiskInfo(content.toString("utf8"), file);
  const next = alter(old);
  if (next === undefined || next === old) return;
  await files.change([writeChange(file, next)], "later");
}

/** Reads a `disk.info`. Throws a UserError when it is not what we or Nova write (Nova INFO-05). */
export function parseDiskInfo(text: string, file: string): Formats {
  const formats = formatsIn(text);
  if (formats !== undefined) return formats;
  throw userError("disk-info-damaged", `${file} ${notFormats}`, `Formats of disks are never guessed: ${damageRemedy}`);
}

const notFormats = "is no JSON object of paths and formats";
const damageRemedy = "correct the file or restore it from a backup; or remove it, and the next action on a disk there writes it again.";

function formatsIn(text: string): Formats | undefined {
  const formats = jsonOf(Buffer.from(text));
  const isObject = typeof formats === "object" && formats !== null && !Array.isArray(formats);
  return isObject && Object.values(formats).every((value) => typeof value === "string") ? (formats as Formats) : undefined;
}
