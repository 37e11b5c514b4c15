import { createHash } from "node:crypto";
import type { Download } from "../model/host.ts";
import type { Validators } from "../model/web-access.ts";

/** What is known of a partial download beside its bytes, so that a later run can continue it. */
export interface DownloadRecord {
  readonly version: 1;
  /** Digest of the addresses: they may hold secrets. */
  readonly addresses: string;
  readonly validators: Validators;
  /** The start of the machine that the bytes were written in: after a power cut, written bytes may be missing in the middle. */
  readonly boot: string;
}

/** The record of a download that has just started. Pure. */
export function downloadRecord(request: Download, validators: Validators, boot: string): DownloadRecord {
  return { version: 1, addresses: addressesOf(request), validators, boot };
}

/** The validators in the record of an earlier run; undefined when its bytes do not belong to this request or cannot be relied on. Pure. */
export function recordedValidators(text: Buffer | undefined, request: Download, boot: string): Validators | undefined {
  if (text === undefined) return undefined;
  try {
    const { version, addresses, validators, boot: written } = JSON.parse(text.toString("utf8")) as DownloadRecord;
    if (version !== 1 || addresses !== addressesOf(request) || written !== boot || boot === "") return undefined;
    const { etag, lastModified, length } = validators;
    const texts = [etag, lastModified].every((value) => value === undefined || typeof value === "string");
    const isWhole = texts && (length === undefined || (Number.isSafeInteger(length) && length >= 0));
    return isWhole ? validators : undefined;
  } catch {
    return undefined;
  }
}

/** How many bytes of a partial file are kept: with all of them there, the last one is asked for again, which proves that the file is the same. */
export function bytesToKeep(size: number, { length }: Validators): number {
  return length === undefined ? size : Math.max(0, Math.min(size, length - 1));
}

function addressesOf({ url, alternatives = [] }: Download): string {
  return createHash("sha256")
    .update(JSON.stringify([url, ...alternatives]))
    .digest("hex");
}
