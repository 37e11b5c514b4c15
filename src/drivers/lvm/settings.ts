import { userError } from "../../model/errors.ts";
import { quantityPattern } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import { ownSettings } from "../shared/own.ts";

/** How disks are kept in LVM. */
export interface LvmSettings {
  readonly volumeGroup: string;
  readonly sparse: boolean;
  readonly volumeClear: "none" | "zero" | "shred";
  /** Bytes from the start of a volume that are cleared; 0 is the whole volume (Nova LVM-09). */
  readonly volumeClearSize: number;
}

/** The settings of LVM; undefined where the configuration has none. */
export function lvmSettings(settings: HostSettings): LvmSettings | undefined {
  return ownSettings(settings, "lvm");
}

/** The section `host.lvm` once loaded: sizes are bytes. */
interface LvmSection {
  readonly volume_group: string;
  readonly sparse?: boolean;
  readonly volume_clear?: LvmSettings["volumeClear"];
  readonly volume_clear_size?: number;
}

/** Fills the defaults. Throws a UserError without a section: there is no volume group by default (Nova LVM-01). */
export function readLvmSettings(section: unknown): LvmSettings {
  if (section === undefined) {
    throw userError(
      "lvm-not-configured",
      "images_type lvm needs a volume group",
      "Name the one that holds the disks: host: { lvm: { volume_group: vg0 } }.",
    );
  }
  const lvm = section as LvmSection;
  return {
    volumeGroup: lvm.volume_group,
    sparse: lvm.sparse ?? false,
    volumeClear: lvm.volume_clear ?? "zero",
    volumeClearSize: lvm.volume_clear_size ?? 0,
  };
}

/** The section `host.lvm`. */
export const lvmSchema = {
  type: "object",
  description: "Settings of images_type lvm.",
  additionalProperties: false,
  required: ["volume_group"],
  properties: {
    volume_group: {
      type: "string",
      description: "Volume group of the disks. It must exist. Changing it replaces existing disks, after consent.",
      pattern: "^[a-zA-Z0-9+_.][a-zA-Z0-9+_.-]*$",
      expects: "the name of a volume group",
      examples: ["vg0"],
    },
    sparse: {
      type: "boolean",
      description: "Creates thin volumes that take space as the guest writes. Monitor the volume group: guests stop when it is full.",
      default: false,
      examples: [true],
    },
    volume_clear: {
      type: "string",
      description: "How the data of a volume is erased before the volume is removed.",
      enum: ["none", "zero", "shred"],
      meanings: { none: "It is not erased.", zero: "It is overwritten with zeros.", shred: "It is overwritten three times." },
      default: "zero",
      examples: ["none"],
    },
    volume_clear_size: {
      type: "string",
      description:
        "How much of a volume is erased, from its start. 0MiB: the whole volume. A number with a binary unit: B, KiB, MiB, GiB or TiB.",
      pattern: quantityPattern,
      quantity: {},
      examples: ["0MiB", "100MiB"],
      default: "0MiB",
    },
  },
} as const;
