import { checkpointOf } from "../../drivers/index.ts";
import type { Address } from "../../model/address.ts";
import type { Change } from "../../model/change.ts";
import { UserError } from "../../model/errors.ts";
import type { Observed } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { disks } from "../terms/disk-address.ts";
import { recordedDisk } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { refOf } from "./disk.ts";

/**
 * What `confirm` does: the snapshots of all disks that grew go (Nova RSZ-08). Throws a UserError when one of them is needed to bring
 * a roll-back to its end.
 */
export function confirmChanges(observed: Observed): Change[] {
  const grown = observed.of(disks).flatMap(([address, have]) => {
    const snapshot = have.disk?.resizeSnapshot;
    return snapshot === undefined ? [] : [{ address, have, snapshot }];
  });
  const unfinished = grown.filter(({ snapshot }) => snapshot.rollingBack);
  if (unfinished.length > 0) throw new UserError(unfinished.map(stillNeeded));
  return grown.map(({ address, have, snapshot }) => ({
    address,
    verb: "update",
    cause: "config",
    reason: "removes the pre-resize snapshot; rollback is no longer possible",
    fields: [{ path: "resize_snapshot", old: snapshot.size, effect: "none" }],
    actions: [
      {
        id: `${address}#confirm`,
        type: "disk.confirm",
        address,
        summary: `remove snapshot ${checkpointOf(have.applied.backend).name} of ${formatQuantity(snapshot.size)}`,
        args: { ...refOf(have), backend: have.applied.backend },
        needs: [],
        makes: [],
        locks: [`instance/${have.uuid}`],
        effect: "none",
      },
    ],
    before: { ...recordedDisk(have.applied), resize_snapshot: snapshot.size },
    after: recordedDisk(have.applied),
  }));
}

function stillNeeded({ address, have }: { readonly address: Address; readonly have: OwnedDiskState }) {
  return problem("roll-back-unfinished", {
    summary: `${address} is partly rolled back to ${checkpointOf(have.applied.backend).name}`,
    detail: "The disk is not usable until the rollback is finished. Nothing was done. Run `virtform apply`, which finishes it.",
    address,
  });
}
