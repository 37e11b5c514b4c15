import type { DomainRecord, Libvirt } from "../../tools/libvirt/libvirt.ts";
import type { XmlElement } from "../../tools/xml.ts";
import type { FieldValue } from "../terms/domain-state.ts";
import type { DomainSpec } from "../terms/spec.ts";
import type { Draft } from "./draft.ts";
import type { Hotplug, LiveField } from "./live/live.ts";

/** What is the same for a field of a guest and for a field of one of its devices. */
export interface FieldTraits {
  /** People see the number as a size; it is bytes. */
  readonly size?: true;
  /** It describes the guest without changing what it runs with. */
  readonly cosmetic?: true;
  /** virtform gives every guest the same value: listed in a plan only when the host has another one, and not recorded as applied. */
  readonly fixed?: true;
  /** The value of most guests: listed in a plan and recorded as applied only when it is another one. */
  readonly usual?: FieldValue;
  /** Shown in place of a value that the stored definition does not have and the running guest has. Default: `(none)`. */
  readonly missing?: string;
  /**
   * What people set by hand is foreign as long as no configuration sets it: without a wanted value, it is compared and removed only where
   * it was applied before.
   */
  readonly onlyIfSet?: true;
  /** A guest that runs may have a value that its definition does not have: libvirt gives it one at the start. */
  readonly givenAtStart?: true;
  /** It is managed of adopted guests too, whatever the configuration sets; of others fields of them, only those that a key of the configuration is about. */
  readonly ofAdopted?: true;
  /** What a guest that runs needs for a new value. Default: `next_boot`; `none` for a cosmetic field. */
  readonly running?: "none" | "next_boot" | "restart" | LiveField;
  /** Whether a value on the host (undefined: absent) does what is wanted, where more than the same value does. Such a value stays as it is. */
  readonly satisfied?: (have: FieldValue | undefined, want: FieldValue) => boolean;
}

/**
 * What a field has in a document. A definition is never written as a whole: the document that libvirt has is edited (`merge.ts`). For each
 * field in turn, what it owns is removed, and then its value is written. Everything else in the document is foreign and stays.
 */
export interface OwnedXml {
  /** Paths (`xml-path.ts`) of all that `write` may write, below the element that it is given. Elements are owned with everything in them: where other settings may be beside ours, name the attributes. */
  readonly owns?: readonly string[];
  /** Paths of what libvirt fills in by the value, or that has no meaning with another: removed when the value changes. */
  readonly follows?: readonly string[] | ((have: FieldValue, want: FieldValue | null) => readonly string[]);
}

/** What libvirt keeps of a domain beside its definition. */
export type LookedAt = Pick<DomainRecord, "autostart" | "persistent">;

/**
 * One field of a guest, by its path in plans. It lives in the domain XML (`write`, `read`) or beside it (`look`, `set`). A field with neither
 * `want` nor `configured` is never wanted: if the host has it, it is removed.
 */
export interface GuestField extends FieldTraits, OwnedXml {
  readonly path: string;
  /** The wanted value; null when the guest is not to have the field. */
  readonly want?: (spec: DomainSpec) => FieldValue | null;
  /** A field that an instance sets by a key of its own, as it is. Takes the place of `want`. */
  readonly configured?: {
    readonly key: string;
    /** JSON Schema of the value: a string, number or boolean. */
    readonly schema: Readonly<Record<string, unknown>>;
    /** What holds when the key is not given. */
    readonly fallback: FieldValue | null;
  };
  /** Writes the value into domain XML, which has other elements already. Uses elements that exist. */
  readonly write?: (domain: Draft, value: FieldValue, spec: DomainSpec) => void;
  /** Path of the element whose existence is the field: it stays as it is while the value is as wanted, and goes as a whole. */
  readonly element?: string;
  /** Reads the value from domain XML; undefined when it is absent. */
  readonly read?: (domain: XmlElement) => FieldValue | undefined;
  /** Reads what a guest that runs has, where its definition has another place for that. */
  readonly readActive?: (domain: XmlElement) => FieldValue | undefined;
  /** Reads a value that is not part of the domain XML. */
  readonly look?: (domain: LookedAt) => FieldValue | undefined;
  /** Sets such a value on a domain that is defined. Setting it twice is harmless. */
  readonly set?: (libvirt: Libvirt, uuid: string, value: FieldValue | null) => Promise<void>;
  /** Place among the fields that a person reads of a guest that is created or deleted; absent: not among them. */
  readonly headline?: number;
}

/** The fields of one sort of device, each device under a key of its own: `disks.vda.bus`. Devices with other keys are removed. */
export interface DeviceFields<Item> extends FieldTraits, OwnedXml {
  readonly section: string;
  readonly items: (spec: DomainSpec) => readonly Item[];
  readonly key: (item: Item) => string;
  /** Path of the elements of the devices: `devices/disk`. */
  readonly at: string;
  /**
   * Gives an element the key of a device, and whatever no field has; `fresh`: the element is new and empty. The device then has `owns`, which is never removed,
   * beside what its fields own.
   */
  readonly shape: (element: Draft, item: Item, fresh: boolean) => void;
  readonly keyOf: (element: XmlElement) => string;
  /** Names of the fields of a device that are ours, where the others stay as they are; null: all. Absent: all of every device. */
  readonly given?: (item: Item) => readonly string[] | null;
  /** Whether an element is this device under another key. */
  readonly isSame?: (element: XmlElement, item: Item, spec: DomainSpec) => boolean;
  readonly fields: readonly DeviceField<Item>[];
  /** How devices come, go and change while the guest runs. Absent: at its next start. */
  readonly hotplug?: Hotplug<Item>;
  /** One line for a person about a whole device, from its fields by name. Absent: a device is not among what a person reads. */
  readonly describe?: (parts: Readonly<Record<string, FieldValue>>) => string;
}

/** One field of a device. */
export interface DeviceField<Item> extends FieldTraits, OwnedXml {
  readonly name: string;
  /** The line about an added or removed device shows the value, as it shows those that are `onlyIfSet`. */
  readonly notable?: true;
  readonly want: (item: Item, spec: DomainSpec) => FieldValue | null;
  readonly write: (element: Draft, value: FieldValue, item: Item) => void;
  readonly read: (element: XmlElement) => FieldValue | undefined;
}
