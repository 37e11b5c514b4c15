import type { ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { stagedPath } from "../../model/layout.ts";
import { shellWord } from "../../model/shell-word.ts";
import { convertToRaw } from "../../tools/conversion/convert-to-raw.ts";
import { resizeImage } from "../../tools/qemu-img.ts";
import type { BaseRef, GrownBase } from "../driver.ts";
import { checkBase } from "../shared/base-check.ts";
import { withBase } from "../shared/base-lease.ts";

const gibibyte = 2 ** 30;

/** What the name of a backing file in `_base` says; undefined for a base image itself, and for anything else. */
export function legacyBacking(path: string, base: string): GrownBase | undefined {
  if (!path.startsWith(`${base}/`)) return undefined;
  const [, entry, number] = /^([0-9a-f]{40})_(\d{1,15})$/.exec(path.slice(base.length + 1)) ?? [];
  if (entry === undefined || number === undefined) return undefined;
  // GiB; older ones count bytes, and no disk has a million GiB.
  const bytes = Number(number) < 1_000_000 ? Number(number) * gibibyte : Number(number);
  return { path, entry, bytes };
}

/**
 * Rebuilds a missing copy (Nova QCOW-06): the base, grown, with its content unchanged, as the disks that it backs expect.
 * It gets its name when it is whole. `format`: what the disks on it say it is; they decide.
 */
export async function rebuildBacking(
  context: Context,
  { path, entry, bytes }: GrownBase,
  { base, format: said }: { readonly base: BaseRef; readonly format: "raw" | "qcow2" | null },
  report: ReportProgress,
): Promise<void> {
  await withBase(context, entry, async () => {
    const { host, signal } = context;
    const format = said ?? base.format;
    if ((await host.files.stat(path)) !== undefined) return;
    const { virtualSize } = await checkBase(context, base);
    if (format === "qcow2" && base.format === "raw") {
      throw new RefusedError(
        "backing-file-format",
        `${path} is recorded as qcow2 by the disk that it backs, and the base image of ${base.image} is raw now`,
        `Create it manually: qemu-img convert -f raw -O qcow2 ${shellWord(base.path)} ${shellWord(path)}, then qemu-img resize it to ${bytes}.`,
      );
    }
    const staged = stagedPath(path);
    await host.files.remove(staged);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => host.files.remove(staged).catch(() => undefined));
    if (format === base.format) {
      const onProgress = (done: number, total?: number) => report({ phase: "copy", done, total });
      await host.files.copy(base.path, staged, { signal, onProgress });
    } else {
      await convertToRaw(host, { from: base.path, to: staged, format: base.format, bytes: virtualSize, signal });
    }
    if (bytes > virtualSize && format === "raw") await host.files.truncate(staged, bytes);
    if (bytes > virtualSize && format === "qcow2") await resizeImage(host, staged, format, bytes, { signal });
    await host.files.publish(staged, path, 0o444);
  });
}
