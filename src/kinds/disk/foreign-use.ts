import { addressName } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { foreignUsers } from "../chain/foreign-users.ts";
import type { DiskAddress } from "../terms/disk-address.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { OwnedDisk } from "./disk.ts";
import { isReplaced } from "./is-replaced.ts";

/**
 * Disks that this plan would remove, recreate or grow, and that are among the layers of another domain's disks: that domain could not read its disk any
 * more. `wanted`: disks as they should be, by address.
 */
export function checkForeignUse(
  found: readonly (readonly [DiskAddress, OwnedDiskState])[],
  wanted: ReadonlyMap<string, OwnedDisk>,
  observed: Observed,
): Diagnostic[] {
  if (!observed.unmanaged.some(({ uses }) => uses !== undefined) && !hasChains(observed)) return [];
  return found.flatMap(([address, have]) => {
    const fate = fateOf(wanted.get(address), have);
    const users = fate === undefined ? [] : foreignUsers(have, observed);
    if (fate === undefined || users.length === 0) return [];
    const what = have.kind === "volume" ? `Volume ${addressName(address)}` : `Disk ${addressName(address)}`;
    return [
      problem("disk-used-by-other", {
        summary: `${what} is used by ${users.slice(0, 3).join(", ")}${users.length > 3 ? ` and ${users.length - 3} more` : ""}, and would be ${fate}`,
        detail: `${have.path} is among the layers of a disk of that domain, which could no longer be read. Give that domain a disk of its own (\`qemu-img convert\`, or \`virsh blockpull\` while it runs) or undefine it. Then run the same command again.`,
        address,
      }),
    ];
  });
}

function hasChains(observed: Observed): boolean {
  return [...observed.states.values()].some((state) => (state as { readonly chains?: object }).chains !== undefined);
}

/** What this plan does to a disk that another domain could not bear; undefined for nothing. */
function fateOf(want: OwnedDisk | undefined, have: OwnedDiskState): string | undefined {
  if (have.disk === undefined) return undefined;
  if (want === undefined) return "removed";
  if (isReplaced(want, have)) return "recreated";
  return (want.disk.size ?? 0) > have.disk.size ? "grown" : undefined;
}
