import { instanceFiles } from "../../../model/layout.ts";
import { withoutUndefined } from "../../../model/without-undefined.ts";
import { isEphemeral } from "../../terms/disk-name.ts";
import type { DomainDisk } from "../../terms/spec.ts";

/** EC2's names of disks and the guest's: `root: /dev/vda`, `ephemeral0: /dev/vdb`. */
export type BlockDevices = Readonly<Record<string, string>>;

/** The mapping of a guest with only a root disk. */
export const rootOnly: BlockDevices = { ami: "vda", root: "/dev/vda" };

/**
 * `block-device-mapping` of EC2's metadata (Nova CFG-10): the root disk, the ephemerals in their order, swap. Volumes, Nova's
 * `ebs0`, are omitted: attaching or detaching one would rebuild the drive.
 */
export function blockDevices(disks: readonly Pick<DomainDisk, "name" | "target">[]): BlockDevices {
  const root = disks[0]?.target ?? "vda";
  const ephemerals = disks.filter(({ name }) => name === instanceFiles.local || isEphemeral(name));
  const swap = disks.find(({ name }) => name === instanceFiles.swap);
  return withoutUndefined({
    ami: root,
    root: `/dev/${root}`,
    ...Object.fromEntries(ephemerals.map(({ target }, index) => [`ephemeral${index}`, `/dev/${target}`])),
    swap: swap === undefined ? undefined : `/dev/${swap.target}`,
  });
}
