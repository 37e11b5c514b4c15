import { withoutCredentials } from "../../sources/index.ts";
import type { ImageSidecar, ImageSpec } from "./spec.ts";

/** What the record of a base image says about who signed its checksum; undefined where no signed file was compared. Pure. */
export function signedRecord({ signed }: ImageSpec): ImageSidecar["signed"] {
  return signed === null ? undefined : { file: withoutCredentials(signed.file), signer: signed.signer ?? "" };
}
