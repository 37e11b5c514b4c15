/** How an https server is reached. */
export interface WebSecurity {
  /** Certificates of authorities, as PEM, that are trusted beside those of the system. */
  readonly authorities?: string;
  /** A certificate of the client and its key, as PEM. */
  readonly client?: { readonly certificate: string; readonly key: string };
  /** The certificate of the server is not checked: only where the user asked for it. */
  readonly insecure?: true;
}

/** One request with a small answer. Redirections are not followed. */
export interface WebRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text, or `bytes` that are read only once the connection is there. */
  readonly body?: string | { readonly bytes: number; readonly read: () => AsyncIterable<Uint8Array> };
  readonly security?: WebSecurity;
  /** Longest silence of the server in milliseconds, also while connecting; the body of the answer may take ten times as long. Default: 30 s. */
  readonly timeoutMs?: number;
  /** Longest answer in bytes. Default: 4 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/** What a server answered, whatever its status. */
export interface WebAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Why there is no answer. */
export interface WebTrouble {
  /** In words that follow "because": `the connection to HOST failed`. */
  readonly trouble: string;
  /** What the user can do. */
  readonly hint: string;
  /** Whether the same request may succeed a little later. */
  readonly again: boolean;
}
