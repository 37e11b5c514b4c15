import type { Extent } from "./records.ts";
import { directoryRecord, pathTableRecord, sectorSize, terminator, volumeDescriptor } from "./records.ts";
import type { EntryKind, View } from "./views.ts";
import { joliet, rockRidge } from "./views.ts";

interface Directory {
  readonly name: string;
  readonly parent: Directory | undefined;
  readonly directories: Map<string, Directory>;
  readonly files: Map<string, Buffer>;
}

/** Directories deeper than this, the root counted, are not allowed (ECMA-119 6.8.2.1). */
const maxDepth = 8;
/** Joliet allows 64 characters with the version; a record of both views then always fits. */
const maxNameBytes = 60;
/** Sixteen unused sectors, then two volume descriptors and their end. */
const firstFreeSector = 19;

/**
 * An ISO 9660 image with Rock Ridge and Joliet (Nova CFG-04) of the given files, by path with slashes. Pure: the same
 * label and files give the same bytes, in whatever order the files come; no time is recorded, and equal contents are
 * stored once. Throws a TypeError for a path that the format cannot hold: an empty, dotted or over-long name (60 bytes),
 * a file where a directory is, more than eight levels, two names that differ only in what plain ISO 9660 leaves out.
 */
export function isoImage(label: string, files: ReadonlyMap<string, Buffer>): Buffer {
  const root = directoryTree(files);
  let next = firstFreeSector;
  const allocate = (bytes: number): Extent => {
    const extent = { sector: next, bytes };
    next += Math.ceil(bytes / sectorSize);
    return extent;
  };

  const volumes = [rockRidge, joliet].map((view) => {
    const directories = breadthFirst(root, view);
    const nowhere = () => ({ sector: 0, bytes: 0 });
    const tableBytes = pathTable(directories, view, nowhere, "little").length;
    const tables = { little: allocate(tableBytes), big: allocate(tableBytes) };
    // Lengths of records do not depend on where things lie, so a first rendering to nowhere gives the sizes.
    const extents = new Map(directories.map((directory) => [directory, allocate(directoryData(directory, view, nowhere, nowhere).length)]));
    return { view, directories, tables, tableBytes, extentOf: (directory: Directory) => extents.get(directory) ?? nowhere() };
  });

  const contents = new Map<string, Extent>();
  const pieces: [Extent, Buffer][] = [];
  for (const [, content] of [...files].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const key = content.toString("latin1");
    if (content.length === 0 || contents.has(key)) continue;
    const extent = allocate(content.length);
    contents.set(key, extent);
    pieces.push([extent, content]);
  }
  const extentOfContent = (content: Buffer) => contents.get(content.toString("latin1")) ?? { sector: 0, bytes: 0 };

  const image = Buffer.alloc(next * sectorSize);
  const put = (extent: Pick<Extent, "sector">, bytes: Buffer) => bytes.copy(image, extent.sector * sectorSize);
  volumes.forEach(({ view, directories, tables, tableBytes, extentOf }, index) => {
    const descriptor = { type: view.type, label, text: view.text, sectors: next, pathTableBytes: tableBytes };
    const places = { littleTable: tables.little.sector, bigTable: tables.big.sector, root: extentOf(root) };
    put({ sector: 16 + index }, volumeDescriptor({ ...descriptor, ...places }));
    put(tables.little, pathTable(directories, view, extentOf, "little"));
    put(tables.big, pathTable(directories, view, extentOf, "big"));
    for (const directory of directories) put(extentOf(directory), directoryData(directory, view, extentOf, extentOfContent));
  });
  put({ sector: 18 }, terminator());
  for (const [extent, content] of pieces) put(extent, content);
  return image;
}

