import type { Context } from "../../model/context.ts";
import { instanceFiles, isUuidDirectory } from "../../model/layout.ts";
import { backingName } from "../../tools/qcow2-backing.ts";
import { qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import { isBlankName } from "./base-files.ts";
import type { BaseUser } from "./spec.ts";

/** File names of disks in a label's text. */
const rescueDisk = /"(disk\.rescue)":/g;
const furtherDisks = /"(disk\.(?:rescue|local|eph\d+|swap))":/g;

/** Labels and records are a few KiB; more of one is not read. */
const longestRecord = 4 * 2 ** 20;

/** In place of an entry: disks that may stand on any base, since they are links, and none is followed. */
export const unseen = "";

interface Disk {
  readonly path: string;
  /** The content of its directory's label and `disk.info`, where there are such. */
  readonly label: Buffer | undefined;
  readonly info: Buffer | undefined;
}

/**
 * Which base image each instance's root disk, that of its rescue and each volume stands on, by entry: for planning. `blanks`: there are
 * empty disks that others may stand on. A guest cannot lie here: only an overlay's header counts, and that is qemu's to write.
 */
export async function findUsers(context: Context, blanks: boolean): Promise<ReadonlyMap<string, readonly BaseUser[]>> {
  const { files } = context.host;
  const disks = (await disksByLabel(context, blanks ? furtherDisks : rescueDisk)).filter(({ path, info }) => !isRaw(info, path));
  const paths = disks.map(({ path }) => path);
  const headers = await files.readMany(paths.map((path) => ({ path, length: qcow2HeaderBytes })));
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
    known.push({ path, ...(project === undefined ? {} : { project }) });
  }
  return users;
}

/** All root disks and volumes, and those of further disks that labels name. */
async function disksByLabel(context: Context, named: RegExp): Promise<Disk[]> {
  const directories = await diskDirectories(context);
  const records = await context.host.files.readMany(
    directories.flatMap((directory) =>
      [instanceFiles.label, instanceFiles.diskInfo].map((name) => ({ path: `${directory}/${name}`, length: longestRecord })),
    ),
  );
  return directories.flatMap((directory, index) => {
    const [label, info] = records.slice(2 * index);
    // Few are in rescue or have further disks: nobody else is asked.
    const further = Array.from(label?.toString("utf8").matchAll(named) ?? [], ([, name]) => name ?? "");
    return [...new Set([instanceFiles.root, ...further])].map((name) => ({ path: `${directory}/${name}`, label, info }));
  });
}

/** Every file in any directory of an instance or volume that stands on this base, whatever its name: asked before a base is removed. */
export async function findAllUsers(context: Context, entry: string): Promise<string[]> {
  const { host } = context;
  const users: string[] = [];
  for (const directory of await diskDirectories(context)) {
    const listed = (await host.files.list(directory)).filter(({ name }) => !name.startsWith(instanceFiles.console));
    const info = await host.files.readMany([{ path: `${directory}/${instanceFiles.diskInfo}`, length: longestRecord }]);
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

/** Of instances, also those that Nova set aside while resizing or deleting (Nova LAY-12), and of volumes. */
async function diskDirectories({ host, layout }: Context): Promise<string[]> {
  const found = await Promise.all(
    [layout.root, layout.volumes].map(async (parent) =>
      (await host.files.list(parent))
        // Moved to other storage, a directory leaves a link.
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
  const read = headers.map((start) => (start === undefined ? undefined : readQcow2Header(start)?.header));
  return Promise.all(
    read.map(async (header, index) => {
      const name = header === undefined ? undefined : await backingName(context, paths[index] ?? "", header);
      const file = name?.slice(name.lastIndexOf("/") + 1) ?? "";
      return isBlankName(file) ? file : /^([0-9a-f]{40})(?:_\w+)?$/.exec(file)?.[1];
    }),
  );
}

/** Whether `disk.info` records that a disk is raw: then what stands in it, were it a header, is its guest's. */
function isRaw(info: Buffer | undefined, path: string): boolean {
  try {
    return JSON.parse(info?.toString("utf8") ?? "{}")?.[path] === "raw";
  } catch {
    return false;
  }
}

function projectOf(label: Buffer | undefined): string | undefined {
  try {
    const { project } = JSON.parse(label?.toString("utf8") ?? "{}") as { project?: unknown };
    return typeof project === "string" ? project : undefined;
  } catch {
    return undefined;
  }
}

/** Also of a directory that is being removed, whose name has more after the uuid: what is in it may still be in use. */
function startsWithUuid(name: string): boolean {
  return isUuidDirectory(name.slice(0, 36));
}
