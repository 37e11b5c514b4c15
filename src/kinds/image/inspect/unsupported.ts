import { type Finding, type Read, refused } from "./finding.ts";
import { looksLikeText, pageName } from "./text-content.ts";

/** Content that has a signature and is no disk, or a disk in a format that is never accepted (Nova FET-19: QED always refused). */
interface Signature {
  /** As its makers name it. */
  readonly name: string;
  readonly code: string;
  readonly at?: number;
  readonly bytes: string;
  /** What to do. */
  readonly remedy: string;
}

const packed = (name: string, bytes: string, unpack: string, command: string, at = 0): Signature => ({
  name,
  code: "image-packed",
  at,
  bytes,
  remedy: `Write unpack: ${unpack} if the image is inside, or unpack it with ${command} and use what comes out as the source.`,
});

const archived = (name: string, bytes: string, command: string, at = 0): Signature => ({
  name,
  code: "image-packed",
  at,
  bytes,
  remedy: `Unpack it with ${command} and use the disk inside as the source.`,
});

const disk = (name: string, bytes: string, remedy: string, code = "image-format-unsupported"): Signature => ({ name, code, bytes, remedy });

const convert = (driver: string) => `Convert it where it was made: qemu-img convert -f ${driver} -O qcow2 IN OUT.`;

const other = (name: string, bytes: string): Signature => ({
  name,
  code: "image-is-text",
  bytes,
  remedy: "Check the address: a server may answer with something else in place of the file.",
});

