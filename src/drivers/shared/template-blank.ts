import { createHash } from "node:crypto";
import type { Context } from "../../model/context.ts";
import { stagedPath } from "../../model/layout.ts";
import { perHost } from "../../model/per-host.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { type Formatting, makeFilesystem, mkfsCommand } from "../../tools/mkfs.ts";
import type { BaseRef } from "../driver.ts";

/**
 * The name in `_base` of an empty disk with a filesystem: everything that it was made by is in the name, so that disks which want
 * something else never share it. Nova's own name leaves out what was really run (Nova GEN-06), and the first guest decided for all.
 */
export function blankTemplateName(size: number, content: Formatting): string {
  const { program, args } = mkfsCommand(content, "");
  const recipe = createHash("sha1")
    .update(JSON.stringify([program, ...args]))
    .digest("hex")
    .slice(0, 7);
  const what = content.filesystem === "swap" ? "swap" : "ephemeral";
  const words = content.filesystem === "swap" ? [] : [content.filesystem, ...(content.label === "" ? [] : [content.label])];
  return [what, exact(size), ...words, recipe].join("_");
}

/** Two sizes never have one name: a size that no unit divides is given in bytes. */
function exact(size: number): string {
  return size % 1024 === 0 ? formatQuantity(size) : `${size}B`;
}

const makingOf = perHost(() => new Map<string, Promise<void>>());

/**
 * The empty disk of this size and content that backs an overlay (Nova QCOW-09), created if missing. It gets its name only when it is
 * whole. Nova shares it between disks, so that two of them in one guest have filesystems with one uuid; here the uuid of the
 * filesystem is part of the content. The caller holds the entry of its name.
 */
export async function blankTemplate(context: Context, size: number, content: Formatting): Promise<BaseRef> {
  const entry = blankTemplateName(size, content);
  const path = context.layout.baseImage(entry);
  if ((await context.host.files.stat(path)) === undefined) await makeOnce(context, path, size, content);
  return { image: entry, entry, path, format: "raw", cloneFrom: [] };
}

/** Disks of one process hold an entry together: the first one makes, the others wait for it. A second file under the name would change below them. */
async function makeOnce(context: Context, path: string, size: number, content: Formatting): Promise<void> {
  const making = makingOf(context.host);
  const work = making.get(path) ?? make(context, path, size, content).finally(() => making.delete(path));
  making.set(path, work);
  await work;
}

async function make(context: Context, path: string, size: number, content: Formatting): Promise<void> {
  const { host, layout } = context;
  if ((await host.files.stat(path)) !== undefined) return;
  await host.files.makeDirectory(layout.base);
  const staged = stagedPath(path);
  await host.files.remove(staged);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => host.files.remove(staged).catch(() => undefined));
  await host.files.truncate(staged, size);
  await makeFilesystem(context, staged, content);
  await host.files.publish(staged, path, 0o444);
}
