import { dirname } from "node:path/posix";
import type { FileTree } from "./file-tree.ts";
import { fillLuks, makeLuks, readLuks } from "./luks.ts";
import { leaveHalf, type ProgramEnd, type ProgramInput, writing } from "./program.ts";
import { digestOfPassphrase, makeQcow2, rawOfQcow2, readQcow2, resizeQcow2 } from "./qcow2.ts";
import { allocatedBytes, type Content, copyRange, copySparse, emptySparse, punchZeros, type Sparse, truncateSparse } from "./sparse.ts";

const withValue = new Set(["-f", "-F", "-b", "-o", "-O", "-t", "-T", "-m", "-r", "-S", "--output", "--object", "--image-opts"]);

interface Asked {
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/** qemu-img 7.2, as far as it is asked for anything here. */
export function qemuImg(input: ProgramInput): ProgramEnd {
  const [command = "", ...args] = input.args;
  const asked = readOptions(args);
  try {
    if (command === "create") return create(input, asked);
    if (command === "info") return info(input, asked);
    if (command === "convert") return convert(input, asked);
    if (command === "resize") return resize(input, asked);
    if (command === "map") return map(input, asked);
    if (command === "check") return check(input, asked);
    if (command === "measure") return measure(input, asked);
    if (command === "--version") return { exitCode: 0, out: "qemu-img version 7.2.22\n", err: "" };
  } catch (error) {
    if (error instanceof Refusal) return { exitCode: 1, out: "", err: `qemu-img: ${error.message}\n` };
    throw error;
  }
  return { exitCode: 1, out: "", err: `qemu-img: Command not found: ${command}\n` };
}

function measure({ files }: ProgramInput, { words }: Asked): ProgramEnd {
  const content = openFile(files, words[0] ?? "");
  return { exitCode: 0, out: JSON.stringify({ required: allocatedBytes(content), "fully-allocated": content.size }), err: "" };
}

/** Words for standard error and exit code 1. */
class Refusal extends Error {}

function readOptions(args: readonly string[]): Asked {
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    const [name = "", value] = arg.startsWith("--") ? arg.split("=") : [arg];
    if (withValue.has(name)) options.set(name, value ?? args[++at] ?? "");
    else if (arg.startsWith("-")) options.set(arg, "");
    else words.push(arg);
  }
  return { words, options };
}

/** A comma ends a value unless it is doubled. */
function optionList(text: string): Map<string, string> {
  const pairs = text
    .replaceAll(",,", "\0")
    .split(",")
    .filter((pair) => pair !== "");
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1).replaceAll("\0", ",")]));
}

function sizeOf(text: string): number {
  const match = /^(\d+)([bkKMGT]?)$/.exec(text);
  if (match === null)
    throw new Refusal(
      `Invalid image size specified! You may use k, M, G, T, P or E suffixes for kilobytes, megabytes, gigabytes, terabytes, petabytes and exabytes.`,
    );
  return Number(match[1]) * ({ k: 2 ** 10, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }[match[2] ?? ""] ?? 1);
}

function openFile(files: FileTree, path: string): Content {
  const inode = files.find(path);
  if (inode?.type !== "file") throw new Refusal(`Could not open '${path}': Could not open '${path}': No such file or directory`);
  return inode.content;
}

/** A running guest holds a lock on what it may write to, and a shared one on what it reads. */
function refuseLocked({ libvirtd }: ProgramInput, path: string, write: boolean): void {
  const holder = libvirtd.open().find((disk) => disk.path === path && (write || !disk.readOnly));
  if (holder !== undefined)
    throw new Refusal(
      `Could not open '${path}': Failed to get ${write ? "" : "shared "}"write" lock\nIs another process using the image [${path}]?`,
    );
}

/** What `--object secret` and an option that names it give. */
function passphraseOf({ stdin }: ProgramInput, { options }: Asked, list: Map<string, string>): string | undefined {
  const name = list.get("encrypt.key-secret") ?? list.get("key-secret");
  if (name === undefined) return undefined;
  const object = options.get("--object") ?? "";
  if (!object.startsWith(`secret,id=${name},`)) throw new Refusal(`No secret with id '${name}'`);
  if (!object.endsWith(",file=/dev/stdin")) throw new Refusal("this machine takes secrets from standard input only");
  return stdin.toString("utf8");
}

/** The file and format that are meant, by `-f` or by `--image-opts`; an encrypted one is opened with its passphrase. */
function openedImage(
  input: ProgramInput,
  asked: Asked,
): { readonly path: string; readonly format: string; readonly words: readonly string[] } {
  const list = optionList(asked.options.get("--image-opts") ?? "");
  const path = list.get("file.filename") ?? asked.words[0] ?? "";
  const content = openFile(input.files, path);
  const format = list.get("driver") ?? asked.options.get("-f") ?? (readQcow2(content) === undefined ? "raw" : "qcow2");
  const key = keyOf(content, format, path);
  const given = passphraseOf(input, asked, list);
  if (key !== undefined && given === undefined)
    throw new Refusal(`Could not open '${path}': Parameter 'encrypt.key-secret' is required for cipher`);
  if (key !== undefined && key !== digestOfPassphrase(given ?? ""))
    throw new Refusal(`Could not open '${path}': Invalid password, cannot unlock any keyslot`);
  return { path, format, words: list.size === 0 ? asked.words.slice(1) : asked.words };
}

