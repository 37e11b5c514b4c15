import type { Entry, Extent } from "./records.ts";
import { directoryRecordBytes, pathTableRecord, sectorSize, terminator, volumeDescriptor, writeDirectoryRecord } from "./records.ts";
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

  const nowhere: Extent = { sector: 0, bytes: 0 };
  const volumes = [rockRidge, joliet].map((view) => {
    const directories = breadthFirst(root, view);
    const tableBytes = pathTable(directories, view, () => nowhere, "little").length;
    const tables = { little: allocate(tableBytes), big: allocate(tableBytes) };
    const contents = new Map(directories.map((directory) => [directory, directoryContent(directory, view)]));
    const extents = new Map([...contents].map(([directory, { bytes }]) => [directory, allocate(bytes)]));
    return { view, directories, tables, tableBytes, contents, extentOf: (directory: Directory) => extents.get(directory) ?? nowhere };
  });

  const extents = new Map<Buffer, Extent>();
  const pieces: [Extent, Buffer][] = [];
  for (const [, content] of [...files].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (content.length === 0) continue;
    const equal = pieces.find(([{ bytes }, other]) => bytes === content.length && other.equals(content));
    const extent = equal?.[0] ?? allocate(content.length);
    extents.set(content, extent);
    if (equal === undefined) pieces.push([extent, content]);
  }

  const image = Buffer.alloc(next * sectorSize);
  const put = (extent: Pick<Extent, "sector">, bytes: Buffer) => bytes.copy(image, extent.sector * sectorSize);
  volumes.forEach(({ view, directories, tables, tableBytes, contents, extentOf }, index) => {
    const descriptor = { type: view.type, label, text: view.text, sectors: next, pathTableBytes: tableBytes };
    const places = { littleTable: tables.little.sector, bigTable: tables.big.sector, root: extentOf(root) };
    put({ sector: 16 + index }, volumeDescriptor({ ...descriptor, ...places }));
    put(tables.little, pathTable(directories, view, extentOf, "little"));
    put(tables.big, pathTable(directories, view, extentOf, "big"));
    for (const [directory, { places }] of contents) {
      const start = extentOf(directory).sector * sectorSize;
      for (const { entry, target, offset } of places)
        writeDirectoryRecord(image, start + offset, entry, Buffer.isBuffer(target) ? (extents.get(target) ?? nowhere) : extentOf(target));
    }
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

/** The entries of one directory with what they lead to and their offsets in it, none across a sector boundary (ECMA-119 6.8.1.1). */
interface DirectoryContent {
  readonly places: readonly { readonly entry: Entry; readonly target: Directory | Buffer; readonly offset: number }[];
  /** Of whole sectors. */
  readonly bytes: number;
}

const itself = Buffer.from([0]);
const above = Buffer.from([1]);

function directoryContent(directory: Directory, view: View): DirectoryContent {
  const links = (one: Directory) => 2 + one.directories.size;
  const link = (identifier: Buffer, target: Directory, kind: EntryKind) => ({
    entry: { identifier, directory: true, systemUse: view.systemUse(kind, "", links(target)) },
    target,
  });
  const entries = [
    ...[...directory.directories.values()].map((child) => ({
      entry: {
        identifier: view.identifier(child.name, true),
        directory: true,
        systemUse: view.systemUse("directory", child.name, links(child)),
      },
      target: child,
    })),
    ...[...directory.files].map(([name, content]) => ({
      entry: { identifier: view.identifier(name, false), directory: false, systemUse: view.systemUse("file", name, 1) },
      target: content,
    })),
  ].sort(({ entry: one }, { entry: other }) => Buffer.compare(one.identifier, other.identifier));
  entries.forEach(({ entry: { identifier } }, index) => {
    if (index > 0 && entries[index - 1]?.entry.identifier.equals(identifier)) {
      throw new TypeError(`two names in ${directory.name || "the root"} are both ${identifier.toString()} in plain ISO 9660`);
    }
  });
  const all = [
    link(itself, directory, directory.parent === undefined ? "root" : "self"),
    link(above, directory.parent ?? directory, "parent"),
    ...entries,
  ];
  let end = 0;
  const places = all.map(({ entry, target }) => {
    const length = directoryRecordBytes(entry);
    const left = sectorSize - (end % sectorSize);
    const offset = length > left ? end + left : end;
    end = offset + length;
    return { entry, target, offset };
  });
  return { places, bytes: Math.ceil(end / sectorSize) * sectorSize };
}
