import { packings } from "../../model/packing.ts";
import { checksumSchema } from "../config/checksum-schema.ts";
import { extraSpecs } from "../config/hardware/extra-specs.ts";
import { imageProperties } from "../config/hardware/image-properties.ts";
import { novaSchema } from "../config/hardware/nova-schema.ts";
import { accessSchema } from "../config/image-access-schema.ts";
import { publishSchema } from "../config/publish-schema.ts";
import { sizeOr } from "../schema-parts.ts";
import { sourcePattern } from "./source-pattern.ts";

/** The schemes of this version, those that it does not support yet included. */
export const schemes: readonly string[] = ["file", "https?", "glance(?:\\+http)?", "rbd", "instance", "volume"];

const diskFormat = {
  type: "string",
  description: "Format of the image file, as Glance names it. It is not detected: content of another format is rejected.",
  enum: ["raw", "qcow2", "vmdk", "vhd", "vhdx", "vdi", "ploop", "iso", "ami", "aki", "ari", "root-tar"],
  meanings: {
    raw: "The bytes of the disk.",
    qcow2: "QEMU.",
    vmdk: "VMware.",
    vhd: "Virtual PC and Xen.",
    vhdx: "Hyper-V.",
    vdi: "VirtualBox.",
    ploop: "One expanded image file without snapshots.",
    iso: "A CD.",
    ami: "The root filesystem of an image with its own kernel.",
    aki: "A kernel.",
    ari: "A ramdisk.",
    "root-tar":
      "A root file system as a tar archive, compressed or not, for containers and for guests with a kernel of their own. It becomes a raw ext4 file system.",
  },
  guess: { from: "source", endings: { qcow2: "qcow2", raw: "raw", iso: "iso", vmdk: "vmdk", vhd: "vhd", vhdx: "vhdx", vdi: "vdi" } },
  examples: ["qcow2", "raw"],
} as const;

/** One entry of `images`: the content of a disk, or a kernel or ramdisk. */
export const imageSchema = {
  type: "object",
  description: "An image: source and format of its content. Fetched once and kept as a base image that never changes.",
  additionalProperties: false,
  required: ["source"],
  // An image in Glance has a format there.
  if: { required: ["source"], properties: { source: { pattern: "^glance(?:\\+http)?://" } } },
  else: { required: ["disk_format"], properties: { disk_format: diskFormat } },
  dependentRequired: { ramdisk: ["kernel"] },
  synonyms: {
    url: "source",
    path: "source",
    file: "source",
    location: "source",
    format: "disk_format",
    type: "disk_format",
    initrd: "ramdisk",
    compression: "unpack",
    packing: "unpack",
    uncompressed_sha256: "content_checksum",
  },
  elsewhere: {
    sha256: "Write checksum: sha256:… for it.",
    sha512: "Write checksum: sha512:… for it.",
    md5: "MD5 no longer proves anything: write checksum: sha256:…, which `virtform image lock` computes.",
  },
  examples: [{ source: "./debian-13.qcow2", disk_format: "qcow2" }],
  properties: {
    source: {
      type: "string",
      description:
        "Location of the image: a path (relative to this file), or a URL with the scheme file, https, http, glance or rbd. instance://NAME/root takes the root disk of an instance of this project, once, also while its guest runs; volume://NAME takes a volume.",
      pattern: sourcePattern(schemes),
      path: "absolute",
      credentials: "refused",
      expects: "a path, or a URL that starts with file://, https://, http://, glance://, rbd://, instance:// or volume://",
      examples: ["./debian-13.qcow2", "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-generic-amd64.qcow2"],
    },
    mirrors: {
      type: "array",
      description:
        "Further addresses of the same file on web servers. They are asked in this order when source, also on the web, does not give the file or gives other bytes. The image needs a checksum. access is presented to the server of source only.",
      items: {
        type: "string",
        description: "A URL with the scheme https or http.",
        pattern: "^[hH][tT][tT][pP][sS]?://[^\\s/]+/[^\\s]*$",
        credentials: "refused",
        expects: "a URL that starts with https:// or http://",
        examples: ["https://mirror.example.org/debian-13.qcow2"],
      },
      minItems: 1,
      maxItems: 16,
      uniqueItems: true,
      examples: [["https://mirror.example.org/debian-13.qcow2"]],
    },
    access: accessSchema,
    locations: {
      type: "array",
      description:
        "Locations of the same content in Ceph, as Glance lists them. A disk on rbd is cloned from the first one that is a protected snapshot of a raw image in the same cluster; otherwise source is fetched.",
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
    checksum: checksumSchema,
    unpack: {
      type: "string",
      description:
        "How the file at source is packed. By default its ending decides (.gz, .xz, .zst, .bz2, .tar, .tar.xz, .tgz, .ova and so on); a kernel or ramdisk is not unpacked by default. checksum is about the packed file, disk_format about what is inside.",
      enum: packings,
      meanings: {
        none: "Not packed, whatever its name.",
        gz: "gzip.",
        xz: "xz.",
        zst: "Zstandard.",
        bz2: "bzip2.",
        tar: "A tar archive with one disk.",
        "tar.gz": "A tar archive with one disk, compressed with gzip.",
        "tar.xz": "A tar archive with one disk, compressed with xz.",
        "tar.zst": "A tar archive with one disk, compressed with Zstandard.",
        "tar.bz2": "A tar archive with one disk, compressed with bzip2.",
        ova: "An OVF package in one file, with one disk. Its manifest is checked.",
      },
      examples: ["xz"],
    },
    content_checksum: {
      type: "string",
      description: "Expected digest of what is inside a packed image, as some publishers state it beside that of the packed file.",
      pattern: "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$",
      digest: true,
      examples: ["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    },
    disk_format: { ...diskFormat, description: `${diskFormat.description} Not required for an image in Glance, which has one there.` },
    min_disk: sizeOr("0GiB", "Minimum size of the root disk; a smaller flavor is an error.", ["2GiB"]),
    min_ram: sizeOr("0MiB", "Minimum memory; a smaller flavor is an error.", ["256MiB"]),
    properties: {
      ...novaSchema(imageProperties, extraSpecs, {
        noun: "image property",
        description: "Glance image properties; docs/nova-keys.md lists them. Values are strings.",
        otherPlace: "an extra spec of a flavor",
      }),
      examples: [{ os_type: "linux", hw_disk_bus: "virtio" }],
    },
    publish: publishSchema,
    kernel: {
      type: "string",
      description: "Kernel image (a name from images) for direct kernel boot, instead of the boot loader on the disk.",
      reference: "images",
      examples: ["debian-13-kernel"],
    },
    ramdisk: {
      type: "string",
      description: "Initial ramdisk of the kernel: a name from images.",
      reference: "images",
      examples: ["debian-13-initrd"],
    },
  },
} as const;
