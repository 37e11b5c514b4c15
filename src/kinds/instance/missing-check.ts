import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import type { Checked } from "../disk/checked.ts";
import { disks } from "../terms/disk-address.ts";
import { ownerName } from "../terms/disk-owner.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { guests } from "../terms/guest-address.ts";

/** A disk that is known from libvirt's definition only. */
type Missing = readonly [address: Diagnostic["address"] & string, disk: OwnedDiskState];

/**
 * Guests that libvirt knows and whose directories are missing: one error for those that may be created again with consent, and one for those that
 * are protected.
 */
export function checkMissingDirectories({ observed, settings }: Pick<Checked, "observed" | "settings">): Diagnostic[] {
  const missing: readonly Missing[] = observed.of(disks).filter(([, disk]) => disk.unlabelled);
  const isBelow = ([, { path }]: Missing) => path.startsWith(`${settings.instancesPath.replace(/\/+$/, "")}/`);
  return [true, false].flatMap((isProtected) => {
    const found = missing.filter(([, disk]) => disk.owner.protects === isProtected);
    return [
      ...reported(found.filter(isBelow)),
      ...reported(
        found.filter((one) => !isBelow(one)),
        settings.instancesPath,
      ),
    ];
  });
}

/** `instancesPath`: where the directories should be, if libvirt's definitions name another place. */
function reported(missing: readonly Missing[], instancesPath?: string): Diagnostic[] {
  const [first] = missing;
  if (first === undefined) return [];
  const disk = first[1];
  const names = [...new Set(missing.map(([, { owner }]) => ownerName(owner)))];
  const several = names.length > 1;
  const listed = `${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;
  const directory = disk.path.slice(0, disk.path.lastIndexOf("/"));
  const definition = `libvirt's definition of ${disk.owner.label} names ${disk.path}`;
  const where =
    instancesPath === undefined ? `${definition}, and ${directory} does not exist` : `${definition}, which is not below ${instancesPath}`;
  const open = missing.some(([, { running }]) => running)
    ? " A guest that runs may have its disks open still: do not switch it off before they are back."
    : "";
  const back =
    instancesPath === undefined
      ? "If the file system is not mounted, mount it; if the directory was moved, move it back. Then run the same command again."
      : "Write the instances_path that the guests were applied with, or move their directories and correct the paths in the definitions.";
  const consent = disk.owner.protects
    ? `${several ? "They were" : "It was"} applied with prevent_destroy: true, so no new disk is created.`
    : `To accept the loss of the data, add ${missing.length > 3 ? "--allow-destroy" : missing.map(([address]) => `--allow-destroy=${address}`).join(" ")}.`;
  return [
    problem(
      "instance-directory-missing",
      withoutUndefined({
        summary: several ? `The directories of ${names.length} instances are missing: ${listed}` : `The directory of ${listed} is missing`,
        detail: `${where}. ${back} ${consent}${open}`,
        address: several ? undefined : guests.at(ownerName(disk.owner)),
        allowedBy: disk.owner.protects ? undefined : missing.map(([address]) => address),
      }),
    ),
  ];
}
