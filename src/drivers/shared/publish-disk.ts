import type { Context } from "../../model/context.ts";
import type { FileChange } from "../../model/host.ts";
import { stagedPath } from "../../model/layout.ts";
import type { DiskRef } from "../driver.ts";
import { diskMode } from "./file-access.ts";

/** A disk in the making. One name per disk, so that what a crash left is found and replaced. */
function stagedDisk(disk: Pick<DiskRef, "path">): string {
  return stagedPath(disk.path);
}

/** Makes a disk under a staged name, then gives it the final one: a disk with its own name is whole. */
export async function publishDisk(context: Context, disk: Pick<DiskRef, "path">, make: (staged: string) => Promise<void>): Promise<void> {
  const { files } = context.host;
  const staged = stagedDisk(disk);
  await files.remove(staged);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => files.remove(staged).catch(() => undefined));
  await make(staged);
  // Its name is on the disk before its guest is defined or started, or its record says that it is whole.
  await files.change([{ do: "publish", staged, final: disk.path, mode: await diskMode(context) }], "later");
}

/** Makes a disk as a copy of a small file, with further changes before it: one round trip on a host elsewhere. */
export async function publishCopy(
  context: Context,
  disk: Pick<DiskRef, "path">,
  from: string,
  before: readonly FileChange[],
): Promise<void> {
  const { files } = context.host;
  const staged = stagedDisk(disk);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => files.remove(staged).catch(() => undefined));
  const copy: readonly FileChange[] = [
    { do: "remove", path: staged },
    { do: "copy", from, to: staged },
    { do: "publish", staged, final: disk.path, mode: await diskMode(context) },
  ];
  await files.change([...before, ...copy], "later");
  undo.move();
}

/** Removes a disk, and what an interrupted creation of it left. */
export async function removeDisk(context: Context, disk: Pick<DiskRef, "path">): Promise<void> {
  await context.host.files.remove(disk.path);
  await context.host.files.remove(stagedDisk(disk));
}
