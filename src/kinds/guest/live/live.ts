import type { Libvirt } from "../../../tools/libvirt/libvirt.ts";
import type { DomainFields, FieldValue } from "../../terms/domain-state.ts";
import type { DomainSpec } from "../../terms/spec.ts";

/** A value for a running guest. */
export interface LiveValue {
  /** Path of the field: `memory`, `disks.vda.total_iops_sec`. */
  readonly path: string;
  /** Null: the guest is not to have the field. */
  readonly want: FieldValue | null;
  readonly spec: DomainSpec;
}

/** A running guest, as far as it decides what it can take. */
export interface RunningGuest {
  readonly active: DomainFields;
  /** PCI ports that a device can be added to; null where there is no such limit. */
  readonly freePorts: number | null;
}

/** True, or in words why the running guest cannot take something; no words where no running guest can. */
export type Possible = true | string;

/** How a running guest gets a new value of a field. */
export interface LiveField {
  readonly act: (libvirt: Libvirt, value: LiveValue) => Promise<void>;
  readonly possible: (value: LiveValue, guest: RunningGuest) => Possible;
  /** What happens where it is not possible. */
  readonly otherwise: "next_boot" | "restart";
}

/** `live(setMemory).when(withinMaximum).otherwise("next_boot")`: what a running guest needs for a new value of a field. */
export function live(act: LiveField["act"]) {
  return {
    when: (possible: LiveField["possible"]) => ({
      otherwise: (otherwise: LiveField["otherwise"]): LiveField => ({ act, possible, otherwise }),
    }),
  };
}

/** How devices of one sort come, go and change while the guest runs. */
export interface Hotplug<Item> {
  readonly attach: (item: Item, guest: RunningGuest) => Possible;
  /** `key`: of the device, as in paths. */
  readonly detach: (key: string, guest: RunningGuest) => Possible;
  /** Names of fields that a device of a running guest can change. */
  readonly changes: (key: string, guest: RunningGuest) => readonly string[];
  /** A device that changes otherwise is taken away, and another comes in its place. */
  readonly replaces?: true;
  readonly change?: (item: Item, key: string, guest: RunningGuest) => Possible;
  /** Whether a device takes a PCI port. */
  readonly takesPort: (item: Item) => boolean;
}

/** What a guest needs for a new value in the end: that of its row, or where a live change is not possible. */
export function laterOf(running: LiveField | "none" | "next_boot" | "restart" | undefined): "none" | "next_boot" | "restart" {
  if (running === undefined) return "next_boot";
  return typeof running === "object" ? running.otherwise : running;
}
