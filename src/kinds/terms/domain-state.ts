import type { WrongAccess } from "../../drivers/shared/file-access.ts";
import type { DomainPower } from "../../tools/libvirt/libvirt.ts";
import type { DiskChain } from "./disk-chain.ts";
import type { DomainSpec } from "./spec.ts";

/** Value of one field of a domain. Sizes are bytes. */
export type FieldValue = string | number | boolean;

/** Fields of a domain by path: `memory`, `disks.vda.source`. */
export type DomainFields = Readonly<Record<string, FieldValue>>;

/** Owner and last-applied fields of a domain. */
export interface DomainLabel {
  readonly project: string;
  readonly instance: string;
  /** The name that the instance was created as; absent: that name. */
  readonly origin?: string;
  readonly preventDestroy: boolean;
  /** Other programs made the guest, with these files and devices as its disks: they are never created or deleted. Null: virtform made it. */
  readonly adopted: readonly string[] | null;
  readonly powerState: DomainSpec["powerState"];
  /** The fields that were last applied, as they are recorded (JSON); null where they are not. `appliedFields` reads them. */
  readonly applied: string | null;
}

/** A part of a definition that virtform does not manage and that libvirt does not fill in: people or other programs made it. */
export interface ForeignPart {
  /** For people, in the manner of the fields: `cputune`, `watchdog`, `disks.vda.iotune`. */
  readonly path: string;
  /** An element with everything in it, on one line; the value of an attribute or of a text. */
  readonly xml: string;
  /** Fields or devices that keys of the configuration would set here: `quota.cpu_shares`, `hostdevs.pci 0000:03:00.0`; null: there is no key for a part of it. */
  readonly fields: readonly (string | null)[];
}

/** A domain as found. */
export interface DomainState {
  readonly uuid: string;
  readonly name: string;
  readonly power: DomainPower;
  /** What keeps a paused guest from running, in words; absent when nothing does. */
  readonly pausedBy?: string;
  /** It is off because its last start failed. */
  readonly failedStart?: true;
  readonly persistent: boolean;
  /** The instance that its label names, where the configuration has another name for it since. */
  readonly earlier?: string;
  /** The instance directory with its label is missing. */
  readonly unlabelled?: true;
  /** An apply started it and did not see that it was ready (`wait_for`). */
  readonly unready?: true;
  /** An apply started it paused, until its interfaces are ready, and has not resumed it. */
  readonly plugging?: true;
  /** An apply powered it off before it ran, because its interfaces were not ready. */
  readonly unplugged?: true;
  /** Files beside its disks that are missing (null), or have other permissions or owners than they should have. Absent: none. */
  readonly files?: Readonly<Record<string, WrongAccess | null>>;
  /** What has the place of such files and is no regular file, by their names: `a symbolic link`. Absent: nothing. */
  readonly blocked?: Readonly<Record<string, { readonly path: string; readonly obstacle: string }>>;
  /** Undefined when the domain carries no label: a guest that the configuration adopts, or not ours. */
  readonly label: DomainLabel | undefined;
  /** Of the definition that the next start uses, and beside it. */
  readonly fields: DomainFields;
  /** Of the definition that the guest runs with; null when it does not run. */
  readonly active: DomainFields | null;
  /** What its label records as applied, as JSON: the guest was started with it. Null when it does not run or is not recorded. */
  readonly activeApplied: string | null;
  /** PCI ports of the running guest that a device can be added to; null where it does not run, or its machine has no such limit. */
  readonly freePorts: number | null;
  /** What else its definition holds; empty for a domain without a label. */
  readonly foreign: readonly ForeignPart[];
  /** Digest of its inactive definition; empty for a domain without a label. */
  readonly definition: string;
  /** Source path by target name: `vda` → `/var/lib/…/disk`. */
  readonly disks: Readonly<Record<string, string>>;
  /** Names of the snapshots and checkpoints that libvirt records of it. Absent: none. */
  readonly snapshots?: readonly string[];
  readonly checkpoints?: readonly string[];
  /** What lies below disks that are not simply one of ours. Absent: all are. */
  readonly chains?: readonly DiskChain[];
}
