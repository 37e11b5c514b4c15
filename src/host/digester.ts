import { createHash } from "node:crypto";
import type { DigestAlgorithm, Digests } from "../model/host.ts";

/** Several digests of the same bytes at once. */
export interface Digester {
  update(bytes: Uint8Array): void;
  /** Once, at the end. */
  digests(): Digests;
}

/** Starts digesting from nothing. */
export function createDigester(algorithms: readonly DigestAlgorithm[]): Digester {
  const hashes = [...new Set(algorithms)].map((algorithm) => [algorithm, createHash(algorithm)] as const);
  return {
    update(bytes) {
      for (const [, hash] of hashes) hash.update(bytes);
    },
    digests: () => Object.fromEntries(hashes.map(([algorithm, hash]) => [algorithm, hash.digest("hex")])),
  };
}
