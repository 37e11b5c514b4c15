/** What is presented to a web server, with its values. It stays in memory: never in a plan, a journal, an argument of a program or a message. */
export interface WebAccess {
  /** Sent to the origin of the address, and not to another origin that it redirects to. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A certificate of the client, as PEM, for the origin of the address. */
  readonly client?: { readonly certificate: string; readonly key: string; readonly passphrase?: string };
  /** Certificates of authorities, as PEM, that are trusted beside those of the system. */
  readonly authorities?: string;
  /** The certificate of the server is not checked: only where the user asked for it. */
  readonly insecure?: true;
}

/** What a server says about the version of a file. */
export interface Validators {
  /** As sent: weak tags begin with `W/` and do not promise equal bytes. */
  readonly etag?: string;
  readonly lastModified?: string;
  /** Bytes of the whole file. */
  readonly length?: number;
}

/** Code, summary and remedy for a status that a server answers with. */
export interface StatusWords {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
}
