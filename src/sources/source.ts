import type { Context } from "../model/context.ts";
import type { ByteProgress, DigestAlgorithm, Digests } from "../model/host.ts";

/** What to bring where. */
export interface SourceRequest {
  /** As the user wrote it: an absolute path or an address. */
  readonly source: string;
  /** A staged name: what is there is replaced, and when it fails nothing is left. */
  readonly to: string;
  readonly digests: readonly DigestAlgorithm[];
  /** Refuse more than this. */
  readonly maxBytes?: number;
  readonly onProgress?: ByteProgress;
}

/** Where images come from. Throws a UserError when it cannot be had, a RefusedError when it must not be used. */
export interface Source {
  /** Of addresses: `https`; `file` also stands for absolute paths. */
  readonly scheme: string;
  /** Throws a UserError when an address of this scheme is incomplete, so that it is told of when planning. Pure. */
  check?(source: string): void;
  /** Brings the bytes as they are published, digesting them on the way. */
  fetch(context: Context, request: SourceRequest): Promise<{ readonly bytes: number; readonly digests: Digests }>;
}
