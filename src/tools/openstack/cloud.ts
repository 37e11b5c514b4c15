/** How Keystone is asked for a token. Values are secrets: they stay in memory. */
export type CloudLogin =
  | { readonly method: "password"; readonly user: CloudUser; readonly password: string; readonly scope: CloudScope }
  | { readonly method: "token"; readonly token: string; readonly scope: CloudScope }
  | {
      readonly method: "application_credential";
      readonly credential: { readonly id: string } | { readonly name: string; readonly user: CloudUser };
      readonly secret: string;
    };

/** A user by id, or by name within a domain. */
export type CloudUser = { readonly id: string } | { readonly name: string; readonly domain: CloudDomain };

/** A domain by id or by name. */
export type CloudDomain = { readonly id: string } | { readonly name: string };

/** What a token is for; null: what Keystone has as the user's default. */
export type CloudScope =
  | { readonly project: { readonly id: string } | { readonly name: string; readonly domain: CloudDomain } }
  | { readonly domain: CloudDomain }
  | { readonly system: { readonly all: true } }
  | { readonly "OS-TRUST:trust": { readonly id: string } }
  | null;

/** One cloud as a client needs it. Paths are of the machine that virtform runs on. */
export interface Cloud {
  /** For messages: `cloud ops of /etc/openstack/clouds.yaml`, `the OS_* variables`. */
  readonly origin: string;
  /** Without a slash at the end, with /v3. */
  readonly authUrl: string;
  readonly login: CloudLogin;
  /** Null: any. */
  readonly region: string | null;
  readonly interface: "public" | "internal" | "admin";
  /** Endpoint of the image service that replaces the one of the catalogue; null for none. */
  readonly imageEndpoint: string | null;
  /** The same of the key manager. */
  readonly keyManagerEndpoint: string | null;
  /** Certificates of servers are checked. */
  readonly verify: boolean;
  /** PEM files: authorities that are trusted beside those of the system, a certificate of the client and its key. */
  readonly cacert: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}
