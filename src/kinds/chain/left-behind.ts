import { sourceText } from "../../drivers/shared/disk-source.ts";
import type { Observed } from "../../model/observed.ts";
import type { DiskChain } from "../terms/disk-chain.ts";
import { diskAddress } from "../terms/disk-name.ts";
import { guests } from "../terms/guest-address.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { followedChain } from "./followed.ts";

/** A disk of a guest that has something else in its place, which is not based on it. */
export interface LeftDisk {
  readonly target: string;
  /** What the guest writes to, and the disk or volume that it should write to. */
  readonly source: string;
  readonly disk: string;
  readonly running: boolean;
  /** The file is missing. */
  readonly missing: boolean;
}

/**
 * Disks for which a guest has a file that is not ours to follow: giving it its disk back leaves what it wrote since behind. `isReplaced`: whether a disk
 * gets other content in this plan anyway.
 */
export function leftDisks(want: DomainSpec, observed: Observed, isReplaced: (name: string) => boolean = () => false): LeftDisk[] {
  const chains = observed.get(guests.at(want.instance))?.chains;
  if (chains === undefined) return [];
  return want.disks.flatMap(({ name, target, device, attachment }) => {
    const chain = chains.find((one) => one.target === target && one.running) ?? chains.find((one) => one.target === target);
    const source = chain?.layers[0]?.source ?? chain?.broken?.source;
    const disk = sourceText(attachment);
    if (chain === undefined || source === undefined || device !== "disk" || source === disk || isReplaced(name)) return [];
    const followed = followedChain({ uuid: want.uuid, path: disk }, observed);
    if (followed?.chain === chain || followed?.top.source === source) return [];
    // Its directory is missing, with all layers in it: that is reported instead.
    if (observed.get(diskAddress(want.instance, name))?.unlabelled === true) return [];
    return [{ target, source, disk, running: chain.running, missing: isMissing(chain, source) }];
  });
}

function isMissing({ broken }: DiskChain, source: string): boolean {
  return broken?.why === "missing" && broken.source === source;
}

/** What is lost when a guest gets its disks back, in words; null for nothing. */
export function leftText(instance: string, left: readonly LeftDisk[]): string | null {
  if (left.length === 0) return null;
  return left
    .map(({ source, target, missing }) =>
      missing
        ? `what was in ${source}, which is missing`
        : `what ${instance} wrote to ${source}, which it has in place of its disk ${target}`,
    )
    .join("; ");
}
