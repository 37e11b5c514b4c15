import { RefusedError } from "../../../model/errors.ts";

/** The error of an archive that is not whole (`image-archive`). `what` completes the sentence. */
export function damagedArchive(what: string): RefusedError {
  return new RefusedError(
    "image-archive",
    `The archive cannot be used: ${what}`,
    "Check the download at its publisher, and unpack of the image.",
  );
}
