import { sourceText } from "../../drivers/shared/disk-source.ts";
import type { Address } from "../../model/address.ts";
import type { Observed } from "../../model/observed.ts";
import { imageFormat } from "../../tools/image-format.ts";
import type { Layer } from "../terms/disk-chain.ts";
import { diskAddress } from "../terms/disk-name.ts";
import type { DomainDisk, DomainSpec } from "../terms/spec.ts";
import { type VolumeAddress, volumes } from "../terms/volume-address.ts";
import { followedChain } from "./followed.ts";
import { withFollowedChain } from "./with-chain.ts";

/**
 * The guest as wanted, with the layers that a snapshot or the like has put above its disks: they stay its disks. `isReplaced`: whether a disk gets other
 * content in this plan, so that nothing above it stays.
 */
export function follow(want: DomainSpec, observed: Observed, isReplaced: (name: string) => boolean): DomainSpec {
  const disks = want.disks.map((disk) => (isReplaced(disk.name) ? disk : followed(disk, want, observed)));
  return disks.every((disk, index) => disk === want.disks[index]) ? want : { ...want, disks };
}

function followed(disk: DomainDisk, { uuid, instance }: DomainSpec, observed: Observed): DomainDisk {
  const { attachment } = disk;
  const found = followedChain({ uuid, path: sourceText(attachment) }, observed);
  // Without a definition, the files tell.
  const above = found?.above ?? looseAbove(instance, disk, observed);
  const top = found?.top ?? above[0];
  const source = top?.source;
  if (top === undefined || source === undefined || source === sourceText(attachment) || !source.startsWith("/")) return disk;
  if (above.length === 0 && attachment.type !== "network") return { ...disk, attachment: { ...attachment, source } };
  // The layer is a file of its own, and libvirt names the passphrase with the disk below it.
  return { ...disk, attachment: { type: "file", format: imageFormat(top.format), source, secretUuid: null } };
}

function looseAbove(instance: string, { name }: DomainDisk, observed: Observed): readonly Layer[] {
  const address = volumes.owns(name as Address) ? (name as VolumeAddress) : diskAddress(instance, name);
  const state = observed.get(address);
  return state === undefined ? [] : (withFollowedChain(state, observed).above ?? []);
}
