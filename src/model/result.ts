import type { Address } from "./address.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Finding } from "./finding.ts";
import type { Json } from "./json.ts";
import type { Unmanaged } from "./plan.ts";

/** What output says about one host of several. */
interface OfHost {
  /** Absent in a session with one host. */
  readonly host?: string;
}

/** An object of ours as it is on the host. Of several hosts, the address names the host. */
export interface FoundObject {
  readonly address: Address;
  readonly state: Json;
}

/** Everything of a project on one host, and what is unmanaged there. */
export interface FoundHost {
  readonly project: string;
  readonly uri: string;
  readonly objects: readonly FoundObject[];
  readonly unmanaged: readonly Unmanaged[];
}

/** An instance that is declared, or of which something is on the host. Sizes are bytes; unknown values are null. */
export interface FoundInstance extends OfHost {
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

/** A network that is declared, or that the project has on the host. Unknown values are null. */
export interface FoundNetwork extends OfHost {
  readonly name: string;
  /** `active`, `inactive` or `missing`; null where libvirt does not list networks. */
  readonly status: "active" | "inactive" | "missing" | null;
  readonly declared: boolean;
  /** Null of a network of others, and where there is none. */
  readonly uuid: string | null;
  /** `nat`, `bridge` and so on; `external` of a network of others. */
  readonly type: string;
  /** The bridge or the network card that guests are connected to. */
  readonly bridge: string | null;
  readonly subnets: readonly string[];
  readonly autostart: boolean | null;
  /** Names of running domains that are connected to it, those of others too. Empty of a network of others. */
  readonly domains: readonly string[];
}

/** Where an image is in its life: Glance's words, and `cloned` for one that disks are cloned from in Ceph and that is never fetched. */
export type ImageStatus = "queued" | "saving" | "active" | "killed" | "cloned";

/** Disks that depend on a base image: addresses, or paths of disks that are not this project's. */
interface ImageUsers {
  /** Their data is in layers above it. */
  readonly backed: readonly string[];
  /** They were copied from it. */
  readonly copied: readonly string[];
}

/** An image that is declared, or that the cache has. Sizes are bytes; unknown values are null. */
export interface FoundImage extends ImageUsers, OfHost {
  readonly name: string;
  readonly declared: boolean;
  readonly status: ImageStatus;
  /** Without credentials. */
  readonly source: string;
  /** The digest that the configuration declares. */
  readonly checksum: string | null;
  readonly disk_format: string;
  readonly entry: string;
  /** The project that fetched it. */
  readonly project: string | null;
  readonly path: string | null;
  readonly format: string | null;
  /** As published. */
  readonly file_size: number | null;
  readonly allocated: number | null;
  readonly virtual_size: number | null;
  /** Of the published file, and of the base image. */
  readonly digest: string | null;
  readonly content_digest: string | null;
  /** The mirror that gave it in place of its source, without credentials. */
  readonly mirror: string | null;
  readonly fetched_at: string | null;
}

/** What reading a base image again showed. `recorded`: it had no digest, and has one now. */
export interface VerifiedImage extends ImageUsers, OfHost {
  readonly image: string;
  readonly entry: string;
  readonly path: string;
  readonly outcome: "intact" | "changed" | "recorded" | "unrecorded";
  /** SHA-256 in hex. */
  readonly expected: string | null;
  readonly found: string;
}

/** What a command other than a plan or an apply found out, for reporters to show. */
export type Result =
  /** A configuration was checked. */
  | { readonly kind: "validation"; readonly files: readonly string[]; readonly diagnostics: readonly Diagnostic[] }
  /** A host was checked. */
  | { readonly kind: "findings"; readonly findings: readonly Finding[] }
  /** `wide`: people asked for more columns. */
  | { readonly kind: "instances"; readonly instances: readonly FoundInstance[]; readonly wide?: boolean }
  | { readonly kind: "networks"; readonly networks: readonly FoundNetwork[] }
  /** Everything of a project, and the unmanaged objects, of each host. */
  | { readonly kind: "hosts"; readonly hosts: readonly FoundHost[] }
  /** The objects that were asked for by name, in full. */
  | { readonly kind: "objects"; readonly objects: readonly FoundObject[] }
  | { readonly kind: "images"; readonly images: readonly FoundImage[] }
  /** One base image was compared with its record. */
  | { readonly kind: "verified"; readonly verified: VerifiedImage }
  /** Whether the source of an image has other content now than when it was fetched; `failed`: it could not be asked. */
  | {
      readonly kind: "freshness";
      readonly host?: string;
      readonly image: string;
      readonly outcome: "current" | "outdated" | "unknown" | "failed";
      readonly reason: string;
    }
  /** The digest of an image as its source gives it now, with its length, or as its publisher signed it (null). */
  | { readonly kind: "digest"; readonly host?: string; readonly image: string; readonly digest: string; readonly bytes: number | null }
  /** There was nothing to do. */
  | { readonly kind: "nothing"; readonly text: string }
  /** A text that is the result, whatever the format: a schema, a script. */
  | { readonly kind: "document"; readonly text: string };
