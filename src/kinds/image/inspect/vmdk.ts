import { type Finding, malformed, type Read, refused } from "./finding.ts";
import { refuseDescriptor } from "./vmdk-descriptor.ts";

const sector = 512;
const headerFields = 79;
const maxDescriptor = 2 ** 20;
/** In place of the grain directory's position: a copy of the header near the end has it. */
const directoryAtEnd = 0xffffffffffffffffn;
const directoryField = { start: 56, end: 64 };

/** Nova FET-19, VMDK: one sparse file with its descriptor inside. A descriptor alone always means another file: refused. */
export async function detectVmdk(read: Read, size: number): Promise<Finding | undefined> {
  const start = await read(0, 2048);
  const magic = start.toString("latin1", 0, 4);
  if (magic === "COWD")
    return refused("vmdk", "image-vmdk-type", "The VMDK is of the old ESX kind (COWD)", "Convert it to streamOptimized.");
  if (magic !== "KDMV") return isDescriptor(start) ? refuseText(await read(0, Math.min(size, maxDescriptor))) : undefined;
  if (start.length < sector) return malformed("vmdk", "it is cut off");
  return inspectSparse(start, read, size);
}

async function inspectSparse(start: Buffer, read: Read, size: number): Promise<Finding> {
  const version = start.readUInt32LE(4);
  if (version < 1 || version > 3) return malformed("vmdk", `version ${version} is none that is known`);
  const sectors = Number(start.readBigUInt64LE(12));
  const at = Number(start.readBigUInt64LE(28)) * sector;
  const length = Number(start.readBigUInt64LE(36)) * sector;
  // qemu takes a header with no capacity for a mere descriptor and opens the files that it names.
  if (sectors === 0)
    return refused(
      "vmdk",
      "image-vmdk-extent",
      "The VMDK has its data in another file (capacity 0)",
      "Its author could read files of the host. Convert it where it was made: qemu-img convert -O vmdk -o subformat=streamOptimized IN OUT.",
    );
  if (!Number.isSafeInteger(sectors * sector)) return malformed("vmdk", "its capacity is absurd");
  if (at < sector || length < sector || length >= maxDescriptor || at + length > size) {
    return refused(
      "vmdk",
      "image-vmdk-descriptor",
      "The VMDK has no descriptor inside the file, or one of an absurd size",
      "Convert it where it was made: qemu-img convert -O vmdk -o subformat=streamOptimized IN OUT.",
    );
  }
  const descriptor = await read(at, length);
  const refusal = refuseDescriptor(textOf(descriptor));
  if (refusal !== undefined) return refusal;
  if (start.readBigUInt64LE(directoryField.start) === directoryAtEnd) {
    const footer = await read(size - 2 * sector, sector);
    if (!sameHeader(start, footer)) return malformed("vmdk", "the copy of the header at its end says something else");
  }
  return { format: "vmdk", virtualSize: sectors * sector };
}

/** qemu uses the copy at the end, so it must equal what was checked; only the grain directory's position differs. */
function sameHeader(header: Buffer, footer: Buffer): boolean {
  if (footer.length < headerFields) return false;
  const same = (from: number, to: number) => header.subarray(from, to).equals(footer.subarray(from, to));
  return same(0, directoryField.start) && same(directoryField.end, headerFields);
}

/** As qemu recognises one: comments, then a line with the version. */
function isDescriptor(start: Buffer): boolean {
  const text = start.toString("latin1");
  if (/^# disk descriptorfile/i.test(text)) return true;
  const first = text.split(/\r?\n/).find((line) => line.trim() !== "" && !line.startsWith("#"));
  return first !== undefined && /^\s*version=[1-3]\s*$/.test(first);
}

function refuseText(descriptor: Buffer): Finding {
  const refusal = refuseDescriptor(textOf(descriptor));
  return (
    refusal ??
    refused(
      "vmdk",
      "image-vmdk-extent",
      "The VMDK is a descriptor without data: it takes its bytes from another file",
      "Convert it to streamOptimized.",
    )
  );
}

/** A descriptor is padded with zeros. */
function textOf(descriptor: Buffer): string {
  const end = descriptor.indexOf(0);
  return descriptor.toString("utf8", 0, end === -1 ? descriptor.length : end);
}
