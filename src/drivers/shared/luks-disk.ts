import type { ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { stagedPath } from "../../model/layout.ts";
import { createLuks, fillLuks, type LuksPlace } from "../../tools/luks.ts";
import { baseOf, blankOf } from "../content.ts";
import type { DiskRef, DiskSpec } from "../driver.ts";
import { makeBlankContent } from "./blank-content.ts";
import { directoryOf } from "./file-name.ts";
import { passphraseOf } from "./passphrase.ts";

/** Where an encrypted disk is made. */
export interface LuksTarget {
  /** What `qemu-img create` makes. */
  readonly name: string;
  /** How QEMU opens it. */
  readonly at: LuksPlace;
  /** Removes what a failed attempt left, where the next attempt cannot replace it. */
  readonly discard?: () => Promise<void>;
}

/** Whether the disk is wanted as a LUKS container. */
export function isEncrypted({ encryption }: Pick<DiskSpec, "encryption">): boolean {
  return encryption !== null;
}

/**
 * Makes a disk as a LUKS container whose content is `size` bytes, with what the disk holds at first. `baseSize`: bytes of the base image
 * that the caller holds; beyond it, and in a disk that holds nothing, the content is not defined.
 */
export async function makeLuksDisk(
  context: Context,
  disk: DiskSpec,
  target: LuksTarget,
  { size, baseSize }: { readonly size: number; readonly baseSize: number },
  report: ReportProgress,
): Promise<void> {
  const { host, signal } = context;
  const { passphrase = "" } = passphraseOf(context, disk);
  const { name, discard } = target;
  const create = () => createLuks(host, { name, size, passphrase, signal, ...(discard === undefined ? {} : { discard }) });
  const fill = (from: string, format: "raw" | "qcow2", total: number) => {
    const onFraction = (fraction: number) => report({ phase: "encrypt", done: Math.round(fraction * total), total });
    return fillLuks(host, { from, format, to: target.at, passphrase, signal, onFraction });
  };
  const base = baseOf(disk);
  if (base !== null) {
    await create();
    return fill(base.path, base.format, baseSize);
  }
  if (blankOf(disk) === null) return create();
  const { files } = host;
  const plain = plainContent(disk);
  await files.makeDirectory(directoryOf(disk));
  await files.remove(plain);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => files.remove(plain).catch(() => undefined));
  await files.truncate(plain, size);
  // Programs that make filesystems need a file or a device of the host, and the container is neither.
  await makeBlankContent(context, disk, plain);
  await create();
  await fill(plain, "raw", size);
}

/** Where the empty filesystem of an encrypted disk is made. It holds nothing that is secret. */
export function plainContent({ path }: Pick<DiskRef, "path">): string {
  return stagedPath(path, "plain");
}
