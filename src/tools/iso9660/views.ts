import { both32 } from "./records.ts";

/** What an entry is, as far as its system use area differs. */
export type EntryKind = "root" | "self" | "parent" | "directory" | "file";

/** One of the two sets of directories of an image. Both point at the same file contents. */
export interface View {
  readonly type: "primary" | "joliet";
  /** The name as this view spells it. */
  readonly identifier: (name: string, directory: boolean) => Buffer;
  /** Rock Ridge entries; empty in Joliet. `links`: 2 and the number of subdirectories for a directory. */
  readonly systemUse: (kind: EntryKind, name: string, links: number) => Buffer;
  /** A descriptor's text field of the given length. */
  readonly text: (value: string, bytes: number) => Buffer;
}

const mostRemembered = 1000;

/** The drives of all guests have nearly the same entries: what was made once is used again. It must not be changed. */
function remembered<Args extends readonly (string | number | boolean)[]>(make: (...args: Args) => Buffer): (...args: Args) => Buffer {
  const made = new Map<string, Buffer>();
  return (...args) => {
    const key = args.join("/");
    const known = made.get(key);
    if (known !== undefined) return known;
    if (made.size >= mostRemembered) made.clear();
    const bytes = make(...args);
    made.set(key, bytes);
    return bytes;
  };
}

/** Modes as Nova's drives have them: readable by all, owned by root, never writable (Nova CFG-04). */
const directoryMode = 0o040555;
const fileMode = 0o100444;

function attributes(mode: number, links: number): Buffer {
  return Buffer.concat([Buffer.from("PX"), Buffer.from([36, 1]), both32(mode), both32(links), both32(0), both32(0)]);
}

function alternateName(name: string): Buffer {
  const bytes = Buffer.from(name);
  return Buffer.concat([Buffer.from("NM"), Buffer.from([5 + bytes.length, 1, 0]), bytes]);
}

/** Announces Rock Ridge: without it in the root's own entry readers ignore all other entries. */
const sharingProtocol = Buffer.concat([Buffer.from("SP"), Buffer.from([7, 1, 0xbe, 0xef, 0])]);
const extensionReference = Buffer.concat([Buffer.from("ER"), Buffer.from([18, 1, 10, 0, 0, 1]), Buffer.from("RRIP_1991A")]);

const plain = (text: string) => text.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_");

/** Plain ISO 9660 names (31 characters, capitals), with the true names and modes in Rock Ridge entries. */
export const rockRidge: View = {
  type: "primary",
  identifier: remembered((name: string, directory: boolean) => {
    if (directory) return Buffer.from(plain(name).slice(0, 31));
    const dot = name.lastIndexOf(".");
    const extension = dot > 0 ? plain(name.slice(dot + 1)).slice(0, 8) : "";
    const stem = plain(dot > 0 ? name.slice(0, dot) : name).slice(0, 29 - extension.length);
    return Buffer.from(`${stem}.${extension};1`);
  }),
  systemUse: remembered((kind: EntryKind, name: string, links: number) => {
    if (kind === "root") return Buffer.concat([sharingProtocol, attributes(directoryMode, links), extensionReference]);
    if (kind === "self" || kind === "parent") return attributes(directoryMode, links);
    return Buffer.concat([attributes(kind === "file" ? fileMode : directoryMode, links), alternateName(name)]);
  }),
  text(value, bytes) {
    const field = Buffer.alloc(bytes, " ");
    field.write(value);
    return field;
  },
};

const bigEndianText = (value: string) => Buffer.from(value, "utf16le").swap16();

/** Joliet: the true names in UCS-2, for readers without Rock Ridge such as Windows. */
export const joliet: View = {
  type: "joliet",
  identifier: remembered((name: string, directory: boolean) => bigEndianText(directory ? name : `${name};1`)),
  systemUse: remembered(() => Buffer.alloc(0)),
  text(value, bytes) {
    const field = Buffer.alloc(bytes);
    bigEndianText(value.padEnd(Math.floor(bytes / 2))).copy(field);
    return field;
  },
};
