import { setTimeout as pause } from "node:timers/promises";
import type { Context } from "../model/context.ts";
import { errorMessage, userError } from "../model/errors.ts";
import type { ByteProgress } from "../model/host.ts";
import { runningCopyOf } from "../model/layout.ts";
import { backupDocument } from "../tools/libvirt/backup-document.ts";
import { libvirtOf, libvirtUriOf } from "../tools/libvirt/libvirt.ts";
import { errorCodes, isRefusal } from "../tools/libvirt/libvirt-error.ts";
import { endRunningCopy } from "./end-running-copy.ts";
import { guestFrozen } from "./guest-frozen.ts";
import type { RunningCopyRecord } from "./running-copy-record.ts";

/** A disk that a guest writes to. */
export interface RunningDisk {
  readonly uuid: string;
  /** Of the guest. */
  readonly name: string;
  /** The guest's name for the disk: `vda`. */
  readonly target: string;
  /** Names of its other disks. */
  readonly others: readonly string[];
  /** Its guest agent is connected, and freezes its file systems while the copy begins. */
  readonly freezes: boolean;
}

/** Time between two looks at a copy, in milliseconds: small disks are copied at once. */
const lookMs = { first: 20, last: 1000 };

/**
 * Copies a disk as it is when this begins, while its guest goes on, into the qcow2 file that belongs to the staged name `to` (`runningCopyOf`). The
 * guest's own disks stay as they are, unlike with a snapshot. The caller calls `endRunningCopy` afterwards, also after a failure. What a killed run left
 * is undone first.
 */
export async function copyRunning(context: Context, disk: RunningDisk, to: string, onProgress?: ByteProgress): Promise<void> {
  const libvirt = libvirtOf(context);
  await endRunningCopy(context, to);
  await begin(context, disk, to);
  for (let waitMs = lookMs.first; ; waitMs = Math.min(2 * waitMs, lookMs.last)) {
    const { state, done, total } = await libvirt.backupProgress(disk.uuid);
    if (state === "completed") return;
    if (state === "failed") {
      throw userError(
        "instance-disk-in-use",
        `The copy of disk ${disk.target} of ${disk.name} ended before it was complete`,
        "The guest was shut down meanwhile, the copy was ended by hand, or there was no space for it; libvirt's log has the reason. Apply again.",
      );
    }
    onProgress?.(done, total);
    await pause(waitMs, undefined, { signal: context.signal });
  }
}

/** Begins the copy. What has to be undone is recorded before it is done. */
async function begin(context: Context, { uuid, name, target, others, freezes }: RunningDisk, to: string): Promise<void> {
  const libvirt = libvirtOf(context);
  const { copy, record } = runningCopyOf(to);
  const write = (frozen: boolean) => {
    const content: RunningCopyRecord = { version: 1, uri: libvirtUriOf(context), domain: uuid, frozen };
    return context.host.files.writeAtomic(record, `${JSON.stringify(content)}\n`);
  };
  const document = backupDocument({ target, others, copy });
  await write(freezes);
  if (!freezes) return libvirt.beginBackup(uuid, document);
  await libvirt.freeze(uuid).catch(async (error: unknown) => {
    // An agent that refuses has frozen nothing. One that does not answer may have: the record makes `endRunningCopy` thaw.
    if (isRefusal(error, errorCodes.internalError)) await write(false);
    throw userError(
      "guest-not-frozen",
      `The guest agent of ${name} does not freeze its file systems`,
      `An image of disk ${target} would not be consistent, so none is taken. ${errorMessage(error).replace(/\.$/, "")}. Shut the guest down and apply again, or correct its guest agent.`,
    );
  });
  try {
    await libvirt.beginBackup(uuid, document);
  } finally {
    await libvirt.thaw(uuid).catch((error: unknown) => {
      throw guestFrozen(name, error);
    });
  }
  await write(false);
}
