import type { Retry } from "../model/action.ts";
import type { Context } from "../model/context.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { ByteProgress, DigestAlgorithm, Download, Transferred, Unpacking } from "../model/host.ts";
import type { SourceFacts } from "../model/host-facts.ts";
import type { ImageAccess } from "./access.ts";

/** What to bring where. */
export interface SourceRequest {
  /** As the user wrote it: an absolute path or an address. */
  readonly source: string;
  /** Further addresses of the same bytes, and the digest that they must have. */
  readonly mirrors?: readonly string[];
  readonly expected?: NonNullable<Download["expected"]>;
  /** How long a download is tried (`Download.retries`, `Download.retryMs`). */
  readonly retries?: number;
  readonly retryMs?: number;
  /** A staged name: an existing file is replaced, and after a failure nothing is left. */
  readonly to: string;
  readonly digests: readonly DigestAlgorithm[];
  /** Whether something is checked about these bytes afterwards (a checksum, a signature), so that they may come over an insecure way. */
  readonly verified?: boolean;
  /** References to what the source asks for; null or absent where nothing is presented. */
  readonly access?: ImageAccess | null;
  /** Path of a record with which an interrupted transfer is continued by the next run (`Download.record`). */
  readonly record?: string;
  /** Unpacks the content on the way, where the source can: its result then has `content`, and `to` may not exist. */
  readonly unpack?: Unpacking;
  /** The plan says that the file systems of the disk that it is taken from are consistent; another copy is refused. */
  readonly consistent?: true;
  /**
   * A file of the host that only root can change may be used in its place, without a copy: the result then has `place`, and with `undigested`
   * no digests.
   */
  readonly mayStay?: "digested" | "undigested";
  /** Bytes; a longer source is refused. */
  readonly maxBytes?: number;
  readonly onProgress?: ByteProgress;
  /** Called when a transfer that failed is going to be tried again. */
  readonly onRetry?: (retry: Retry) => void;
}

/** Why nothing can be fetched from an address. */
export type SourceProblem = Pick<Diagnostic, "code" | "summary"> & { readonly detail: string };

/** Where images come from, by the scheme of the address. */
export interface Source {
  /** Scheme of its addresses: `https`; `file` also stands for absolute paths. */
  readonly scheme: string;
  /** What is wrong with an address of this scheme; undefined when nothing is. Pure: asked when planning. */
  check?(address: string): SourceProblem | undefined;
  /** The id that the source itself gives the image (Nova LAY-03); undefined when it gives none. Pure. */
  imageId?(address: string): string | undefined;
  /** The path, where the address names a file that may be on the machine that virtform runs on. */
  pathHere?(address: string): string;
  /** Looks up what is known about the image before it is fetched. Read-only. */
  look?(context: Context, address: string): Promise<SourceFacts>;
  /**
   * Brings the bytes as they are published, digesting them on the way. Throws a UserError when they are not available, a RefusedError
   * when they must not be used.
   */
  fetch(context: Context, request: SourceRequest): Promise<Transferred>;
}
