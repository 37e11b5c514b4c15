import { qcow2HeaderBytes, readQcow2Header } from "../../../tools/qcow2-header.ts";
import { type Finding, malformed, type Read, refused } from "./finding.ts";

/** Incompatible features that a reader may meet: dirty, corrupt, external data file (refused by name), compression type. */
const knownFeatures = 0b1111n;
const corruptMark = 0b10n;
/** As qemu bounds it. */
const maxL1Bytes = 32 * 2 ** 20;

/** Nova FET-19, qcow2: no backing file, no data file, no encryption, no feature that we do not know. */
export async function detectQcow2(read: Read, size: number): Promise<Finding | undefined> {
  const reading = readQcow2Header(await read(0, qcow2HeaderBytes));
  if (reading === undefined) return undefined;
  if (reading.problem !== undefined) return malformed("qcow2", reading.problem);
  const { header } = reading;
  if (header.backingAt !== undefined) {
    return refused(
      "qcow2",
      "image-has-backing-file",
      `The image is backed by another file${header.backing === undefined ? "" : ` (${JSON.stringify(header.backing)})`}`,
      "Its author could read files of the host. Flatten it where it was made: qemu-img convert -O qcow2 IN OUT.",
    );
  }
  if (header.dataFile) {
    return refused(
      "qcow2",
      "image-has-data-file",
      `The image keeps its data in another file${header.dataFileName === undefined ? "" : ` (${JSON.stringify(header.dataFileName)})`}, so its author could read files of the host`,
      "Flatten it where it was made: qemu-img convert -O qcow2 IN OUT.",
    );
  }
  if ((header.incompatible & ~knownFeatures) !== 0n) {
    const extended = (header.incompatible & 0b10000n) !== 0n ? "extended_l2, subclusters; " : "";
    const bits = `${extended}0x${header.incompatible.toString(16)}`;
    return refused(
      "qcow2",
      "image-unknown-features",
      `The image needs qcow2 features that are not allowed (${bits})`,
      "Convert it: qemu-img convert -O qcow2 -o compat=1.1 IN OUT.",
    );
  }
  if ((header.incompatible & corruptMark) !== 0n)
    return refused(
      "qcow2",
      "image-malformed",
      "QEMU marked the image as corrupt when it found damage in it",
      "Repair it where it was made (qemu-img check -r all FILE), or get it again from its publisher.",
    );
  if (header.encryption !== 0) {
    return refused(
      "qcow2",
      "image-encrypted",
      "The image is encrypted",
      "Decrypt it where it was made; a base image is shared and holds no key.",
    );
  }
  if (header.l1Offset % header.clusterSize !== 0) return malformed("qcow2", "its L1 table does not start at a cluster");
  const l1Bytes = header.l1Entries * 8;
  if (l1Bytes > maxL1Bytes) return malformed("qcow2", `its L1 table claims ${l1Bytes} bytes`);
  if (header.l1Offset + l1Bytes > size) return malformed("qcow2", "its L1 table lies outside the file; perhaps the download is cut off");
  const bytesPerL1Entry = header.clusterSize * (header.clusterSize / 8);
  if (header.l1Entries * bytesPerL1Entry < header.virtualSize) return malformed("qcow2", "its L1 table is too short for its virtual size");
  return { format: "qcow2", virtualSize: header.virtualSize };
}