function directoryTree(files: ReadonlyMap<string, Buffer>): Directory {
  const make = (name: string, parent?: Directory): Directory => ({ name, parent, directories: new Map(), files: new Map() });
  const root = make("");
  for (const [path, content] of files) {
    const names = path.split("/");
    const unfit = names.find((name) => name === "" || name === "." || name === ".." || Buffer.byteLength(name) > maxNameBytes);
    if (unfit !== undefined) throw new TypeError(`ISO 9660 cannot hold the name ${JSON.stringify(unfit)} of ${path}`);
    if (names.length > maxDepth) throw new TypeError(`ISO 9660 allows ${maxDepth} levels of directories: ${path}`);
    const last = names.pop() ?? "";
    let directory = root;
    for (const name of names) {
      if (directory.files.has(name)) throw new TypeError(`${name} in ${path} is both a file and a directory`);
      const below = directory.directories.get(name) ?? make(name, directory);
      directory.directories.set(name, below);
      directory = below;
    }
    if (directory.directories.has(last)) throw new TypeError(`${path} is both a file and a directory`);
    directory.files.set(last, content);
  }
  return root;
}

/** All directories in the order of the path table: by level, then by parent, then by name (ECMA-119 6.9.1). */
function breadthFirst(root: Directory, view: View): Directory[] {
  const found = [root];
  for (const directory of found) {
    const below = [...directory.directories.values()].map((child) => ({ child, identifier: view.identifier(child.name, true) }));
    found.push(...below.sort((one, other) => Buffer.compare(one.identifier, other.identifier)).map(({ child }) => child));
  }
  return found;
}

function pathTable(
  directories: readonly Directory[],
  view: View,
  extentOf: (directory: Directory) => Extent,
  endian: "little" | "big",
): Buffer {
  const numbers = new Map(directories.map((directory, index) => [directory, index + 1]));
  const records = directories.map((directory) => {
    const identifier = directory.parent === undefined ? Buffer.alloc(1) : view.identifier(directory.name, true);
    return pathTableRecord(identifier, extentOf(directory).sector, numbers.get(directory.parent ?? directory) ?? 1, endian);
  });
  return Buffer.concat(records);
}

/** The content of one directory, in whole sectors. */
function directoryData(
  directory: Directory,
  view: View,
  extentOf: (directory: Directory) => Extent,
  extentOfContent: (content: Buffer) => Extent,
): Buffer {
  const parent = directory.parent ?? directory;
  const links = (one: Directory) => 2 + one.directories.size;
  const link = (identifier: number, target: Directory, kind: EntryKind) =>
    directoryRecord({
      identifier: Buffer.from([identifier]),
      extent: extentOf(target),
      directory: true,
      systemUse: view.systemUse(kind, "", links(target)),
    });

  const entries = [
    ...[...directory.directories.values()].map((child) => ({
      identifier: view.identifier(child.name, true),
      extent: extentOf(child),
      directory: true,
      systemUse: view.systemUse("directory", child.name, links(child)),
    })),
    ...[...directory.files].map(([name, content]) => ({
      identifier: view.identifier(name, false),
      extent: extentOfContent(content),
      directory: false,
      systemUse: view.systemUse("file", name, 1),
    })),
  ].sort((one, other) => Buffer.compare(one.identifier, other.identifier));
  entries.forEach((entry, index) => {
    if (index > 0 && entries[index - 1]?.identifier.equals(entry.identifier)) {
      throw new TypeError(`two names in ${directory.name || "the root"} are both ${entry.identifier.toString()} in plain ISO 9660`);
    }
  });

  return wholeSectors([
    link(0, directory, directory.parent === undefined ? "root" : "self"),
    link(1, parent, "parent"),
    ...entries.map(directoryRecord),
  ]);
}

/** Records one after the other, none across a sector boundary (ECMA-119 6.8.1.1). */
function wholeSectors(records: readonly Buffer[]): Buffer {
  const pieces: Buffer[] = [];
  let used = 0;
  const fill = () => {
    pieces.push(Buffer.alloc((sectorSize - (used % sectorSize)) % sectorSize));
    used = 0;
  };
  for (const record of records) {
    if (used + record.length > sectorSize) fill();
    pieces.push(record);
    used += record.length;
  }
  fill();
  return Buffer.concat(pieces);
}
