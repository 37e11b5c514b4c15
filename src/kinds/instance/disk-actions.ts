import type { DiskRef, DiskSpec } from "../../disks/backend.ts";
import { backendOf } from "../../disks/index.ts";
import { type ActionType, defineAction } from "../../model/action.ts";
import type { BackendName } from "../../model/settings.ts";
import { rebuildAction } from "./disk-backing.ts";
import { appliedOf } from "./disk-diff.ts";
import { forgetObject, recordObject } from "./label.ts";
import { agreeOnPassphrase } from "./secret-actions.ts";

/** What can be done to a disk. The label says what is meant before it is done, and forgets it after it is gone. */
export const diskActions: readonly ActionType[] = [
  defineAction<{ disk: DiskSpec }>("disk.create", async (context, { disk }, report) => {
    await recordObject(context, disk, disk.name, { ...appliedOf({ disk }) });
    await agreeOnPassphrase(context, disk);
    await backendOf(disk.backend).create(context, disk, report);
  }),
  defineAction<{ disk: DiskSpec; online: boolean; target: string | null }>("disk.grow", async (context, { disk, online, target }) => {
    if (disk.size === null) return;
    await recordObject(context, disk, disk.name, { ...appliedOf({ disk }) });
    await backendOf(disk.backend).grow(context, disk, disk.size, online ? { uuid: disk.uuid, target: target ?? "vda" } : undefined);
  }),
  rebuildAction,
  defineAction<DiskRef & { instance: string; backend: BackendName }>("disk.remove", async (context, ref) => {
    await backendOf(ref.backend).remove(context, ref);
    await forgetObject(context, ref, ref.name);
  }),
];
