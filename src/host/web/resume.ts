import type { IncomingHttpHeaders } from "node:http";
import type { Validators } from "../../model/web-access.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";

/** The validators of a whole answer. */
export function validatorsOf(headers: IncomingHttpHeaders): Validators {
  const { etag, "last-modified": lastModified, "content-length": length } = headers;
  return {
    ...withoutUndefined({ etag, lastModified }),
    ...(length === undefined ? {} : { length: Number(length) }),
  };
}

/** Whether these validators can prove that a file is still the same: a strong tag, else date and length together. */
export function provable(validators: Validators): boolean {
  return strongTag(validators) !== undefined || (validators.lastModified !== undefined && validators.length !== undefined);
}

/**
 * The headers that ask for the rest from `offset` on, provided that the file is still the same; undefined when its validators prove nothing,
 * so that the download must restart. `immutable`: the file cannot change, and no proof is asked for.
 */
export function resumeHeaders(offset: number, validators: Validators, immutable = false): Record<string, string> | undefined {
  if (offset === 0) return undefined;
  const condition = strongTag(validators) ?? validators.lastModified;
  if (!provable(validators)) return immutable ? { range: `bytes=${offset}-` } : undefined;
  // Several servers give different validators to one file that never changes.
  return { range: `bytes=${offset}-`, ...(immutable || condition === undefined ? {} : { "if-range": condition }) };
}

/**
 * Whether a partial answer continues exactly at `offset`, in the version of the file that the validators are of: every one that was given
 * is compared, since servers exist that ignore If-Range. `total` is the length of the whole file.
 */
export function continues(
  headers: IncomingHttpHeaders,
  offset: number,
  validators: Validators,
  immutable = false,
): { readonly total: number | undefined } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "");
  if (match === null || Number(match[1]) !== offset) return undefined;
  const total = match[2] === "*" ? undefined : Number(match[2]);
  if (validators.length !== undefined && total !== undefined && total !== validators.length) return undefined;
  if (immutable) return { total: total ?? validators.length };
  const { etag, "last-modified": lastModified } = headers;
  if (etag !== undefined && validators.etag !== undefined && etag !== validators.etag) return undefined;
  if (lastModified !== undefined && validators.lastModified !== undefined && lastModified !== validators.lastModified) return undefined;
  const sameTag = strongTag(validators) !== undefined && etag === validators.etag;
  const sameDate = validators.lastModified !== undefined && lastModified === validators.lastModified;
  const sameLength = validators.length !== undefined && total === validators.length;
  return sameTag || (strongTag(validators) === undefined && sameDate && sameLength) ? { total } : undefined;
}

function strongTag({ etag }: Validators): string | undefined {
  return etag === undefined || etag.startsWith("W/") ? undefined : etag;
}
