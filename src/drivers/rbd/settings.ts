import { userError } from "../../model/errors.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import type { HostSettings } from "../../model/settings.ts";
import { ownFacts, ownSettings } from "../shared/own.ts";

/** How disks are kept in Ceph. */
export interface RbdSettings {
  readonly pool: string;
  /** Without `client.`; null leaves it to Ceph's own default. */
  readonly user: string | null;
  /** Path of the Ceph configuration file on the host. */
  readonly conf: string;
  /** libvirt's secret with the user's key. */
  readonly secretUuid: string | null;
  /** Whether a root disk that grows keeps a snapshot from before (Nova RBD-10). */
  readonly resizeSnapshot: boolean;
}

/** The Ceph cluster that disks are kept in. */
export interface CephFacts {
  readonly fsid: string;
  /** As `host:port`. */
  readonly monitors: readonly string[];
  /** Whether the pool exists. */
  readonly pool: boolean;
  /** Bytes that can still be written to the pool; null where that is not known. Absent: not looked up. */
  readonly room?: number | null;
  /** Whether libvirt knows the secret with the key of the guests; null where none is configured. */
  readonly secret: boolean | null;
  /** Of the images that the configuration names in Ceph, those that disks can be cloned from: bytes by `rbd://` address. */
  readonly cloneable: Readonly<Record<string, number>>;
}

/** The settings of Ceph; undefined where the configuration has none. */
export function rbdSettings(settings: HostSettings): RbdSettings | undefined {
  return ownSettings(settings, "rbd");
}

/** What was found of the cluster; undefined where the configuration names none. */
export function cephFacts(facts: HostFacts): CephFacts | undefined {
  return ownFacts(facts, "rbd");
}

/** The section `host.rbd` as written. */
interface RbdSection {
  readonly pool: string;
  readonly user?: string;
  readonly conf?: string;
  readonly secret_uuid?: string;
  readonly resize_snapshot?: boolean;
}

/** Fills the defaults. Throws a UserError without a section: there is no pool by default (Nova RBD-01). */
export function readRbdSettings(section: unknown): RbdSettings {
  if (section === undefined) {
    throw userError(
      "rbd-not-configured",
      "images_type rbd needs a pool",
      "Name the one that holds the disks: host: { rbd: { pool: vms } }.",
    );
  }
  const rbd = section as RbdSection;
  return {
    pool: rbd.pool,
    user: rbd.user ?? null,
    conf: rbd.conf ?? "/etc/ceph/ceph.conf",
    secretUuid: rbd.secret_uuid ?? null,
    resizeSnapshot: rbd.resize_snapshot ?? true,
  };
}

/** The section `host.rbd`. */
export const rbdSchema = {
  type: "object",
  description: "Settings of images_type rbd.",
  additionalProperties: false,
  required: ["pool"],
  dependentRequired: { secret_uuid: ["user"], user: ["secret_uuid"] },
  properties: {
    pool: {
      type: "string",
      description: "Ceph pool of the disks. It must exist. Changing it replaces existing disks, after consent.",
      pattern: "^[a-zA-Z0-9_.][a-zA-Z0-9_.-]*$",
      expects: "the name of a pool: letters, digits, dots, underscores and hyphens",
      examples: ["vms"],
    },
    user: {
      type: "string",
      description: "Ceph user without the prefix `client.`. Default: the user of the Ceph configuration (client.admin).",
      pattern: "^[a-zA-Z0-9_.][a-zA-Z0-9_.-]*$",
      expects: "the name of a Ceph user: letters, digits, dots, underscores and hyphens",
      examples: ["cinder"],
    },
    conf: {
      type: "string",
      description: "Ceph configuration file on the host.",
      pattern: "^/[^\\u0000-\\u001f]*$",
      expects: "an absolute path on the host",
      default: "/etc/ceph/ceph.conf",
      examples: ["/etc/ceph/ceph.conf"],
    },
    secret_uuid: {
      type: "string",
      description: "UUID of the libvirt secret that holds the user's key.",
      pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
      expects: "a uuid in lower case",
      examples: ["457eb676-33da-42ec-9a8c-9293d545c337"],
    },
    resize_snapshot: {
      type: "boolean",
      description:
        "Creates a snapshot named nova-resize before a root disk grows, so that the growth can be rolled back. `virtform confirm` removes it.",
      default: true,
      examples: [false],
    },
  },
} as const;
