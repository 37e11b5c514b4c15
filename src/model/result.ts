import type { Address } from "./address.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Finding } from "./finding.ts";
import type { Json } from "./json.ts";
import type { Unmanaged } from "./plan.ts";

/** An object of ours as it is on the host. */
export interface FoundObject {
  readonly address: Address;
  readonly state: Json;
}

/** An instance that is declared, or of which something is on the host. Sizes are bytes; unknown values are null. */
export interface FoundInstance {
  readonly name: string;
  readonly uuid: string;
  /** `active`, `building`, `missing` and so on. */
  readonly status: string;
  /** Why it is so, where one word does not say. */
  readonly reason: string | null;
  /** The configuration has it. */
  readonly declared: boolean;
  /** libvirt's state of the guest; null where there is none. */
  readonly power_state: string | null;
  readonly vcpus: number | null;
  readonly memory: number | null;
  readonly image: string | null;
  readonly flavor: string | null;
  readonly addresses: readonly string[];
  /** MAC addresses. */
  readonly interfaces: readonly string[];
  readonly disk_sizes: readonly { readonly name: string; readonly size: number | null }[];
  /** Its root disk stays on an earlier image than the configured one. Absent: it does not. */
  readonly behind_image?: true;
  /** Fields that wait for a restart, by path, where there are any. */
  readonly pending?: Readonly<Record<string, { readonly active: Json; readonly stored: Json }>>;
}

/** What a command other than a plan or an apply found out, for reporters to show. */
export type Result =
  /** A configuration was checked. */
  | { readonly kind: "validation"; readonly files: readonly string[]; readonly diagnostics: readonly Diagnostic[] }
  /** A host was checked. */
  | { readonly kind: "findings"; readonly findings: readonly Finding[] }
  /** `wide`: people asked for more columns. */
  | { readonly kind: "instances"; readonly instances: readonly FoundInstance[]; readonly wide?: boolean }
  /** Everything of a project, and what is not its own. */
  | {
      readonly kind: "host";
      readonly project: string;
      readonly uri: string;
      readonly objects: readonly FoundObject[];
      readonly unmanaged: readonly Unmanaged[];
    }
  /** The objects that were asked for by name, in full. */
  | { readonly kind: "objects"; readonly objects: readonly FoundObject[] }
  /** The content of an image, as its source gives it now. */
  | { readonly kind: "digest"; readonly image: string; readonly digest: string; readonly bytes: number }
  /** There was nothing to do. */
  | { readonly kind: "nothing"; readonly text: string }
  /** A text that is the result, whatever the format: a schema, a script. */
  | { readonly kind: "document"; readonly text: string };
