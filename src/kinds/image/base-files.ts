import type { Context } from "../../model/context.ts";
import type { FileStat } from "../../model/host.ts";
import { readOwnFiles } from "../../tools/own-file.ts";
import { parseSidecar } from "./sidecar.ts";
import type { ImageSidecar } from "./spec.ts";

/** A file in `_base` that has its final name and is whole. */
export interface BaseFile {
  readonly entry: string;
  readonly path: string;
  readonly sidecar: ImageSidecar;
  readonly stat: FileStat;
}

/** What stands at an entry's name: a whole base, something that is not ours to understand, or nothing. */
export type BaseFinding = { readonly base: BaseFile } | { readonly foreign: true } | undefined;

/**
 * The rule by which a base counts as whole: its sidecar was written before it got its name, so a file with a sidecar is
 * complete, a sidecar alone means that there is nothing yet, and a file alone is not from here.
 */
export function judgeBase(entry: string, path: string, sidecar: Buffer | undefined, stat: FileStat | undefined): BaseFinding {
  if (stat === undefined) return undefined;
  const parsed = parseSidecar(sidecar);
  if (parsed === undefined || stat.type !== "file") return { foreign: true };
  return { base: { entry, path, sidecar: parsed, stat } };
}

/** Looks at one entry. */
export async function readBase(context: Context, entry: string): Promise<BaseFinding> {
  const { layout, host } = context;
  const path = layout.baseImage(entry);
  const [[sidecar], stat] = await Promise.all([readOwnFiles(context, [layout.baseSidecar(entry)]), host.files.stat(path)]);
  return judgeBase(entry, path, sidecar?.content, stat);
}

/** Looks at several entries in one go, in the order asked for. */
export async function readBases(context: Context, entries: readonly string[]): Promise<BaseFinding[]> {
  const { layout, host } = context;
  const paths = entries.map(layout.baseImage);
  const [sidecars, stats] = await Promise.all([readOwnFiles(context, entries.map(layout.baseSidecar)), host.files.statMany(paths)]);
  return entries.map((entry, index) => judgeBase(entry, paths[index] ?? "", sidecars[index]?.content, stats[index]));
}

const entryPattern = /^[0-9a-f]{40}$/;

/** Whether a file name in `_base` is that of an empty disk with a filesystem, below overlays of ours (Nova's have no digest in their names). */
export function isBlankName(name: string): boolean {
  return /^(?:ephemeral|swap)_\d+[KMGTP]?i?B_(?:.*_)?[0-9a-f]{7}$/.test(name);
}

/** Whether a file name in `_base` is an image's entry name (Nova LAY-03). */
export function isEntryName(name: string): boolean {
  return entryPattern.test(name);
}
