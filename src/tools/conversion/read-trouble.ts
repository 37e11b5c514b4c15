import { CommandError, RefusedError } from "../../model/errors.ts";

/**
 * The refusal (`image-malformed`) for an image of which `qemu-img` could not read a part, such as a compressed cluster that is damaged or cut off; undefined for every other failure of
 * a conversion. Pure.
 */
export function readTrouble(error: unknown): RefusedError | undefined {
  if (!(error instanceof CommandError)) return undefined;
  const [, byte, why] = /error while reading (?:block status )?at (?:byte|offset) (\d+): ([^\n]+)/.exec(error.stderr) ?? [];
  if (byte === undefined || why === undefined) return undefined;
  return new RefusedError(
    "image-malformed",
    `qemu-img cannot read the image at byte ${byte} of its disk: ${why.trim().slice(0, 200)}`,
    "It is damaged or cut off there: get it again, and compare its length with the publisher's. If other files have errors as well, the disk of the host may be failing.",
  );
}
