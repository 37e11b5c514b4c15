import type { DomainPower } from "../../tools/libvirt/libvirt.ts";
import type { DomainSpec } from "./spec.ts";

/** Fields of a domain by path (`memory`, `disks.vda.source`). Sizes are bytes. */
export type DomainFields = Readonly<Record<string, string | number | boolean>>;

/** Owner and last-applied fields of a domain. */
export interface DomainLabel {
  readonly project: string;
  readonly instance: string;
  readonly preventDestroy: boolean;
  readonly powerState: DomainSpec["powerState"];
  /** Undefined when it cannot be read: whether configuration or host changed is then unknown. */
  readonly applied: DomainFields | undefined;
}

/** A domain as found. */
export interface DomainState {
  readonly uuid: string;
  readonly name: string;
  readonly power: DomainPower;
  readonly persistent: boolean;
  /** Undefined when the domain carries no label. */
  readonly label: DomainLabel | undefined;
  readonly fields: DomainFields;
  /** Source path by target name: `vda` → `/var/lib/…/disk`. */
  readonly disks: Readonly<Record<string, string>>;
}
