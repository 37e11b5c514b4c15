import type { Diagnostic } from "../../../model/diagnostic.ts";
import { problem } from "../../../model/problem.ts";
import { formatQuantity } from "../../../model/quantity.ts";
import { shellWord } from "../../../model/shell-word.ts";
import type { Checked } from "../../disk/checked.ts";
import { isUp } from "../../power/is-up.ts";
import { diskAddress } from "../../terms/disk-name.ts";
import { ownerName } from "../../terms/disk-owner.ts";
import { guests } from "../../terms/guest-address.ts";

/** Root file systems that are to grow while their containers run: the loop device of a mounted file keeps the size that it had. */
export function checkContainerGrowth({ disks, observed, settings }: Pick<Checked, "disks" | "observed" | "settings">): Diagnostic[] {
  if (settings.virtType !== "lxc") return [];
  return disks.flatMap(({ disk }): Diagnostic[] => {
    const instance = ownerName(disk.owner);
    const address = diskAddress(instance, disk.name);
    const size = observed.get(address)?.disk?.size ?? 0;
    const guest = observed.get(guests.at(instance));
    if (disk.size === null || size === 0 || disk.size <= size || guest === undefined || !isUp(guest.power)) return [];
    return [
      problem("container-grows-when-off", {
        summary: `The root file system of ${instance} cannot grow while the container runs`,
        detail: `It has ${formatQuantity(size)}, and its flavor has ${formatQuantity(disk.size)}. Stop the container (\`virtform stop ${shellWord(instance)}\`), then apply again: the file system grows, and the container is started.`,
        address,
      }),
    ];
  });
}
