import type { Context } from "../model/context.ts";
import { CodedError, UserError, userError } from "../model/errors.ts";
import type { Transferred } from "../model/host.ts";
import type { SourceFacts } from "../model/host-facts.ts";
import { problem } from "../model/problem.ts";
import { approximateQuantity } from "../model/quantity.ts";
import { convertToRaw, dataBytes } from "../tools/qemu-img.ts";
import type { Source, SourceProblem, SourceRequest } from "./source.ts";
import { parseTakenAddress } from "./taken-address.ts";
import { findTakenDisk, type TakenDisk } from "./taken-disk.ts";
import { whileOff } from "./while-off.ts";

/** A disk of an instance of this project on the same host, while its guest is off: `instance://web/root`. */
export const instance: Source = {
  scheme: "instance",
  check: (address) => (parseTakenAddress(address) === undefined ? invalid(address) : undefined),
  look,
  fetch,
};

/** A volume of this project on the same host, while no guest that has it runs: `volume://data`. */
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
    return { way: found.how, bytes, moves: "copy", content };
  } catch (error) {
    context.signal.throwIfAborted();
    const [first] = error instanceof CodedError ? error.diagnostics : [];
    if (first === undefined) throw error;
    const detail = first.detail ?? "It is the source of an image.";
    return { way: null, bytes: null, problem: { code: first.code, summary: first.summary, detail } };
  }
}

/** Copies the disk with what lies below it, so that the image depends on no other one. */
async function fetch(context: Context, { source, to, digests, maxBytes, onProgress }: SourceRequest): Promise<Transferred> {
  const { host } = context;
  const parsed = parseTakenAddress(source);
  const found = parsed === undefined ? invalid(source) : await findTakenDisk(context, parsed);
  if ("code" in found) throw new UserError([problem(found.code, found)]);
  const { ref, state, reading, owner } = found;
  await reading.prepare?.(context, ref);
  const content = await contentOf(context, found);
  if (maxBytes !== undefined && content > maxBytes) {
    const detail = `It takes ${approximateQuantity(content)}, and ${approximateQuantity(maxBytes)} may be used. Free space.`;
    throw userError("no-space", `Not enough space for the disk of ${owner}`, detail);
  }
  await host.files.remove(to);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => host.files.remove(to).catch(() => undefined));
  const from = await reading.name(context, ref);
  const bytes = state.size;
  const made = await whileOff(context, found.domains, `the disk of ${owner}`, async (signal) => {
    await convertToRaw(host, {
      from,
      to,
      format: state.format,
      bytes,
      readSoon: true,
      signal,
      onFraction: (fraction) => onProgress?.(Math.round(fraction * bytes), bytes),
    });
    return host.files.digest(to, digests);
  });
  undo.move();
  return { bytes, digests: made };
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
