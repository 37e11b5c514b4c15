import type { Context } from "../../model/context.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import { markedQcow2, smallestMarked } from "../../tools/qcow2-mark.ts";
import { createQcow2 } from "../../tools/qemu-img.ts";
import type { BaseRef } from "../driver.ts";
import type { CheckedBase } from "./base-check.ts";
import { stagedName } from "./staged-name.ts";

/**
 * The path of an empty overlay of this base with this virtual size, made by qemu-img once and copied ever after: the copy is
 * byte-identical and costs no process (Nova QCOW-03 without its price). A template whose header does not say exactly what is
 * wanted is recreated. The caller holds the base.
 */
export async function overlayTemplate(context: Context, base: BaseRef, checked: CheckedBase, size: number, head?: Buffer): Promise<string> {
  const { host, layout, signal } = context;
  const path = layout.template(base.entry, size);
  if (fits(head ?? (await templateHead(context, base, size)), base, checked, size)) return path;
  await host.files.makeDirectory(layout.templates);
  const staged = stagedName(path);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => host.files.remove(staged).catch(() => undefined));
  const backing = { path: base.path, format: base.format };
  // qemu does not inherit the cluster size (Nova QCOW-04).
  await createQcow2(host, withoutUndefined({ path: staged, size, backing, clusterSize: checked.clusterSize, signal }));
  const made = await host.files.read(staged);
  const marked = made === undefined ? undefined : markedQcow2(made);
  if (marked !== undefined) await host.files.change([{ do: "write", path: staged, data: marked, staged: true }], "later");
  await host.files.publish(staged, path, 0o444);
  return path;
}

/** The beginning of the template of this size, where there is one: to be read together with other things. */
export function templateHead(context: Context, base: BaseRef, size: number): Promise<Buffer | undefined> {
  return context.host.files.read(context.layout.template(base.entry, size), { offset: 0, length: qcow2HeaderBytes });
}

function fits(start: Buffer | undefined, base: BaseRef, checked: CheckedBase, size: number): boolean {
  const header = start === undefined ? undefined : readQcow2Header(start)?.header;
  return (
    header?.backing === base.path &&
    header.backingFormat === base.format &&
    header.virtualSize === size &&
    (header.marked === true || header.clusterSize < smallestMarked) &&
    (checked.clusterSize === undefined || header.clusterSize === checked.clusterSize)
  );
}
