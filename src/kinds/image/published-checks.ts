import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import type { DigestAlgorithm, Transferred } from "../../model/host.ts";
import { checkSignature, signatureToCheck } from "./signature-check.ts";
import type { ImageSpec } from "./spec.ts";

/**
 * Something that is proven about the bytes as they were published, before they are unpacked, examined or converted. A signature is one
 * more. It sees digests and not the bytes, because on a host elsewhere the bytes do not pass through this process.
 */
export interface PublishedCheck {
  /** Digests that it needs; empty when it does not apply to the image. */
  digests(spec: ImageSpec): readonly DigestAlgorithm[];
  /** Throws a RefusedError when the bytes are not what they should be. Called only when it applies. */
  check(context: Context, spec: ImageSpec, published: Transferred): Promise<void>;
}

const checksum: PublishedCheck = {
  digests: (spec) => (spec.checksum === null ? [] : [spec.checksum.algorithm]),
  async check(_context, { name, checksum: wanted, signed }, { digests }) {
    if (wanted === null) return;
    const { algorithm, hex } = wanted;
    const received = digests[algorithm];
    if (received?.toLowerCase() === hex.toLowerCase()) return;
    if (signed !== null)
      throw new RefusedError(
        "image-checksum-mismatch",
        `Image ${name} does not match the checksum that its publisher signed: ${algorithm}:${hex}, received ${algorithm}:${received}`,
        "The publisher is replacing it (plan again in some minutes), or it was modified in transit or on the server.",
      );
    throw new RefusedError(
      "image-checksum-mismatch",
      `Image ${name} does not match its checksum: declared ${algorithm}:${hex}, received ${algorithm}:${received}`,
      `Its publisher replaced it (get the new checksum from the publisher, or run \`virtform image lock ${name}\`), or it was modified in transit.`,
    );
  },
};

/** What an image service says about who signed an image. */
const signature: PublishedCheck = {
  digests(spec) {
    const found = signatureToCheck(spec);
    return found === null ? [] : [found.algorithm];
  },
  check: checkSignature,
};

/** Every check, in the order in which they are made. A new one is one more entry. */
const publishedChecks: readonly PublishedCheck[] = [checksum, signature];

/** The digests that the checks of an image need, and whether any check applies. Pure. */
export function digestsForChecks(spec: ImageSpec): { readonly digests: readonly DigestAlgorithm[]; readonly verified: boolean } {
  const digests = publishedChecks.flatMap((check) => check.digests(spec));
  return { digests: [...new Set<DigestAlgorithm>(["sha256", ...digests])], verified: digests.length > 0 };
}

/** Makes all checks that apply. Throws the RefusedError of the first that fails. */
export async function checkPublished(context: Context, spec: ImageSpec, published: Transferred): Promise<void> {
  for (const one of publishedChecks) if (one.digests(spec).length > 0) await one.check(context, spec, published);
}
