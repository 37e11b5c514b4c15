import { diskPhrase } from "../../drivers/disk-phrase.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { followedChain } from "../chain/followed.ts";
import { isAttached } from "../chain/with-chain.ts";
import type { DiskAddress } from "../terms/disk-address.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";

/** Disks that no definition names, with several files that are based on them: which one a guest wrote to last is not known. */
export function checkLooseLayers(found: readonly (readonly [DiskAddress, OwnedDiskState])[], observed: Observed): Diagnostic[] {
  return found.flatMap(([address, have]) => {
    const { loose, path } = have;
    if (loose === undefined || loose.layers !== null || isAttached(have, observed) || followedChain(have, observed) !== null) return [];
    return [
      problem("disk-layers-unclear", {
        summary: `Which layer of the ${diskPhrase(have)} is the last one is not known`,
        detail: `No definition names the disk, and these files are based on ${path}: ${loose.tops.join(", ")}. Define the guest with the right one (virsh define), or move the others away. Then run the same command again.`,
        address,
      }),
    ];
  });
}