/** What the passphrase of a file is known by; undefined for one that is not encrypted. */
function keyOf(content: Content, format: string, path: string): string | undefined {
  if (format !== "luks") return format === "qcow2" ? readQcow2(content)?.key : undefined;
  const luks = readLuks(content);
  if (luks === undefined) throw new Refusal(`Could not open '${path}': Volume is not in LUKS format`);
  return luks.key;
}

function map(input: ProgramInput, asked: Asked): ProgramEnd {
  const { path } = openedImage(input, asked);
  if (!asked.options.has("-U")) refuseLocked(input, path, false);
  return { exitCode: 0, out: "[]\n", err: "" };
}

function create(input: ProgramInput, asked: Asked): ProgramEnd {
  const { files, life } = input;
  const { words, options } = asked;
  const [path = "", size] = words;
  const list = optionList(options.get("-o") ?? "");
  const backingPath = options.get("-b") ?? list.get("backing_file");
  const backingFormat = options.get("-F") ?? list.get("backing_fmt");
  let virtualSize = size === undefined ? undefined : sizeOf(size);
  if (backingPath !== undefined) {
    if (files.find(backingPath)?.type !== "file")
      throw new Refusal(`${path}: Could not open '${backingPath}': No such file or directory\nCould not open backing image.`);
    if (backingFormat === undefined)
      throw new Refusal(
        `${path}: Backing file specified without backing format\nDetected format of ${readQcow2(openFile(files, backingPath)) === undefined ? "raw" : "qcow2"}.`,
      );
    virtualSize ??= virtualSizeOf(files, backingPath, backingFormat);
  }
  if (virtualSize === undefined) throw new Refusal(`${path}: Image creation needs a size parameter`);
  const format = options.get("-f") ?? "raw";
  const backing = backingPath === undefined ? {} : { backing: { path: backingPath, format: backingFormat ?? "raw" } };
  const passphrase = passphraseOf(input, asked, list);
  const content =
    format === "qcow2"
      ? makeQcow2({ size: virtualSize, ...backing, ...(passphrase === undefined ? {} : { passphrase }) })
      : format === "luks"
        ? makeLuks(virtualSize, passphrase ?? "")
        : emptySparse(virtualSize);
  return writing(
    `qemu-img create ${path}`,
    life,
    () => files.write(path, content),
    `qemu-img: ${path}: No space left on device`,
    (left) => left.write(path, emptySparse()),
  );
}

function virtualSizeOf(files: FileTree, path: string, format: string): number {
  const content = openFile(files, path);
  if (format === "raw") return content.size;
  const header = readQcow2(content);
  if (header === undefined) throw new Refusal(`Could not open '${path}': Image is not in qcow2 format`);
  return header.virtualSize;
}

function info(input: ProgramInput, { words, options }: Asked): ProgramEnd {
  const [path = ""] = words;
  const content = openFile(input.files, path);
  if (!options.has("-U")) refuseLocked(input, path, false);
  const format = options.get("-f") ?? (readQcow2(content) === undefined ? "raw" : "qcow2");
  const virtualSize = virtualSizeOf(input.files, path, format);
  const header = format === "qcow2" ? readQcow2(content) : undefined;
  const backing =
    header?.backing === undefined
      ? {}
      : { "backing-filename": header.backing, "full-backing-filename": header.backing, "backing-filename-format": header.backingFormat };
  const answer = {
    "virtual-size": virtualSize,
    filename: path,
    format,
    "actual-size": allocatedBytes(content),
    ...backing,
    "dirty-flag": false,
  };
  if (options.get("--output") === "json") return { exitCode: 0, out: `${JSON.stringify(answer, undefined, 4)}\n`, err: "" };
  return { exitCode: 0, out: `image: ${path}\nfile format: ${format}\nvirtual size: ${virtualSize} bytes\n`, err: "" };
}

/** The content that a guest reads from a disk, backing files included. */
export function rawOf(files: FileTree, path: string, format: string): Sparse {
  const content = openFile(files, path);
  if (format === "raw") return copySparse(content);
  const header = readQcow2(content);
  if (header === undefined) throw new Refusal(`Could not open '${path}': Image is not in qcow2 format`);
  const below = header.backing === undefined ? undefined : rawOf(files, header.backing, header.backingFormat ?? "raw");
  return rawOfQcow2(content, below);
}

