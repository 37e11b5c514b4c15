import { checkpointOf } from "../../drivers/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { diskAddress } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import type { Checked } from "./checked.ts";
import { mustBeRemade } from "./must-be-remade.ts";
import { snapshotToRollBackTo } from "./roll-back.ts";

/** One line about all disks that keep a snapshot from before they grew; none about those that go back to it now. */
export function checkResizeSnapshots({ disks, observed }: Pick<Checked, "disks" | "observed">): Diagnostic[] {
  const kept = disks.flatMap((want) => {
    const have = observed.get(diskAddress(ownerName(want.disk.owner), want.disk.name));
    const size = have?.disk?.resizeSnapshot?.size;
    if (have === undefined || size === undefined || mustBeRemade(want, have) || snapshotToRollBackTo(want, have) !== undefined) return [];
    return [
      {
        text: `${want.disk.owner.label} (${formatQuantity(size)})`,
        example: formatQuantity(size),
        name: checkpointOf(have.applied.backend).name,
      },
    ];
  });
  const [first] = kept;
  if (first === undefined) return [];
  return [
    problem(
      "resize-snapshot-kept",
      {
        summary: `Pre-resize snapshots exist for ${kept.map(({ text }) => text).join(", ")}`,
        detail: `The snapshot ${first.name} takes space as the guest writes. \`virtform confirm\` removes it. To roll back, write exactly the old size into the flavor (disk: ${first.example}) and apply; data written since is lost.`,
      },
      "note",
    ),
  ];
}
