import type { DiskState } from "../drivers/driver.ts";
import { allDone } from "../model/all-done.ts";
import type { Context } from "../model/context.ts";
import { CodedError, UserError, userError } from "../model/errors.ts";
import { startGrowing } from "../model/growth.ts";
import type { Transferred } from "../model/host.ts";
import type { SourceFacts } from "../model/host-facts.ts";
import { runningCopyOf } from "../model/layout.ts";
import { problem } from "../model/problem.ts";
import { approximateQuantity } from "../model/quantity.ts";
import { convertToRaw } from "../tools/conversion/convert-to-raw.ts";
import { backupFormat } from "../tools/libvirt/backup-document.ts";
import { dataBytes } from "../tools/qemu-img.ts";
import { endRunningCopy } from "./end-running-copy.ts";
import { copyRunning } from "./running-copy.ts";
import type { Source, SourceProblem, SourceRequest } from "./source.ts";
import { parseTakenAddress, type TakenAddress } from "./taken-address.ts";
import { findTakenDisk, type TakenDisk } from "./taken-disk.ts";
import { whileOff } from "./while-off.ts";

/** A disk of an instance of this project on the same host: `instance://web/root`. */
export const instance: Source = {
  scheme: "instance",
  check: (address) => (parseTakenAddress(address) === undefined ? invalid(address) : undefined),
  look,
  fetch,
};

/** A volume of this project on the same host: `volume://data`. */
export const volume: Source = { ...instance, scheme: "volume" };

async function look(context: Context, address: string): Promise<SourceFacts> {
  const parsed = parseTakenAddress(address);
  if (parsed === undefined) return { way: null, bytes: null, problem: invalid(address) };
  try {
    const found = await findTakenDisk(context, parsed);
    if ("code" in found) return { way: null, bytes: null, problem: found };
    const bytes = found.state.size;
    // A volume group may have to activate the disk before it can be read, and a look changes nothing.
    const content = found.isFile ? await contentOf(context, found) : bytes;
    const { how, consistent, locks, running } = found;
    return { way: how, bytes, moves: "copy", content, consistent, running: running !== undefined, locks };
  } catch (error) {
    context.signal.throwIfAborted();
    const [first] = error instanceof CodedError ? error.diagnostics : [];
    if (first === undefined) throw error;
    const { code, summary, detail } = first;
    return { way: null, bytes: null, problem: { code, summary, detail } };
  }
}

/** Copies the disk with what lies below it, so that the image depends on no other one. */
async function fetch(context: Context, request: SourceRequest): Promise<Transferred> {
  const { source, to, digests, maxBytes, onProgress } = request;
  const { host } = context;
  const parsed = parseTakenAddress(source);
  const found = parsed === undefined ? invalid(source) : await findTakenDisk(context, parsed);
  if ("code" in found) throw new UserError([problem(found.code, found)]);
  const { ref, state, reading, owner, running } = found;
  if (request.consistent === true && !found.consistent) {
    const detail = `The plan says that its file systems are consistent, and an image would be taken ${found.how} now. Plan again.`;
    throw userError("instance-disk-in-use", `The disk of ${owner} is not in the condition that the plan says`, detail);
  }
  await reading.prepare?.(context, ref);
  // Of a disk that runs, what libvirt copies is there beside the image for a while.
  const data = await contentOf(context, found);
  const content = data * (running === undefined ? 1 : 2);
  if (maxBytes !== undefined && content > maxBytes) {
    const detail = `It takes ${approximateQuantity(content)}, and ${approximateQuantity(maxBytes)} may be used. Free space.`;
    throw userError("no-space", `Not enough space for the disk of ${owner}`, detail);
  }
  await host.files.remove(to);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => host.files.remove(to).catch(() => undefined));
  const bytes = state.size;
  const convert = async (from: string, format: DiskState["format"], signal: AbortSignal, before = 0) => {
    const onFraction = (fraction: number) => onProgress?.(Math.round((before + fraction * (1 - before)) * bytes), bytes);
    const { growth, written } = startGrowing((onFinal) =>
      convertToRaw(host, { from, to, format, bytes, data, signal, onFraction, onFinal }),
    );
    const behind = host.files.digestBehind?.(to, digests, growth, undefined, signal);
    if (behind === undefined) return written.then(() => host.files.digest(to, digests, undefined, signal));
    const [, made] = await allDone([written, behind.digests, behind.synced]);
    return made;
  };
  if (running !== undefined) {
    // What cannot be undone now is undone by the next run.
    undo.defer(() => endRunningCopy(context, to).catch(() => undefined));
    await copyRunning(context, running, to, (done) => onProgress?.(Math.round(done / 2), bytes));
    const made = await convert(runningCopyOf(to).copy, backupFormat, context.signal, 0.5);
    undo.move();
    await endRunningCopy(context, to);
    return { bytes, digests: made };
  }
  const from = await reading.name(context, ref);
  const made = await whileOff(context, found.domains, `the disk of ${owner}`, (signal) => convert(from, state.format, signal));
  // A guest that did not have the volume before may have got it.
  if (parsed?.kind === "volume") await refuseInUse(context, parsed);
  undo.move();
  return { bytes, digests: made };
}

/** Ends with an error where a guest that runs has the disk now. */
async function refuseInUse(context: Context, address: TakenAddress): Promise<void> {
  const now = await findTakenDisk(context, address);
  if ("code" in now) throw new UserError([problem(now.code, now)]);
  if (now.running === undefined) return;
  const detail = "The copy would not be consistent, and was removed. Apply again: it is then copied as a disk of a guest that runs.";
  throw userError("instance-disk-in-use", `${now.running.name} got the disk of ${now.owner} while it was copied`, detail);
}

/** Bytes of data in a disk and below it. */
async function contentOf(context: Context, { ref, state, reading }: TakenDisk): Promise<number> {
  return dataBytes(context.host, await reading.name(context, ref), state.format, state.size, context.signal);
}

function invalid(address: string): SourceProblem {
  const detail =
    "Write instance://NAME/root, or local, eph0, eph1, … in place of root, or volume://NAME. A label behind it, as in instance://web/root#2, takes another image.";
  return { code: "image-source-invalid", summary: `Invalid address of a disk: ${address}`, detail };
}
