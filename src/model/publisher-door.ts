import type { Diagnostic } from "./diagnostic.ts";
import type { WebAccess } from "./web-access.ts";

/** A small file of a publisher. */
export interface PublishedFile {
  readonly bytes: Buffer;
  /** When the server last said that it is so, in milliseconds since 1970, where it cannot be asked now. Absent: it said so now. */
  readonly asOf?: number;
}

/** What is signed, by keys of a binary key ring. */
export interface SignedFile {
  readonly keys: Buffer;
  readonly content: Buffer;
  /** Of another file; null where the content has its own. */
  readonly signature: Buffer | null;
}

/** How what publishers sign is read and checked: on the machine that runs virtform, whichever host the image is for. */
export interface PublisherDoor {
  /** A file of this machine; undefined when it cannot be read or is longer than 1 MiB. */
  readonly readFile: (path: string) => Buffer | undefined;
  /**
   * A file of a web server, at most 4 MiB. It is remembered, so that the server is asked only whether it changed, and used as remembered where
   * the server does not answer. `again`: the server is asked for all of it.
   */
  readonly fetch: (
    url: string,
    options: { readonly access?: WebAccess | undefined; readonly again?: boolean; readonly signal: AbortSignal },
  ) => Promise<PublishedFile | (Pick<Diagnostic, "summary"> & { readonly detail: string })>;
  /** What `gpgv --status-fd` says about a signature, and the text that was signed. Throws a CommandError when the program is not installed or does not end. */
  readonly gpgv: (signed: SignedFile, signal: AbortSignal) => Promise<{ readonly report: string; readonly content: Buffer }>;
}
