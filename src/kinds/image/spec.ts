import type { DigestAlgorithm, Digests } from "../../model/host.ts";
import type { Packing } from "../../model/packing.ts";
import type { SourceImage } from "../../model/source-image.ts";
import type { Validators } from "../../model/web-access.ts";
import type { ImageAccess } from "../../sources/access.ts";
import type { Signers } from "../../sources/glance/settings.ts";

/** Formats that an image's content can have, as Glance names them (Nova FET-19). */
export type DiskFormat = "raw" | "qcow2" | "vmdk" | "vhd" | "vhdx" | "vdi" | "ploop" | "iso" | "ami" | "aki" | "ari" | "root-tar";

/** An image that should be in the base-image cache. */
export interface ImageSpec {
  readonly name: string;
  /** Derived from the declared digest, else from the source; the cache entry is its SHA-1 (Nova LAY-03). */
  readonly id: string;
  readonly entry: string;
  /** Absolute path, or URL with a scheme. */
  readonly source: string;
  /** Addresses of the same bytes, which are asked in this order after the source. Absent: none. */
  readonly mirrors?: readonly string[];
  /** How often, and for how many milliseconds, a download from the web is tried again without progress. Absent: as usual. */
  readonly retry?: { readonly retries?: number; readonly retryMs?: number };
  readonly checksum: { readonly algorithm: DigestAlgorithm; readonly hex: string } | null;
  /** The signed file that the checksum comes from, whether the configuration has the digest as well, and the key; null for no such file. */
  readonly signed: { readonly file: string; readonly pinned: boolean; readonly signer: string | null } | null;
  /** How the source is packed. The checksum is about the packed bytes, disk_format about what is inside. */
  readonly unpack: Packing;
  readonly contentChecksum: { readonly algorithm: DigestAlgorithm; readonly hex: string } | null;
  /** References to what its source asks for; null for nothing. */
  readonly access: ImageAccess | null;
  readonly diskFormat: DiskFormat;
  /** Format of the base image: raw where images are converted, else the format of the source. */
  readonly format: "raw" | "qcow2";
  /** A kernel or ramdisk: fetched with the same care, never converted (Nova FET-01). */
  readonly bootFile: boolean;
  /** Bytes. */
  readonly minDisk: number;
  readonly minRam: number;
  /** The smallest root disk, in bytes, that an instance of this configuration gives it; null when it is not limited. */
  readonly maxVirtualSize: number | null;
  readonly properties: Readonly<Record<string, string>>;
  /** Most bytes that may be published. Absent: no cap. */
  readonly sizeCap?: number;
  /** Bytes of one that all disks are cloned from within their Ceph cluster: it is not fetched. Null for any other. */
  readonly cloneSize: number | null;
  /** Of an action that takes it from a disk: the plan says that the file systems in it are consistent. */
  readonly consistent?: true;
  /** Uuids of the declared instances that attach the volume which it is taken from. Absent: none. */
  readonly users?: readonly string[];
  /** Hosts that may have its base image, and whether they are asked before the source. Absent: none. */
  readonly peers?: { readonly addresses: readonly string[]; readonly first: boolean };
  /** What the image service says about it; null for other sources. */
  readonly found: SourceImage | null;
  /** What its signature is checked with, and whether it must have one; null where none is checked. */
  readonly signers: (Signers & { readonly required: boolean }) | null;
}

/** What the sidecar `_base/<entry>.json` records about a base image. It is written before the base gets its name. */
export interface ImageSidecar {
  readonly version: 1;
  readonly id: string;
  /** The project that brought it here. */
  readonly project: string;
  /** The name it had in that project's configuration. */
  readonly image: string;
  /** Without credentials. */
  readonly source: string;
  /** Of the bytes as they came; always with sha256. */
  readonly digests: Digests;
  /** How many came. Absent: an earlier version fetched it. */
  readonly bytes?: number;
  /** Who signed a checksum of them, and in which file. Absent: it was not in a signed file. */
  readonly signed?: { readonly file: string; readonly signer: string };
  /** Their signature in the image service was checked. Absent: none was, or an earlier version fetched it. */
  readonly signatureChecked?: true;
  /** The mirror that the last of them came from, without credentials. Absent: the source gave them. */
  readonly mirror?: string;
  /** What the server said about them, to ask it later whether they changed. */
  readonly validators?: Validators;
  /** SHA-256 of a base image that was converted. Absent: see `contentDigest`. */
  readonly content?: string;
  /** How they were packed; absent where they were not. */
  readonly unpack?: Packing;
  /** Of the image that was inside; absent where nothing was packed. */
  readonly unpacked?: Digests;
  readonly diskFormat: DiskFormat;
  readonly format: "raw" | "qcow2";
  /** Bytes. */
  readonly virtualSize: number;
  readonly fetchedAt: string;
  /** The host whose base image it is a copy of. Absent: it came from the source. */
  readonly peer?: string;
  /** Fetched as a kernel or ramdisk, so its content has not been looked at: never to be used as a disk. */
  readonly bootFile?: true;
}

/** A complete base image as found: both its file and its sidecar exist. */
export interface ImageState {
  readonly sidecar: ImageSidecar;
  readonly entry: string;
  readonly path: string;
  /** Bytes: length and what it takes on the disk. */
  readonly size: number;
  readonly allocated: number;
  readonly mode: number;
  /** When a disk was last made from it, in milliseconds since 1970. */
  readonly usedAt: number;
  /** Disks of any project that are backed by it. A removal looks again, more closely. */
  readonly users: readonly BaseUser[];
  /** Names of its grown copies (Nova LAY-06), which go with it. Absent: none. */
  readonly copies?: readonly string[];
}

/** An empty disk with a filesystem in the cache, as found (Nova QCOW-09). It has no owner: any project creates and uses it. */
export interface BlankState {
  readonly kind: "blank";
  readonly entry: string;
  readonly path: string;
  /** Bytes that it takes. */
  readonly allocated: number;
  /** When it was made, in milliseconds since 1970. */
  readonly writtenAt: number;
  readonly users: readonly BaseUser[];
}

/** A disk that is backed by a base image. */
export interface BaseUser {
  readonly path: string;
  /** Owner of its instance directory; undefined where no label says. */
  readonly project?: string;
}
