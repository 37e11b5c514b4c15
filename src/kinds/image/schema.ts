import { sizeOr } from "../schema-parts.ts";

/** One entry of `images`: something that a disk can be made from, or a kernel or ramdisk to boot with. */
export const imageSchema = {
  type: "object",
  description: "An image: where its bytes come from and what they are. Fetched once, kept as a base image, never changed.",
  additionalProperties: false,
  required: ["source", "disk_format"],
  dependentRequired: { ramdisk: ["kernel"] },
  properties: {
    source: {
      type: "string",
      description: "Where the bytes come from: a path (relative to this file), or a URL with file, https, http, glance or rbd.",
      pattern: "^(?:(?:file|https?|glance|rbd)://[^\\s]+|(?![a-zA-Z][a-zA-Z0-9+.-]*://)[^\\u0000-\\u001f]+)$",
      path: "absolute",
      credentials: "refused",
      expects: "a path, or a URL that starts with file://, https://, http://, glance:// or rbd://",
      examples: ["./debian-13.qcow2", "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-generic-amd64.qcow2"],
    },
    locations: {
      type: "array",
      description:
        "The same bytes in Ceph, as Glance writes its locations. A disk on rbd is cloned from the first that is a protected snapshot in its cluster, of a raw image; else source is fetched.",
      items: {
        type: "string",
        description: "A snapshot: rbd://FSID/POOL/IMAGE/SNAPSHOT.",
        pattern: "^rbd://[^/\\s]+/[^/\\s]+/[^/\\s]+/[^/\\s]+$",
        expects: "rbd://FSID/POOL/IMAGE/SNAPSHOT, four parts and none of them empty",
        examples: ["rbd://67117051-4b98-4d6e-8eb9-7c539b39e90c/images/debian-13/snap"],
      },
      maxItems: 16,
      examples: [["rbd://67117051-4b98-4d6e-8eb9-7c539b39e90c/images/debian-13/snap"]],
    },
    checksum: {
      type: "string",
      description: "The digest that the bytes must have. `virtform image lock` writes it. Without one, what comes is believed.",
      pattern: "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$",
      digest: true,
      examples: ["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    },
    disk_format: {
      type: "string",
      description:
        "The format of the bytes, as Glance names it. Never guessed: content of another format is refused. Kernels are aki, ramdisks ari. ploop is one expanded image file without snapshots.",
      enum: ["raw", "qcow2", "vmdk", "vhd", "vhdx", "vdi", "ploop", "iso", "ami", "aki", "ari"],
      examples: ["qcow2", "raw"],
    },
    min_disk: sizeOr("0GiB", "The smallest root disk that the image runs on; a flavor with less is an error.", ["2GiB"]),
    min_ram: sizeOr("0MiB", "The least memory that the image runs with; a flavor with less is an error.", ["256MiB"]),
    properties: {
      type: "object",
      description:
        "What Glance would hold as image properties: os_type, hw_disk_bus, hw_machine_type, hw_vif_model and the like. Values are strings.",
      additionalProperties: { type: "string", description: "The value of the property.", maxLength: 255, examples: ["linux"] },
      examples: [{ os_type: "linux", hw_disk_bus: "virtio" }],
    },
    kernel: {
      type: "string",
      description:
        "Another image of this file: the kernel that guests of this image are started with, instead of a boot loader on the disk.",
      reference: "images",
      examples: ["debian-13-kernel"],
    },
    ramdisk: {
      type: "string",
      description: "Another image of this file: the initial ramdisk that goes with the kernel.",
      reference: "images",
      examples: ["debian-13-initrd"],
    },
  },
} as const;
