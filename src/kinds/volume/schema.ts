import { driverMeanings, driverNames, plainFileDriver } from "../../drivers/index.ts";
import { encryptionSchema } from "../config/encryption-schema.ts";
import { size } from "../schema-parts.ts";

/** One entry of `volumes`: a disk that is independent of instances. */
export const volumeSchema = {
  type: "object",
  description: "A disk that is kept when the instance that uses it is deleted. Instances attach it by name.",
  additionalProperties: false,
  required: ["size"],
  not: { required: ["image", "format"] },
  synonyms: { capacity: "size", filesystem: "format", fs: "format", fstype: "format", backend: "images_type", driver: "images_type" },
  examples: [{ size: "10GiB" }],
  expects: "image or format, not both: an image brings its own filesystem",
  properties: {
    size: size("Size of the volume. It can be increased, also while a guest uses it, and never decreased.", ["10GiB"], {
      minimum: "1MiB",
      multipleOf: "1MiB",
    }),
    images_type: {
      type: "string",
      description: "Storage driver. Default: images_type of host. Cannot be changed later.",
      get enum() {
        return driverNames();
      },
      get meanings() {
        return driverMeanings();
      },
      examples: [plainFileDriver],
    },
    image: {
      type: "string",
      description: "Initial content, for a bootable volume: a name from images. Cannot be changed later.",
      reference: "images",
      examples: ["debian-13"],
    },
    format: {
      type: "string",
      description:
        "Filesystem to create, labelled with the first 11 characters of the volume's name (for vfat in upper case, with _ for dots). Default: none. Cannot be changed later.",
      enum: ["ext4", "ext3", "ext2", "xfs", "vfat", "ntfs"],
      examples: ["ext4"],
    },
    renamed_from: {
      type: "string",
      description:
        "The name that this volume had before. A volume of that name is renamed and keeps its uuid, data and place in its guest. Without such a volume the key has no effect and can be removed.",
      formerly: "volumes",
      minLength: 1,
      examples: ["database"],
    },
    encryption: encryptionSchema(
      "Encrypts the volume with LUKS under a passphrase of its own: within the file of qcow2, around the whole disk with flat, lvm and rbd; ploop cannot. Cannot be changed later.",
    ),
    prevent_destroy: {
      type: "boolean",
      description:
        "Rejects every plan that deletes the volume. Stored beside the volume, so it also protects a volume that was removed from the file.",
      default: false,
      examples: [true],
    },
  },
} as const;
