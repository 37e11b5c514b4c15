import type { SecretRef } from "../model/secret.ts";

/** References to what a web server asks for. Their values are read when the transfer starts, and kept nowhere. */
export interface ImageAccess {
  /** A token: `Authorization: Bearer …`. */
  readonly bearer?: SecretRef;
  readonly basic?: { readonly user: string; readonly password: SecretRef };
  /** Header fields by name. */
  readonly headers?: Readonly<Record<string, SecretRef>>;
  /** The text of a netrc file: user and password of the host of the address. */
  readonly netrc?: SecretRef;
  /** A client's certificate with its key, as PEM. */
  readonly client_certificate?: { readonly certificate: SecretRef; readonly key: SecretRef; readonly passphrase?: SecretRef };
  /** Certificates of authorities, as PEM, trusted beside those of the system. */
  readonly ca?: SecretRef;
}
