import type { Context } from "../model/context.ts";
import type { FileStat } from "../model/host.ts";
import { readManyOnce } from "./read-once.ts";

/** A file of ours as read. `problem`: what exists in its place instead, for a sentence that begins with the path. */
export interface OwnFile {
  readonly content: Buffer | undefined;
  readonly problem?: string;
}

/** Labels and records are a few KiB. */
const limit = 4 * 2 ** 20;
/** As much as is read of a file of ours. Other readers ask for the same, so that it is read once per look (`readManyOnce`). */
export const ownFileBytes = limit + 1;

/** Reads small files of ours, in the order asked for. A link is never followed; a link, a special file or a file of another size is a problem. */
export async function readOwnFiles(context: Pick<Context, "host" | "look">, paths: readonly string[]): Promise<OwnFile[]> {
  const { host } = context;
  const reading = readManyOnce(
    context,
    paths.map((path) => ({ path, length: ownFileBytes })),
  );
  // Of one file both are asked for together: on a host elsewhere that is one round trip, and it is often missing.
  const [contents, stat] = await Promise.all([reading, paths.length === 1 ? host.files.statMany(paths) : undefined]);
  const missing = paths.filter((_, index) => contents[index] === undefined);
  const stats = missing.length === 0 ? [] : (stat ?? (await host.files.statMany(missing)));
  const types = new Map(missing.map((path, index) => [path, stats[index]?.type]));
  return contents.map((content, index): OwnFile => {
    if (content !== undefined)
      return content.length > limit ? { content: undefined, problem: `is larger than ${limit} bytes` } : { content };
    const type = types.get(paths[index] ?? "");
    return type === undefined || type === "file"
      ? { content: undefined }
      : { content: undefined, problem: `is ${typeText(type)}, not a regular file` };
  });
}

/** `a symbolic link`. */
export function typeText(type: FileStat["type"]): string {
  const texts = { file: "a file", directory: "a directory", symlink: "a symbolic link", other: "a special file" };
  return texts[type];
}
