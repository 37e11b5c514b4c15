import type { Context } from "../../model/context.ts";
import { resizeImage } from "../../tools/qemu-img.ts";
import type { DiskSpec, OnlineDisk } from "../driver.ts";
import { growInside } from "./inner-growth.ts";
import { growOnline } from "./online-growth.ts";
import { passphraseOf, withPassphraseErrors } from "./passphrase.ts";
import { withSpaceErrors } from "./preallocation.ts";

/** Grows a disk that is a file (Nova SIZE-05): through the guest's own qemu where one runs, else by qemu-img. */
export async function growFile(
  context: Context,
  disk: DiskSpec,
  { path, format }: { readonly path: string; readonly format: "raw" | "qcow2" },
  bytes: number,
  online: OnlineDisk | undefined,
): Promise<void> {
  // Were it in use otherwise, qemu-img would find it locked.
  if (await growOnline(context, disk, path, bytes, online)) return;
  const { signal } = context;
  // What a flat disk is to have was taken before; of an encrypted one, clusters that were never written would decrypt to noise.
  const preallocate = format === "qcow2" && disk.preallocate === "space" && disk.encryption === null;
  const resize = () => resizeImage(context.host, path, format, bytes, { ...passphraseOf(context, disk), preallocate, signal });
  await withSpaceErrors(path, bytes, () => withPassphraseErrors(path, disk, resize));
  // Inside a qcow2 file nothing is looked for: that would need its content as a device of the host (Nova SIZE-07, off there too).
  if (format === "raw") await growInside(context, disk, path);
}
