import type { Context } from "../model/context.ts";
import { userError } from "../model/errors.ts";
import { instanceFiles } from "../model/layout.ts";

type Formats = Readonly<Record<string, string>>;

/**
 * Records the format of a disk at the moment it is decided, by absolute path (Nova INFO-01 … INFO-04), so that nobody ever
 * has to guess it from bytes that a guest can write. Also before the disk exists (Nova INFO-06). The caller holds the
 * instance's lock.
 */
export async function recordDiskFormat(context: Context, uuid: string, path: string, format: "raw" | "qcow2"): Promise<void> {
  await change(context, uuid, (formats) => (formats[path] === format ? formats : { ...formats, [path]: format }));
}

/** Forgets a disk; fine when nothing is recorded. */
export async function forgetDiskFormat(context: Context, uuid: string, path: string): Promise<void> {
  await change(context, uuid, ({ [path]: _gone, ...rest }) => (_gone === undefined ? undefined : rest));
}

async function change(context: Context, uuid: string, alter: (formats: Formats) => Formats | undefined): Promise<void> {
  const { files } = context.host;
  const file = context.layout.instanceFile(uuid, instanceFiles.diskInfo);
  const content = await files.read(file);
  const old = content === undefined ? {} : parseDiskInfo(content.toString("utf8"), file);
  const next = alter(old);
  if (next === undefined || next === old) return;
  // In an order of its own: which disk was made first is an accident.
  const ordered = Object.fromEntries(Object.entries(next).sort(([one], [other]) => (one < other ? -1 : 1)));
  await files.writeAtomic(file, `${JSON.stringify(ordered)}\n`, 0o644);
}

/** Reads a `disk.info`. Throws a UserError when it is not what we or Nova write (Nova INFO-05). */
export function parseDiskInfo(text: string, file: string): Formats {
  try {
    const formats: unknown = JSON.parse(text);
    if (typeof formats === "object" && formats !== null && Object.values(formats).every((value) => typeof value === "string"))
      return formats as Formats;
  } catch {}
  throw userError(
    "disk-info-damaged",
    `${file} is damaged`,
    "It should hold one JSON object of paths and formats. Correct it by hand; what format a disk has is never guessed.",
  );
}
