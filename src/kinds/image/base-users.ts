import type { Context } from "../../model/context.ts";
import { instanceFiles } from "../../model/layout.ts";
import { qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import type { BaseUser } from "./spec.ts";

const uuidDirectory = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** In place of an entry: disks that may stand on any base, since they are links, and none is followed. */
export const unseen = "";

/**
 * Which base image each instance's root disk, that of its rescue and each volume stands on, by entry: one read per directory, for
 * planning. A guest cannot lie here: only an overlay's header counts, and that is qemu's to write.
 */
export async function findRootUsers(context: Context): Promise<ReadonlyMap<string, readonly BaseUser[]>> {
  const { host } = context;
  const directories = await diskDirectories(context);
  const disks = directories.map((directory) => `${directory}/${instanceFiles.root}`);
  const [headers, records] = await Promise.all([
    host.files.readMany(disks.map((path) => ({ path, length: qcow2HeaderBytes }))),
    host.files.readMany(
      directories.flatMap((directory) => [instanceFiles.label, instanceFiles.diskInfo].map((name) => ({ path: `${directory}/${name}` }))),
    ),
  ]);
  const users = new Map<string, BaseUser[]>();
  const add = (path: string, entry: string | undefined, label: Buffer | undefined) => {
    if (entry === undefined) return;
    const project = projectOf(label);
    const known = users.get(entry) ?? [];
    if (known.length === 0) users.set(entry, known);
    known.push({ path, ...(project === undefined ? {} : { project }) });
  };
  const labelOf = (index: number) => records[2 * index];
  const overlays = disks.map((path, index) => (isRaw(records[2 * index + 1], path) ? undefined : headers[index]));
  for (const [index, entry] of (await entriesBehind(context, disks, overlays)).entries()) add(disks[index] ?? "", entry, labelOf(index));
  const unread = disks.flatMap((path, index) =>
    headers[index] === undefined && !isRaw(records[2 * index + 1], path) ? [{ path, label: labelOf(index) }] : [],
  );
  const stats = unread.length === 0 ? [] : await host.files.statMany(unread.map(({ path }) => path));
  for (const [index, { path, label }] of unread.entries()) if (stats[index]?.type === "symlink") add(path, unseen, label);
  // Few are in rescue, and their labels say so: nobody else is asked.
  const rescued = directories.flatMap((directory, index) =>
    labelOf(index)?.includes(`"${instanceFiles.rescue}"`) === true
      ? [{ path: `${directory}/${instanceFiles.rescue}`, label: labelOf(index), info: records[2 * index + 1] }]
      : [],
  );
  if (rescued.length === 0) return users;
  const paths = rescued.map(({ path }) => path);
  const starts = await host.files.readMany(paths.map((path) => ({ path, length: qcow2HeaderBytes })));
  const entries = await entriesBehind(
    context,
    paths,
    starts.map((start, index) => (isRaw(rescued[index]?.info, paths[index] ?? "") ? undefined : start)),
  );
  for (const [index, { path, label }] of rescued.entries()) add(path, entries[index], label);
  return users;
}

/** Every file in any directory of an instance or volume that stands on this base, whatever its name: asked before a base is removed. */
export async function findAllUsers(context: Context, entry: string): Promise<string[]> {
  const { host } = context;
  const users: string[] = [];
  for (const directory of await diskDirectories(context)) {
    const listed = (await host.files.list(directory)).filter(({ name }) => !name.startsWith(instanceFiles.console));
    const info = await host.files.readMany([{ path: `${directory}/${instanceFiles.diskInfo}` }]);
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
        .filter(({ name, type }) => (type === "directory" || type === "symlink") && uuidDirectory.test(name))
        .map(({ name }) => `${parent}/${name}`),
    ),
  );
  return found.flat();
}

/** The entry in the name of each disk's backing file. Old Nova grew copies of it under `<entry>_<n>` (Nova LAY-06). */
async function entriesBehind(
  { host }: Context,
  paths: readonly string[],
  headers: readonly (Buffer | undefined)[],
): Promise<(string | undefined)[]> {
  const read = headers.map((start) => (start === undefined ? undefined : readQcow2Header(start)?.header));
  return Promise.all(
    read.map(async (header, index) => {
      const { backing, backingAt } = header ?? {};
      const distant = backing === undefined && backingAt !== undefined && backingAt.length > 0;
      const name = distant ? (await host.files.read(paths[index] ?? "", backingAt))?.toString("utf8") : backing;
      return /(?:^|\/)([0-9a-f]{40})(?:_\w+)?$/.exec(name ?? "")?.[1];
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
