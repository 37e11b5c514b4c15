import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { instanceFiles } from "../../model/layout.ts";
import { problem } from "../../model/problem.ts";
import { readOwnFiles } from "../../tools/own-file.ts";

/** A directory with a label that nothing of ours is left in. */
export interface RetiredDirectory {
  readonly directory: string;
  /** Its name on the way out. */
  readonly doomed: string;
  /** Files of ours that are not worth keeping for their own sake: `disk.info`. What is staged under such a name counts as it. */
  readonly companions: readonly string[];
  /** What the label becomes when files that are not ours stay. Absent: the directory then has no label. */
  readonly emptied?: string;
}

/**
 * Takes a directory of ours away, the label last. The other name says that it is on its way out, so that a crash never leaves a
 * directory without an owner (Nova DEL-04). Other files stay, with a warning that names them. No-op if absent.
 */
export async function retireDirectory(context: Context, { directory, doomed, companions, emptied }: RetiredDirectory): Promise<void> {
  const { files } = context.host;
  const isOne = (name: string, names: readonly string[]) => names.some((one) => name === one || name.startsWith(`${one}.`));
  const left: string[] = [];
  for (const { name } of await files.list(directory)) {
    if (isOne(name, companions)) await files.remove(`${directory}/${name}`);
    else if (!isOne(name, [instanceFiles.label])) left.push(name);
  }
  if (left.length > 0) {
    const label = `${directory}/${instanceFiles.label}`;
    context.warn?.(keptFiles(directory, left));
    return emptied === undefined ? files.remove(label) : files.writeAtomic(label, emptied, 0o600);
  }
  if ((await files.stat(directory)) === undefined) return;
  await files.publish(directory, doomed, 0o700);
  await files.removeTree(doomed);
}

function keptFiles(directory: string, names: readonly string[]): Diagnostic {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return problem(
    "directory-kept",
    {
      summary: `${directory} is kept, because it holds files that virtform did not create`,
      detail: `${names.slice(0, 5).join(", ")}${more}. They may be layers of snapshots, or copies. Remove the directory when they are no longer needed; the instance can be created again in it.`,
    },
    "warning",
  );
}

/** Removes directories below `parent` whose removal was interrupted. `isOurs` gets the label's content. */
export async function sweepRetired(context: Context, parent: string, isOurs: (label: Buffer | undefined) => boolean): Promise<void> {
  const { files } = context.host;
  for (const { name, type } of await files.list(parent)) {
    if (type !== "directory" || !/^[0-9a-f-]{36}_del$/.test(name)) continue;
    const path = `${parent}/${name}`;
    const entries = await files.list(path);
    if (entries.length === 0 || isOurs(await labelIn(context, path))) await files.removeTree(path);
  }
}

async function labelIn(context: Context, directory: string): Promise<Buffer | undefined> {
  const [label] = await readOwnFiles(context, [`${directory}/${instanceFiles.label}`]);
  return label?.content;
}
