import type { Context } from "../../model/context.ts";
import { qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import { createQcow2 } from "../../tools/qemu-img.ts";
import type { BaseRef } from "../driver.ts";
import type { CheckedBase } from "./base-check.ts";
import { stagedName } from "./staged-name.ts";

/**
 * The path of an empty overlay of this base with this virtual size, made by qemu-img once and copied ever after: the copy is
 * byte-identical and costs no process (Nova QCOW-03 without its price). A template whose header does not say exactly what is
 * wanted is recreated. The caller holds the base.
 */
export async function overlayTemplate(context: Context, base: BaseRef, checked: CheckedBase, size: number): Promise<string> {
  const { host, layout, signal } = context;
  const path = layout.template(base.entry, size);
  if (await fits(context, path, base, checked, size)) return path;
  await host.files.makeDirectory(layout.templates);
  const staged = stagedName(path);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => host.files.remove(staged).catch(() => undefined));
  await createQcow2(host, {
    path: staged,
    size,
    backing: { path: base.path, format: base.format },
    // qemu does not inherit it (Nova QCOW-04).
    ...(checked.clusterSize === undefined ? {} : { clusterSize: checked.clusterSize }),
    signal,
  });
  await host.files.publish(staged, path, 0o444);
  return path;
}

async function fits(context: Context, path: string, base: BaseRef, checked: CheckedBase, size: number): Promise<boolean> {
  const start = await context.host.files.read(path, { offset: 0, length: qcow2HeaderBytes });
  const header = start === undefined ? undefined : readQcow2Header(start)?.header;
  return (
    header?.backing === base.path &&
    header.backingFormat === base.format &&
    header.virtualSize === size &&
    (checked.clusterSize === undefined || header.clusterSize === checked.clusterSize)
  );
}
