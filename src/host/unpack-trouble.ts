import { type CodedError, RefusedError, userError } from "../model/errors.ts";
import type { Compression } from "../model/packing.ts";
import { missingHint } from "./command-line.ts";
import { decompressor } from "./decompressor.ts";

/** Why a program that decompresses failed, from how it ended and its last words. */
export function unpackTrouble(
  what: string,
  compression: Compression,
  ending: { readonly missing: boolean; readonly code: number | undefined; readonly said: string },
): CodedError {
  const { program, title } = decompressor(compression);
  if (ending.missing) {
    const detail = `It is needed to unpack ${what}. ${missingHint(program)}`;
    return userError("program-missing", `The program ${program} is not installed`, detail);
  }
  const words = ending.said
    .split("\n")
    .map((line) => line.replace(/^(?:\/\S*\/)?\w+: (?:(?:\(stdin\)|stdin|\/\*stdin\*\\) ?: )?/, "").trim())
    .filter((line) => line !== "")
    .at(0);
  const why = words === undefined ? `${program} ended with ${ending.code ?? "a signal"}` : words.slice(0, 200);
  if (hasIgnored(ending.said)) {
    return new RefusedError(
      "image-unpack",
      `${what} has something else behind its ${title} data: ${why}`,
      "The rest may be a damaged part of the image. Check the download at its publisher.",
    );
  }
  if (/too much memory|memory usage limit|cannot allocate memory/i.test(ending.said)) {
    return new RefusedError(
      "image-unpack",
      `${what} needs more memory than the 512MiB that may be used: ${why}`,
      `If you trust it, unpack it with ${program} first, and use the unpacked file as the source; or have it packed with a smaller window or dictionary.`,
    );
  }
  return new RefusedError(
    "image-unpack",
    `${what} is not a complete ${title} file: ${why}`,
    "It is damaged, cut off, or packed in another way: check the download at its publisher, and unpack of the image.",
  );
}

/**
 * Whether a program says that it passed over what follows the data. `bzip2` then ends as if all were well, also where a damaged part of several follows. Pure.
 */
export function hasIgnored(said: string): boolean {
  return /trailing garbage|rest ignored/i.test(said);
}

/** A file that is shorter than its directory says. */
export function cutOff(what: string): RefusedError {
  return new RefusedError(
    "image-unpack",
    `${what} ends before the content that it should have`,
    "It is damaged or cut off: compare its length with the publisher's, and get it again.",
  );
}
