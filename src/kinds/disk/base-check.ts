import { type Address, addressName } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";

/** A disk that was replaced by an empty one, or that is based on a file which is no base image. */
export function checkOverlayBase(address: Address, { baseTrouble, applied, path, disk, kind }: OwnedDiskState): Diagnostic[] {
  const what = `${kind === "volume" ? "Volume" : "Disk"} ${addressName(address)}`;
  if (baseTrouble === "emptied") {
    const found =
      disk?.backing === undefined
        ? "now has neither a backing file nor content"
        : "is now an overlay of it that holds nothing and that virtform did not make";
    const guest = disk?.backing === undefined ? "an empty disk" : "the image as it was at first";
    const detail = `${path} was created from image ${applied.image}, and ${found}: another file took its place, and the guest would find ${guest}. Restore it; or remove it, and the next plan creates a new disk with consent.`;
    return [problem("disk-emptied", { summary: `${what} is empty`, detail, address })];
  }
  if (baseTrouble === "elsewhere") {
    const detail = `${path} was created from image ${applied.image}, and its backing file is ${disk?.backing} now, which is no base image of virtform's and is not protected by it. Restore the backing file (\`qemu-img rebase\` while the guest is off), or make the disk independent of any: \`qemu-img rebase -b ""\` while the guest is off, \`virsh blockpull\` while it runs.`;
    return [problem("disk-base-changed", { summary: `${what} is based on another file`, detail, address })];
  }
  return [];
}
