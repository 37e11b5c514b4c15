import type { BaseRef, BlankContent, DiskSpec } from "./driver.ts";

/** The base image that a disk is made from; null for one that is made without. */
export function baseOf({ content }: Pick<DiskSpec, "content">): BaseRef | null {
  return content.kind === "base" ? content.base : null;
}

/** The record of what is written into the disk before its first boot; null for nothing. */
export function injectedInto({ content }: Pick<DiskSpec, "content">): string | null {
  return content.kind === "base" ? (content.injected ?? null) : null;
}

/** The filesystem that a disk is made with; null for an empty one and for one with other content. */
export function blankOf({ content }: Pick<DiskSpec, "content">): BlankContent | null {
  return content.kind === "blank" ? content.blank : null;
}
