import type { IncomingHttpHeaders } from "node:http";

/** What tells one version of a remote file from another, as strong as the server has it. */
export interface Validator {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** The validator in an answer. Weak tags do not promise equal bytes. */
export function validatorOf(headers: IncomingHttpHeaders): Validator {
  const { etag, "last-modified": lastModified } = headers;
  return {
    ...(etag === undefined || etag.startsWith("W/") ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}

/**
 * What asks for the rest from `offset` on, provided that the file is still the same; undefined when the server gave nothing
 * to tell that by, so that the download must restart.
 */
export function resumeHeaders(offset: number, validator: Validator): Record<string, string> | undefined {
  const condition = validator.etag ?? validator.lastModified;
  if (offset === 0 || condition === undefined) return undefined;
  return { range: `bytes=${offset}-`, "if-range": condition };
}

/** Whether a partial answer continues exactly where we are, in the same version of the file. `total` is the whole length. */
export function continues(
  headers: IncomingHttpHeaders,
  offset: number,
  validator: Validator,
): { readonly total: number | undefined } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "");
  if (match === null || Number(match[1]) !== offset) return undefined;
  if (validator.etag !== undefined && headers.etag !== undefined && headers.etag !== validator.etag) return undefined;
  return { total: match[2] === "*" ? undefined : Number(match[2]) };
}
