import { type Content, copySparse, readSparse, writeSparse } from "./sparse.ts";

/*
 * A FAT file system as far as anybody here looks into one: it knows its label, and which files with which content were put
 * in. What is written is not FAT but a list in JSON behind a boot sector; the same files in the same order give the same bytes.
 */
interface Fat {
  readonly label: string;
  readonly entries: Readonly<Record<string, string>>;
}

const mark = "fake FAT ";

/** An empty file system on these bytes. */
export function formatFat(image: Content, label: string): Content {
  return write(image, { label, entries: {} });
}

export function isFat(image: Content): boolean {
  return readSparse(image, 0, mark.length).toString("latin1") === mark;
}

/** Puts in a file, or a directory whose name ends in a slash. The words of mtools when its directory is missing. */
export function fatWith(image: Content | string, name: string, content: Buffer): Content | string {
  if (typeof image === "string") return image;
  const { label, entries } = read(image);
  const parent = name.replace(/\/$/, "").split("/").slice(0, -1).join("/");
  if (parent !== "" && entries[`${parent}/`] === undefined) return `::/${name}: no match for target\nBad target ::/${name}`;
  return write(image, { label, entries: { ...entries, [name]: content.toString("base64") } });
}

/** The files within, for tests. */
export function fatFiles(image: Content): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(read(image).entries).map(([name, content]) => [name, Buffer.from(content, "base64")]));
}

function read(image: Content): Fat {
  const length = readSparse(image, mark.length, 4).readUInt32BE(0);
  return JSON.parse(readSparse(image, mark.length + 4, length).toString("utf8")) as Fat;
}

function write(image: Content, fat: Fat): Content {
  const text = Buffer.from(JSON.stringify(fat));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const written = copySparse(image);
  writeSparse(written, 0, Buffer.concat([Buffer.from(mark), length, text]));
  return written;
}
