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

/** An instance as it is on the host. Memory in bytes. */
export interface FoundInstance {
  readonly name: string;
  readonly power_state: string;
  readonly vcpus: number;
  readonly memory: number;
  readonly uuid: string;
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
  | { readonly kind: "instances"; readonly instances: readonly FoundInstance[] }
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
