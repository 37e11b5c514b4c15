import type { Context } from "../../model/context.ts";
import { instanceFiles, isUuidDirectory } from "../../model/layout.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { jsonOf } from "../../tools/json-of.ts";
import { ownFileBytes } from "../../tools/own-file.ts";
import { backingName } from "../../tools/qcow2-backing.ts";
import { qcow2HeaderBytes } from "../../tools/qcow2-header.ts";
import { qcow2HeaderOf } from "../../tools/qcow2-header-of.ts";
import { readManyOnce } from "../../tools/read-once.ts";
import { isBlankName } from "./base-files.ts";
import type { BaseUser } from "./spec.ts";

/** File names of disks in a label. */
const rescueDisk = /^disk\.rescue$/;
const furtherDisks = /^disk\.(?:rescue|local|eph\d+|swap)$/;

/** In place of an entry: disks that may be backed by any base image, because they are links, which are not followed. */
export const unseen = "";

interface Disk {
  readonly path: string;
  /** The content of its directory's label and `disk.info`, where there are such. */
  readonly label: Buffer | undefined;
  readonly info: Buffer | undefined;
}

/**
 * Disks in these directories that are backed by each base image, by entry: root disks, rescue disks and volumes. For planning. `blanks`: also look for overlays
 * of empty disks. A guest cannot forge this: only headers of overlays count, which qemu writes.
 */
export async function findUsers(
  context: Context,
  directories: readonly string[],
  blanks: boolean,
): Promise<ReadonlyMap<string, readonly BaseUser[]>> {
  const { files } = context.host;
  const named = blanks ? furtherDisks : rescueDisk;
  const disks = (await disksByLabel(context, directories, named)).filter(({ path, info }) => !isRaw(info, path));
  const paths = disks.map(({ path }) => path);
  const headers = await readManyOnce(
    context,
    paths.map((path) => ({ path, length: qcow2HeaderBytes })),
  );
  const entries = await entriesBehind(context, paths, headers);
  const unread = paths.filter((_, index) => headers[index] === undefined);
  const stats = unread.length === 0 ? [] : await files.statMany(unread);
  const links = new Set(unread.filter((_, index) => stats[index]?.type === "symlink"));
  const users = new Map<string, BaseUser[]>();
  for (const [index, { path, label }] of disks.entries()) {
    const entry = links.has(path) ? unseen : entries[index];
    if (entry === undefined) continue;
    const project = projectOf(label);
    const known = users.get(entry) ?? [];
    if (known.length === 0) users.set(entry, known);
    known.push(withoutUndefined({ path, project }));
  }
  return users;
}

/** All root disks and volumes, and those of further disks that labels name. */
async function disksByLabel(context: Context, directories: readonly string[], named: RegExp): Promise<Disk[]> {
  const recordsOf = (directory: string) =>
    [instanceFiles.label, instanceFiles.diskInfo].map((name) => ({ path: `${directory}/${name}`, length: ownFileBytes }));
  // Every directory has a root disk, whose header is looked at next: on a host elsewhere, together they are one round trip.
  const rootOf = (directory: string) => ({ path: `${directory}/${instanceFiles.root}`, length: qcow2HeaderBytes });
  const [records] = await Promise.all([
    readManyOnce(context, directories.flatMap(recordsOf)),
    context.host.libvirtUri === undefined ? undefined : readManyOnce(context, directories.map(rootOf)),
  ]);
  return directories.flatMap((directory, index) => {
    const [label, info] = [records[2 * index], records[2 * index + 1]];
    // Only instances whose label names further disks are looked at more closely: few have them.
    const further = label === undefined ? [] : namesIn(label, named);
    if (further.length === 0) return [{ path: `${directory}/${instanceFiles.root}`, label, info }];
    return [...new Set([instanceFiles.root, ...further])].map((name) => ({ path: `${directory}/${name}`, label, info }));
  });
}

function namesIn(label: Buffer, named: RegExp): string[] {
  const objects = (jsonOf(label) as { readonly objects?: unknown } | null | undefined)?.objects;
  if (typeof objects === "object" && objects !== null) return Object.keys(objects).filter((name) => named.test(name));
  // What a damaged label names may exist all the same.
  return Array.from(label.toString("utf8").matchAll(/"(disk\.\w+)":/g), ([, name]) => name ?? "").filter((name) => named.test(name));
}

/** Every file in a directory of an instance or volume that is backed by this base image, whatever its name. For removing it. */
export async function findAllUsers(context: Context, entry: string): Promise<string[]> {
  const { host } = context;
  const users: string[] = [];
  for (const directory of await diskDirectories(context)) {
    const listed = (await host.files.list(directory)).filter(({ name }) => !name.startsWith(instanceFiles.console));
    const info = await host.files.readMany([{ path: `${directory}/${instanceFiles.diskInfo}`, length: ownFileBytes }]);
    const pathsOf = (type: "file" | "symlink") =>
      listed
        .filter((found) => found.type === type)
        .map(({ name }) => `${directory}/${name}`)
        .filter((path) => !isRaw(info[0], path));
    const paths = pathsOf("file");
    const headers = await host.files.readMany(paths.map((path) => ({ path, length: qcow2HeaderBytes })));
    const entries = await entriesBehind(context, paths, headers);
    users.push(...paths.filter((_, index) => entries[index] === entry));
    users.push(...pathsOf("symlink").map((path) => `${path}, which is a link that is not followed`));
  }
  return users;
}

/** The directories of all disks: of instances, also those that Nova set aside while resizing or deleting (Nova LAY-12), and of volumes. */
export async function diskDirectories({ host, layout }: Context): Promise<string[]> {
  const found = await Promise.all(
    [layout.root, layout.volumes].map(async (parent) =>
      (await host.files.list(parent))
        // A directory that was moved to other storage leaves a link.
        .filter(({ name, type }) => (type === "directory" || type === "symlink") && startsWithUuid(name))
        .map(({ name }) => `${parent}/${name}`),
    ),
  );
  return found.flat();
}

/** The entry in the name of each disk's backing file; that of an empty disk is its name. Old Nova grew copies of it under `<entry>_<n>` (Nova LAY-06). */
async function entriesBehind(
  context: Context,
  paths: readonly string[],
  headers: readonly (Buffer | undefined)[],
): Promise<(string | undefined)[]> {
  const read = headers.map((start) => (start === undefined ? undefined : qcow2HeaderOf(start)?.header));
  return Promise.all(
    read.map(async (header, index) => {
      const name = header === undefined ? undefined : await backingName(context, paths[index] ?? "", header);
      const file = name?.slice(name.lastIndexOf("/") + 1) ?? "";
      return isBlankName(file) ? file : /^([0-9a-f]{40})(?:_\w+)?$/.exec(file)?.[1];
    }),
  );
}

/** Whether `disk.info` records that a disk is raw: its content, even if it looks like a header, was written by the guest. */
function isRaw(info: Buffer | undefined, path: string): boolean {
  const formats = info === undefined ? undefined : (jsonOf(info) as Readonly<Record<string, unknown>> | null | undefined);
  return formats?.[path] === "raw";
}

function projectOf(label: Buffer | undefined): string | undefined {
  const value = label === undefined ? undefined : (jsonOf(label) as { readonly project?: unknown } | null | undefined);
  return typeof value?.project === "string" ? value.project : undefined;
}

/** True also for a directory that is being removed, whose name continues after the uuid: its disks may still be in use. */
function startsWithUuid(name: string): boolean {
  return isUuidDirectory(name.slice(0, 36));
}
