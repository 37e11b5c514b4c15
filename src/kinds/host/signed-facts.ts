import type { Context } from "../../model/context.ts";
import type { SignedChecksumFacts } from "../../model/host-facts.ts";
import { lookUpSignedChecksum } from "../../sources/signed-checksum.ts";
import { signedChecksumOf } from "../config/signed-checksum-of.ts";
import type { Config } from "../config.ts";

/** Looks up what publishers signed about the images whose checksum is in a signed file, by name of the image. */
export async function lookUpSigned(
  context: Context,
  images: NonNullable<Config["images"]>,
): Promise<Readonly<Record<string, SignedChecksumFacts>>> {
  const found = await Promise.all(
    Object.entries(images).map(async ([name, { source, checksum, access }]) => {
      const signed = signedChecksumOf(checksum);
      return signed === undefined ? [] : [[name, await lookUpSignedChecksum(context, source, signed, access ?? null)] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}
