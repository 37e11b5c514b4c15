import { driverNames } from "../../drivers/index.ts";
import { size } from "../schema-parts.ts";

/** One entry of `volumes`: a disk that outlives instances. */
export const volumeSchema = {
  type: "object",
  description: "A disk of its own: it stays when the instance that uses it goes. Instances attach it by name.",
  additionalProperties: false,
  required: ["size"],
  not: { required: ["image", "format"] },
  expects: "image or format, not both: an image brings its own filesystem",
  properties: {
    size: size("Its size. It can grow, also while a guest uses it, and never shrinks.", ["10GiB"], { minimum: "1MiB", multipleOf: "1MiB" }),
    images_type: {
      type: "string",
      description: "Where it lives. Default: images_type of host. Cannot change later.",
      get enum() {
        return driverNames();
      },
      examples: ["flat"],
    },
    image: {
      type: "string",
      description: "The image that it begins as: a name from images. For a volume to boot from. Cannot change later.",
      reference: "images",
      examples: ["debian-13"],
    },
    format: {
      type: "string",
      description:
        "The filesystem that it is made with, labelled with the first 11 characters of its name (in vfat capitals, and _ for dots). Default: none, it is empty. Cannot change later.",
      enum: ["ext4", "ext3", "ext2", "xfs", "vfat", "ntfs"],
      examples: ["ext4"],
    },
    prevent_destroy: {
      type: "boolean",
      description: "Refuse every plan that would delete it. Kept beside the volume: it protects even when the file no longer names it.",
      default: false,
      examples: [true],
    },
  },
} as const;