function convert(input: ProgramInput, asked: Asked): ProgramEnd {
  const { words, options } = asked;
  const [from = "", to = ""] = words;
  const { files } = input;
  if (options.has("--target-image-opts")) return options.has("--image-opts") ? convertPart(input, asked) : convertIntoLuks(input, asked);
  openFile(files, from);
  refuseLocked(input, from, false);
  const raw = rawOf(files, from, options.get("-f") ?? "raw");
  punchZeros(raw);
  const list = optionList(options.get("-o") ?? "");
  const passphrase = passphraseOf(input, { words, options }, list);
  if (options.get("-O") !== "raw" && passphrase === undefined) throw new Refusal(`this machine converts to raw, and to encrypted qcow2`);
  const made = passphrase === undefined ? raw : makeQcow2({ size: raw.size, passphrase });
  if (files.find(dirname(to))?.type !== "directory")
    throw new Refusal(`${to}: error while converting raw: Could not create '${to}': No such file or directory`);
  refuseLocked(input, to, true);
  const end = writeConverted(input, to, made);
  return { ...end, out: options.has("-p") ? "    (0.00/100%)\r    (50.00/100%)\r    (100.00/100%)\r\n" : "" };
}

/** The effect of a conversion; a kill in the middle of it leaves half of it. */
function writeConverted({ files, life }: ProgramInput, to: string, made: Parameters<typeof leaveHalf>[2]): ProgramEnd {
  return writing(
    `qemu-img convert ${to}`,
    life,
    () => files.write(to, made),
    `qemu-img: error while writing at byte 0: No space left on device`,
    (left) => leaveHalf(left, to, made),
  );
}

/** A range of an image into the same range of a raw file that exists. The last one goes on to the end. */
function convertPart(input: ProgramInput, asked: Asked): ProgramEnd {
  const { files } = input;
  const from = optionList(asked.options.get("--image-opts") ?? "");
  const to = optionList(asked.words[0] ?? "");
  const [source, target] = [from.get("file.file.filename") ?? "", to.get("file.filename") ?? ""];
  if (!asked.options.has("-n") || from.get("driver") !== "raw" || to.get("driver") !== "raw")
    throw new Refusal("this machine converts ranges of files that exist");
  refuseLocked(input, source, false);
  if (to.get("file.locking") !== "off") refuseLocked(input, target, true);
  const raw = rawOf(files, source, from.get("file.driver") ?? "raw");
  const made = copySparse(openFile(files, target));
  const offset = Number(from.get("offset"));
  const length = Number(from.get("size") ?? raw.size - offset);
  if (Number(to.get("offset")) !== offset || Number(to.get("size") ?? made.size - offset) < length)
    throw new Refusal("output file is smaller than input file");
  copyRange(raw, made, offset, length);
  punchZeros(made);
  const end = writeConverted(input, target, made);
  return { ...end, out: "    (0.00/100%)\r    (50.00/100%)\r    (100.00/100%)\r\n" };
}

/** Into a container that exists. */
function convertIntoLuks(input: ProgramInput, asked: Asked): ProgramEnd {
  const { files } = input;
  const [from = "", target = ""] = asked.words;
  const list = optionList(target);
  const to = list.get("file.filename") ?? "";
  if (!asked.options.has("-n") || list.get("driver") !== "luks") throw new Refusal("this machine fills containers that exist");
  openFile(files, from);
  refuseLocked(input, from, false);
  const made = copySparse(openFile(files, to));
  refuseLocked(input, to, true);
  if (keyOf(made, "luks", to) !== digestOfPassphrase(passphraseOf(input, asked, list) ?? ""))
    throw new Refusal(`Could not open '${to}': Invalid password, cannot unlock any keyslot`);
  fillLuks(made, rawOf(files, from, asked.options.get("-f") ?? "raw"));
  const end = writeConverted(input, to, made);
  return { ...end, out: "    (0.00/100%)\r    (100.00/100%)\r\n" };
}

function resize(input: ProgramInput, asked: Asked): ProgramEnd {
  const { path, format, words } = openedImage(input, asked);
  const { options } = asked;
  const [size = ""] = words;
  const { files, life } = input;
  const content = copySparse(openFile(files, path));
  refuseLocked(input, path, true);
  const wanted = sizeOf(size);
  if (wanted < virtualSizeOf(files, path, format) && !options.has("--shrink")) {
    throw new Refusal(
      "Use the --shrink option to perform a shrink operation.\nqemu-img: warning: Shrinking an image will delete all data beyond the shrunken image's end. Before performing such an operation, make sure there is no important data there.",
    );
  }
  if (format === "qcow2") resizeQcow2(content, wanted);
  else truncateSparse(content, wanted);
  return writing(`qemu-img resize ${path}`, life, () => files.write(path, content), `qemu-img: No space left on device`);
}

function check(input: ProgramInput, { words }: Asked): ProgramEnd {
  const [path = ""] = words;
  const content = openFile(input.files, path);
  if (readQcow2(content) === undefined) return { exitCode: 63, out: "", err: "qemu-img: This image format does not support checks\n" };
  return { exitCode: 0, out: `${JSON.stringify({ "check-errors": 0, filename: path, format: "qcow2" })}\n`, err: "" };
}
