import type { DiskRef, DiskSpec } from "../../disks/backend.ts";
import { backendOf } from "../../disks/index.ts";
import { confirmResize, makeResizeSnapshot, rollBackResize } from "../../disks/rbd-snapshot.ts";
import { type ActionType, defineAction } from "../../model/action.ts";
import type { BackendName } from "../../model/settings.ts";
import { fetchUnlessCloneable } from "../image/clone-fallback.ts";
import type { ImageSpec } from "../image/spec.ts";
import { rebuildAction } from "./disk-backing.ts";
import { appliedOf } from "./disk-diff.ts";
import { refuseInUse } from "./disk-in-use.ts";
import type { RollBackArgs } from "./disk-roll-back.ts";
import { forgetObject, recordObject } from "./label.ts";
import { agreeOnPassphrase } from "./secret-actions.ts";

interface GrowArgs {
  readonly disk: DiskSpec;
  readonly online: boolean;
  readonly target: string | null;
  /** Keep what the disk was before. */
  readonly snapshot?: boolean;
}

/** What can be done to a disk. The label says what is meant before it is done, and forgets it after it is gone. */
export const diskActions: readonly ActionType[] = [
  defineAction<{ disk: DiskSpec; fallback?: ImageSpec }>("disk.create", async (context, { disk, fallback }, report) => {
    await recordObject(context, disk, disk.name, { ...appliedOf({ disk }) });
    await fetchUnlessCloneable(context, disk, fallback, report);
    await agreeOnPassphrase(context, disk);
    await backendOf(disk.backend).create(context, disk, report);
  }),
  defineAction<GrowArgs>("disk.grow", async (context, { disk, online, target, snapshot }) => {
    if (disk.size === null) return;
    if (!online) await refuseInUse(context, disk, disk);
    if (snapshot === true) await makeResizeSnapshot(context, disk, disk.size);
    await recordObject(context, disk, disk.name, { ...appliedOf({ disk }) });
    await backendOf(disk.backend).grow(context, disk, disk.size, online ? { uuid: disk.uuid, target: target ?? "vda" } : undefined);
  }),
  defineAction<RollBackArgs>("disk.roll_back", async (context, { disk, size }) => {
    await refuseInUse(context, disk, disk);
    await recordObject(context, disk, disk.name, { ...appliedOf({ disk }), size });
    await rollBackResize(context, disk, size);
  }),
  defineAction<DiskRef>("disk.confirm", (context, ref) => confirmResize(context, ref)),
  rebuildAction,
  defineAction<DiskRef & { instance: string; backend: BackendName }>("disk.remove", async (context, ref) => {
    await refuseInUse(context, ref, ref);
    await backendOf(ref.backend).remove(context, ref);
    await forgetObject(context, ref, ref.name);
  }),
];
