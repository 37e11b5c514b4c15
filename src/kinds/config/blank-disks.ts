import type { BlankContent } from "../../drivers/driver.ts";
import { instanceFiles } from "../../model/layout.ts";
import type { Filesystem } from "../../tools/mkfs.ts";
import type { FlavorConfig, HostConfig, ImageConfig, InstanceConfig } from "../config.ts";
import { ephemeralFiles } from "./ephemeral-files.ts";

/** Labels of filesystems are short: FAT has 11 characters, XFS 12. */
export const longestLabel = 11;

/** A disk of an instance that is made from nothing. */
export interface BlankDisk {
  readonly name: string;
  readonly role: "ephemeral" | "swap";
  readonly size: number;
  readonly content: BlankContent;
}

/**
 * The disks that an instance has beside its root disk, in Nova's order (BLK-07): those that it declares, or the one of its
 * flavor (GEN-08); then swap (GEN-09). `files`: the file names of those that it declares.
 */
export function blankDisks(
  instance: InstanceConfig,
  image: Partial<ImageConfig> | undefined,
  flavor: FlavorConfig,
  host?: Pick<HostConfig, "default_ephemeral_format">,
  files: readonly string[] = ephemeralFiles(instance),
): BlankDisk[] {
  if (instance.adopt === true) return [];
  // Nova GEN-02, without templates of commands.
  const usual = host?.default_ephemeral_format ?? usualFilesystem(image?.properties?.["os_type"]);
  const ephemeral = (name: string, size: number, format: Filesystem | undefined, label: string, given: string | null): BlankDisk => ({
    name,
    role: "ephemeral",
    size,
    content: { filesystem: format ?? usual, label, usual: format === undefined, name: given },
  });
  const declared = instance.ephemerals?.map(({ size, format, name = null }, index) =>
    ephemeral(files[index] ?? "", size, format, name?.slice(0, longestLabel) ?? `ephemeral${index}`, name),
  );
  const whole = flavor.ephemeral ?? 0;
  // Nova GEN-09: its own wins.
  const swap = instance.swap ?? flavor.swap ?? 0;
  return [
    ...(declared ?? (whole === 0 ? [] : [ephemeral(instanceFiles.local, whole, undefined, "ephemeral0", null)])),
    ...(swap === 0
      ? []
      : [
          {
            name: instanceFiles.swap,
            role: "swap" as const,
            size: swap,
            content: { filesystem: "swap" as const, label: "", usual: false, name: null },
          },
        ]),
  ];
}

/** Nova GEN-02, for images that name a system; Linux is the usual one and need not be named. */
function usualFilesystem(osType: string | undefined): Filesystem {
  if (osType === undefined || osType === "linux") return "ext4";
  return osType === "windows" ? "ntfs" : "vfat";
}