const signatures: readonly Signature[] = [
  packed("a gzip file (.gz)", "\x1f\x8b\x08", "gz", "`gzip -d FILE`"),
  packed("an xz file (.xz)", "\xfd7zXZ\0", "xz", "`xz -d FILE`"),
  packed("a Zstandard file (.zst)", "\x28\xb5\x2f\xfd", "zst", "`zstd -d FILE`"),
  packed("a bzip2 file (.bz2)", "BZh", "bz2", "`bzip2 -d FILE`"),
  packed("a tar archive or an OVA", "ustar", "tar (or ova)", "`tar -xf FILE`", 257),
  archived("a zip archive", "PK\x03\x04", "`unzip FILE`"),
  archived("an empty zip archive", "PK\x05\x06", "`unzip FILE`"),
  archived("a 7-Zip archive", "7z\xbc\xaf\x27\x1c", "`7z x FILE`"),
  archived("a RAR archive", "Rar!\x1a\x07", "`unrar x FILE`"),
  archived("an LZ4 file", "\x04\x22\x4d\x18", "`lz4 -d FILE`"),
  archived("an lzip file", "LZIP", "`lzip -d FILE`"),
  archived("an lzop file", "\x89LZO\0\r\n\x1a\n", "`lzop -d FILE`"),
  archived("an LZMA file", "\x5d\0\0\x80\0", "`unlzma FILE`"),
  archived("a file of compress (.Z)", "\x1f\x9d\x90", "`uncompress FILE`"),
  archived("a Zstandard file that begins with a skippable frame", "\x50\x2a\x4d\x18", "`zstd -d FILE`"),
  archived("a cpio archive", "07070", "`cpio -i`"),
  archived("an ar archive or a Debian package", "!<arch>\n", "`ar x FILE`"),
  archived("an RPM package", "\xed\xab\xee\xdb", "`rpm2archive FILE`"),
  archived("a Cabinet archive", "MSCF\0\0\0\0", "`cabextract FILE`"),
  archived("a xar archive", "xar!\0", "`xar -xf FILE`"),
  archived("a WIM archive of Windows", "MSWIM\0\0\0", "`wimapply`"),
  archived("a Proxmox backup (VMA)", "VMA\0\0\0\0", "`vma extract FILE DIRECTORY`"),
  archived("a squashfs file system", "hsqs", "`unsquashfs FILE`"),
  archived("a squashfs file system", "sqsh", "`unsquashfs FILE`"),
  archived("an lrzip file", "LRZI", "`lrunzip FILE`"),
  archived("an rzip file", "RZIP", "`rzip -d FILE`"),
  archived("a Snappy file", "\xff\x06\0\0sNaPpY", "`snzip -d FILE`"),
  archived("a file that age encrypted", "age-encryption.org/v1\n", "`age -d FILE`"),
  archived("a file that OpenSSL encrypted", "Salted__", "`openssl enc -d`"),
  disk("QED, the QEMU Enhanced Disk", "QED\0", convert("qed"), "image-format-qed"),
  disk("LUKS", "LUKS\xba\xbe", "Decrypt it where it was made: cryptsetup open FILE NAME, then copy /dev/mapper/NAME.", "image-format-luks"),
  disk("a sparse image of Android", "\x3a\xff\x26\xed", "Convert it where it was made: simg2img IN OUT."),
  disk("a sparse image of macOS", "sprs", "Convert it where it was made: hdiutil convert IN -format UDTO -o OUT."),
  disk("COW of QEMU before version 2.2", "OOOM", "Convert it with that QEMU: qemu-img convert -f cow -O qcow2 IN OUT."),
  disk("Bochs", "Bochs Virtual HD Image", convert("bochs")),
  disk("cloop, a compressed loop file", "#!/bin/sh\n#V2.0 Format", convert("cloop")),
  disk("Expert Witness (EWF, .E01)", "EVF\x09\x0d\x0a\xff\0", "Convert it where it was made: ewfexport -f raw FILE."),
  disk("AFF, the Advanced Forensic Format", "AFF10\r\n\0", "Convert it where it was made: affconvert -r FILE."),
  other("a PDF document", "%PDF-"),
  other("a PNG picture", "\x89PNG\r\n\x1a\n"),
  other("a JPEG picture", "\xff\xd8\xff"),
  other("a GIF picture", "GIF8"),
  other("a document or installer of Windows (OLE2)", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
  other("an SQLite database", "SQLite format 3\0"),
  other("an ELF program", "\x7fELF"),
];

/** A disk image of macOS has its trailer at the end. */
const appleTrailer = "koly";

/** Recognises what is refused whatever it is declared to be: archives, and formats that are not accepted. */
export async function detectUnsupported(read: Read, size: number): Promise<Finding | undefined> {
  const start = await read(0, 4096);
  const found = signatures.find(({ at = 0, bytes }) => start.toString("latin1", at, at + bytes.length) === bytes);
  if (found !== undefined) return unusable(found.code, found.name, found.remedy);
  if (size > 512 && (await read(size - 512, 4)).toString("latin1") === appleTrailer) {
    return unusable("image-format-unsupported", "an Apple disk image (.dmg)", convert("dmg"));
  }
  return undefined;
}

/** Recognises pages and other text. Asked last: descriptors of disks are text too. */
export async function detectText(read: Read): Promise<Finding | undefined> {
  const start = await read(0, 4096);
  return pageFinding(start) ?? textFinding(start);
}

/** The finding for a page that came in place of a file; undefined for anything else. */
export function pageFinding(start: Buffer): Finding | undefined {
  const page = pageName(start);
  if (page === undefined) return undefined;
  const remedy = "A server may answer with a page in place of the file, for example a login or an error: open the address and check it.";
  return unusable("image-is-text", page, remedy);
}

function textFinding(start: Buffer): Finding | undefined {
  if (!looksLikeText(start)) return undefined;
  const first = start.toString("utf8").split("\n")[0]?.slice(0, 60) ?? "";
  return unusable(
    "image-is-text",
    `text that begins with ${JSON.stringify(first)}`,
    "Check the address, and that the file is the image itself.",
  );
}

function unusable(code: string, name: string, remedy: string): Finding {
  return refused("unsupported", code, `The content is ${name}, which is not accepted as an image`, remedy);
}
