import { setTimeout as pause } from "node:timers/promises";
import type { Context } from "../model/context.ts";
import { runningCopyOf } from "../model/layout.ts";
import { backupTargets } from "../tools/libvirt/backup-document.ts";
import { libvirtOf } from "../tools/libvirt/libvirt.ts";
import { readOwnFiles } from "../tools/own-file.ts";
import { guestFrozen } from "./guest-frozen.ts";
import { parseRunningCopyRecord } from "./running-copy-record.ts";

/** libvirt answers before QEMU has ended the job; until then it refuses another one. In milliseconds. */
const ending = { lookMs: 20, longestMs: 30_000 };

/**
 * Undoes what copying the disk of a running guest for the staged name `to` started, also in a run that was killed, and one of another connection: ends
 * libvirt's job, thaws the guest, and removes the copy. Other backup jobs go on. Does nothing where there is no such copy.
 */
export async function endRunningCopy(context: Context, to: string): Promise<void> {
  const { host } = context;
  const { copy, record } = runningCopyOf(to);
  // Read without the memory of earlier looks: the record is written in between.
  const [own] = await readOwnFiles({ host }, [record]);
  const left = parseRunningCopyRecord(own?.content);
  if (left !== undefined) {
    const libvirt = libvirtOf(context, left.uri);
    const isRunning = async () => {
      const job = await libvirt.backup(left.domain);
      return job !== undefined && backupTargets(job).includes(copy);
    };
    const aborts = await isRunning();
    if (aborts) await libvirt.abortBackup(left.domain);
    // Before the end of the job is waited for: programs in a frozen guest cannot write.
    if (left.frozen) await libvirt.thaw(left.domain).catch((error: unknown) => warnOfFrozen(context, left.domain, error));
    if (aborts) await waitWhile(isRunning);
  }
  // The record is removed last: without it the guest would not be known.
  for (const path of [copy, record]) await host.files.remove(path);
}

/** Looks until it has ended, or the time is up. */
async function waitWhile(isRunning: () => Promise<boolean>): Promise<void> {
  for (const until = performance.now() + ending.longestMs; (await isRunning()) && performance.now() < until; ) await pause(ending.lookMs);
}

/** A warning, because a guest agent that no longer answers must not fail every later apply. */
function warnOfFrozen({ warn }: Context, domain: string, error: unknown): void {
  const [diagnostic] = guestFrozen(domain, error).diagnostics;
  if (diagnostic !== undefined) warn?.({ ...diagnostic, severity: "warning" });
}
