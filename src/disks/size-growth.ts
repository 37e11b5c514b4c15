import type { Context } from "../model/context.ts";
import { growExtFilesystem } from "../tools/e2fs.ts";
import { libvirtOf } from "../tools/libvirt.ts";
import { resizeImage } from "../tools/qemu-img.ts";
import type { DiskSpec, OnlineDisk } from "./backend.ts";
import { opening, passphraseOf } from "./passphrase.ts";
import { explained } from "./preallocation.ts";

/** Grows a disk that is a file (Nova SIZE-05): through the guest's own qemu where one runs, else by qemu-img. */
export async function growFile(
  context: Context,
  disk: DiskSpec,
  format: "raw" | "qcow2",
  bytes: number,
  online: OnlineDisk | undefined,
): Promise<void> {
  if (online !== undefined) {
    try {
      // By its path: after a redefinition the name may be another disk's until the next start.
      return await libvirtOf(context).blockResize(online.uuid, disk.path, bytes);
    } catch (error) {
      // A disk that waits for the guest's next start is nobody's yet. Were it in use after all, qemu-img would find it locked.
      if (!(error instanceof Error) || !isNotAttached(error.message)) throw error;
    }
  }
  const { signal } = context;
  // What a flat disk is to have was taken before; of an encrypted one, clusters that were never written would decrypt to noise.
  const preallocate = format === "qcow2" && disk.preallocate === "space" && disk.encryption === undefined;
  const resize = () => resizeImage(context.host, disk.path, format, bytes, { ...passphraseOf(context, disk), preallocate, signal });
  await explained(disk.path, bytes, () => opening(disk.path, disk, resize));
  // Inside a qcow2 file nothing is looked for: that would need its content as a device of the host (Nova SIZE-07, off there too).
  if (format === "raw") await growExtFilesystem(context, disk.path);
}

function isNotAttached(message: string): boolean {
  return /invalid path|was not found in the domain config/.test(message);
}
