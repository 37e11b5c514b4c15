import { type Address, addressName } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { isUuidDirectory } from "../../model/layout.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";

/**
 * A disk that was replaced by an empty one, or that is based on a file which is no base image or one of another image cache. `basePath`: the base image that is
 * wanted for it.
 */
export function checkOverlayBase(
  address: Address,
  { baseTrouble, applied, path, disk, kind }: OwnedDiskState,
  basePath: string | undefined,
): Diagnostic[] {
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
  const other = baseTrouble === "elsewhere" ? otherCache(disk?.backing, basePath) : undefined;
  if (other !== undefined) {
    const { cache, wanted } = other;
    const detail = `${path} was created from image ${applied.image}, and its backing file is ${disk?.backing}. The configured image cache is ${wanted}. Nothing is changed: the disk keeps its backing file, and no command of this configuration removes anything from ${cache}. Set host.image_cache_subdirectory_name to ${nameOf(cache)} again; or move the cache while no apply runs, which guests do not notice: \`mv -T ${shellWord(cache)} ${shellWord(wanted)} && ln -s ${shellWord(nameOf(wanted))} ${shellWord(cache)}\`. Keep the link, because disks name their backing file by it.`;
    return [problem("disk-base-in-other-cache", { summary: `${what} is based on a file of another image cache`, detail, address })];
  }
  if (baseTrouble === "elsewhere") {
    const detail = `${path} was created from image ${applied.image}, and its backing file is ${disk?.backing} now, which is no base image of virtform's and is not protected by it. Restore the backing file (\`qemu-img rebase\` while the guest is off), or make the disk independent of any: \`qemu-img rebase -b ""\` while the guest is off, \`virsh blockpull\` while it runs.`;
    return [problem("disk-base-changed", { summary: `${what} is based on another file`, detail, address })];
  }
  return [];
}

/** The image caches that a backing file is in and should be in, if both are directories of the same instances path. Pure. */
function otherCache(
  backing: string | undefined,
  basePath: string | undefined,
): { readonly cache: string; readonly wanted: string } | undefined {
  if (backing === undefined || basePath === undefined || !/^[0-9a-f]{40}(?:_\w+)?$/.test(nameOf(backing))) return undefined;
  const [cache, wanted] = [parentOf(backing), parentOf(basePath)];
  return cache !== wanted && !isUuidDirectory(nameOf(cache)) && parentOf(cache) === parentOf(wanted) ? { cache, wanted } : undefined;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
