import type { Context } from "../../model/context.ts";
import { instanceFiles } from "../../model/layout.ts";
import { qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import { isBlankName } from "./base-files.ts";
import type { BaseUser } from "./spec.ts";

/** File names of disks in a label's text. */
const rescueDisk = /"(disk\.rescue)":/g;
const furtherDisks = /"(disk\.(?:rescue|local|eph\d+|swap))":/g;

const uuidDirectory = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/**
 * Which base image each instance's root disk, that of its rescue and each volume stands on, by entry: one read per directory, for
 * planning. `blanks`: there are empty disks that others may stand on. A guest cannot lie here, since only its overlay's header is read,
 * and that is qemu's to write.
 */
export async function findUsers(context: Context, blanks: boolean): Promise<ReadonlyMap<string, readonly BaseUser[]>> {
  const { host } = context;
  const directories = await diskDirectories(context);
  const disks = directories.map((directory) => `${directory}/${instanceFiles.root}`);
  const [headers, labels] = await Promise.all([
    host.files.readMany(disks.map((path) => ({ path, length: qcow2HeaderBytes }))),
    host.files.readMany(directories.map((directory) => ({ path: `${directory}/${instanceFiles.label}` }))),
  ]);
  const users = new Map<string, BaseUser[]>();
  const add = (path: string, header: Buffer | undefined, label: Buffer | undefined) => {
    const entry = entryBehind(header);
    if (entry === undefined) return;
    const project = projectOf(label);
    const known = users.get(entry) ?? [];
    if (known.length === 0) users.set(entry, known);
    known.push({ path, ...(project === undefined ? {} : { project }) });
  };
  for (const [index, path] of disks.entries()) add(path, headers[index], labels[index]);
  // Few are in rescue or have further disks, and their labels say so: nobody else is asked.
  const named = blanks ? furtherDisks : rescueDisk;
  const further = directories.flatMap((directory, index) => {
    const names = labels[index]?.toString("utf8").matchAll(named) ?? [];
    return [...new Set(Array.from(names, ([, name]) => name))].map((name) => ({ path: `${directory}/${name}`, label: labels[index] }));
  });
  if (further.length === 0) return users;
  const starts = await host.files.readMany(further.map(({ path }) => ({ path, length: qcow2HeaderBytes })));
  for (const [index, { path, label }] of further.entries()) add(path, starts[index], label);
  return users;
}

/** Every file in any directory of an instance or volume that stands on this base, whatever its name: asked before a base is removed. */
export async function findAllUsers(context: Context, entry: string): Promise<string[]> {
  const { host } = context;
  const users: string[] = [];
  for (const directory of await diskDirectories(context)) {
    const files = (await host.files.list(directory)).filter((file) => file.type === "file");
    const paths = files.map((file) => `${directory}/${file.name}`);
    const headers = await host.files.readMany(paths.map((path) => ({ path, length: qcow2HeaderBytes })));
    users.push(...paths.filter((_, index) => entryBehind(headers[index]) === entry));
  }
  return users;
}

/** Of instances, also those that Nova set aside while resizing or deleting (Nova LAY-12), and of volumes. */
async function diskDirectories({ host, layout }: Context): Promise<string[]> {
  const found = await Promise.all(
    [layout.root, layout.volumes].map(async (parent) =>
      (await host.files.list(parent))
        .filter(({ name, type }) => type === "directory" && uuidDirectory.test(name))
        .map(({ name }) => `${parent}/${name}`),
    ),
  );
  return found.flat();
}

/** The entry in the name of a disk's backing file; that of an empty disk is its name. Old Nova grew copies of it under `<entry>_<n>` (Nova LAY-06). */
function entryBehind(header: Buffer | undefined): string | undefined {
  const backing = header === undefined ? undefined : readQcow2Header(header)?.header?.backing;
  const name = backing?.slice(backing.lastIndexOf("/") + 1) ?? "";
  return isBlankName(name) ? name : /^([0-9a-f]{40})(?:_\w+)?$/.exec(name)?.[1];
}

function projectOf(label: Buffer | undefined): string | undefined {
  try {
    const { project } = JSON.parse(label?.toString("utf8") ?? "{}") as { project?: unknown };
    return typeof project === "string" ? project : undefined;
  } catch {
    return undefined;
  }
}
