import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { checkImage, imageInfo, type QemuImageInfo } from "../../tools/qemu-img.ts";
import { expectWhole } from "./expect-whole.ts";
import { formatFacts, rawContents } from "./formats.ts";
import { inspect, inspectOrThrow } from "./inspect/inspect.ts";
import { pageFinding } from "./inspect/unsupported.ts";
import { readerOf } from "./reader-of.ts";
import type { DiskFormat } from "./spec.ts";

/**
 * Decides whether an untrusted file may become a base image: first by our own inspection, so that no program opens unsafe content, then by
 * qemu-img, whose result must be the same (Nova FET-04 … FET-11). Returns the virtual size in
 * bytes. Throws RefusedError.
 */
export async function examine(context: Context, path: string, bytes: number, diskFormat: DiskFormat): Promise<number> {
  const { qemu, contents } = formatFacts[diskFormat];
  if (qemu === null) throw new TypeError(`${diskFormat} is no disk`);
  const inspection = await inspectOrThrow(readerOf(context, path), bytes);
  if (!contents.includes(inspection.format)) {
    const what = inspection.format === "gpt" ? "a raw disk with a partition table" : inspection.format;
    const hint = inspection.format === "gpt" ? "raw" : inspection.format;
    throw new RefusedError(
      "image-format-mismatch",
      `The content is ${what}, and disk_format says ${diskFormat}`,
      `Formats are never guessed, because a wrong guess can open files of the host. If the content is correct, write disk_format: ${hint}.`,
    );
  }
  await expectWhole(context, path, bytes, inspection.format);
  const info = await imageInfo(context.host, path, qemu, context.signal);
  refuseUnsafe(info);
  if (info.format !== qemu) {
    throw new RefusedError(
      "image-format-mismatch",
      `qemu-img takes the content for ${info.format}, and disk_format says ${diskFormat}`,
      "Formats are never guessed. Correct disk_format, or get the image again.",
    );
  }
  // The size of a VHD depends on its geometry and on the program that made it; qemu knows the rules.
  if (diskFormat !== "vhd" && Math.abs(info.virtualSize - inspection.virtualSize) >= 512) {
    throw new RefusedError(
      "image-malformed",
      `The header says ${inspection.virtualSize} bytes and qemu-img reads ${info.virtualSize}: the image is damaged`,
      "Get it again from its publisher.",
    );
  }
  if (qemu !== "raw") await checkImage(context.host, path, qemu, context.signal);
  return info.virtualSize;
}

/** Refuses a page in place of a kernel or a ramdisk, which may be anything else. Gives its length. Throws a RefusedError. */
export async function examineBootFile(
  context: Context,
  { path, bytes }: { readonly path: string; readonly bytes: number },
): Promise<number> {
  const refusal = pageFinding(await readerOf(context, path)(0, 4096))?.refusal;
  if (refusal !== undefined) throw new RefusedError(refusal.code, refusal.summary, refusal.detail);
  return bytes;
}

/** Makes sure that a converted image is raw, and that no program that guesses formats takes it for another one (Nova FET-15). */
export async function examineConverted(context: Context, path: string): Promise<void> {
  const stat = await context.host.files.stat(path);
  const { format, refusal } = await inspect(readerOf(context, path), stat?.size ?? 0);
  // No program follows an archive or a text on a disk.
  const isPlain = refusal?.code === "image-packed" || refusal?.code === "image-is-text";
  const info = await imageInfo(context.host, path, "raw", context.signal);
  if ((rawContents.includes(format) || isPlain) && info.format === "raw") return;
  throw new RefusedError(
    "image-nested-format",
    `The image was converted to raw, and the disk inside it is itself ${format}`,
    "A program that guesses formats would follow it. Take the inner image out and use that.",
  );
}

function refuseUnsafe(info: QemuImageInfo): void {
  if (info.backing !== undefined) {
    throw new RefusedError(
      "image-has-backing-file",
      `The image is backed by another file (${JSON.stringify(info.backing)})`,
      "Flatten it where it was made.",
    );
  }
  if (info.dataFile !== undefined) {
    throw new RefusedError(
      "image-has-data-file",
      `The image keeps its data in another file (${JSON.stringify(info.dataFile)})`,
      "Flatten it where it was made: qemu-img convert -O qcow2 IN OUT.",
    );
  }
  if (info.encrypted) throw new RefusedError("image-encrypted", "The image is encrypted", "Decrypt it where it was made.");
}
