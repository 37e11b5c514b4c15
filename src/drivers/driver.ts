import type { ReportProgress } from "../model/action.ts";
import type { Address } from "../model/address.ts";
import type { Context } from "../model/context.ts";
import type { Cost } from "../model/cost.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Finding } from "../model/finding.ts";
import type { HostFacts } from "../model/host-facts.ts";
import type { SecretRef } from "../model/secret.ts";
import type { HostSettings } from "../model/settings.ts";
import type { GuestDisk } from "../tools/guestfs/guest-disk.ts";
import type { Filesystem } from "../tools/mkfs.ts";
import type { WrongAccess } from "./shared/file-access.ts";

/** The base image that a disk is made from. */
export interface BaseRef {
  /** Name in the configuration. */
  readonly image: string;
  /** Cache entry (40 hex digits). */
  readonly entry: string;
  /** Absolute path of the base image on the host. */
  readonly path: string;
  /** Format of the base image's content, as decided when it was cached; never probed again. */
  readonly format: "raw" | "qcow2";
  /** `rbd://fsid/pool/image/snap` of raw images that a disk in the same cluster may be cloned from (Nova RBD-04), the best first. */
  readonly cloneFrom: readonly string[];
}

/** What a disk that is made from nothing holds at first (Nova GEN-02 … GEN-04, GEN-10). */
export interface BlankContent {
  readonly filesystem: Filesystem;
  /** `ephemeral0`; empty for none. */
  readonly label: string;
  /** This filesystem is a default, so an existing disk may have another one. */
  readonly usual: boolean;
  /** The name by which the configuration distinguishes the ephemerals of an instance; null for none. */
  readonly name: string | null;
}

/**
 * What a disk holds when it is created: a base image, a filesystem or nothing, or bytes that are written by `Put`. `injected`: what is written into
 * the file system of the image before the first boot, as its record has it; absent: nothing.
 */
export type DiskContent =
  | { readonly kind: "base"; readonly base: BaseRef; readonly injected?: string }
  | { readonly kind: "blank"; readonly blank: BlankContent | null }
  | { readonly kind: "bytes" };

/** The object that a disk belongs to: an instance, or the volume that the disk is. Its label records what was applied to the disk. */
export interface DiskOwner {
  /** `domain/web-0`, `volume/data`. */
  readonly address: Address;
  /** Absolute path of its directory, which holds its label and the disks that are files. */
  readonly directory: string;
  /** Its name in messages, and in the labels of disks that are not files: `web-0`, `volume data`. */
  readonly label: string;
  /** The owner has prevent_destroy: its disks are neither removed nor recreated. */
  readonly protects: boolean;
}

/** One disk that virtform owns, as it should be. */
export interface DiskSpec extends DiskRef {
  readonly owner: DiskOwner;
  readonly role: "root" | "ephemeral" | "swap" | "kernel" | "ramdisk" | "rescue" | "volume" | "drive";
  readonly backend: string;
  /** Virtual size in bytes; null keeps the size of the base image (Nova BLD-14), or that of the bytes. */
  readonly size: number | null;
  readonly content: DiskContent;
  readonly preallocate: "none" | "space";
  /** LUKS: inside a qcow2 file, else around all that the disk holds; null: it is not encrypted. */
  readonly encryption: DiskEncryption | null;
}

/** How a disk is encrypted: by a passphrase that is only referred to, and that libvirt keeps under a uuid. */
export interface DiskEncryption {
  readonly passphrase: SecretRef;
  readonly secretUuid: string;
}

/** One whole disk as found. A half-made disk is never reported. */
export interface DiskState {
  readonly backend: string;
  readonly format: "raw" | "qcow2";
  /** Virtual size in bytes. */
  readonly size: number;
  /** Bytes it takes now, where that is known without counting. */
  readonly allocated?: number;
  /** Absolute path of the backing file, where there is one, and its format where the disk says it. */
  readonly backing?: string;
  readonly backingFormat?: string;
  /**
   * By the disk's own header, or by what its storage says about it; `other` is the obsolete encryption of qcow2. Absent: it is not
   * encrypted. `size` is that of the content.
   */
  readonly encryption?: "luks" | "other";
  /** The format in `disk.info`, where it differs: the disk must not be used with this one. */
  readonly recordedFormat?: string;
  /** Why `disk.info` cannot be read, for a sentence that begins with its path. */
  readonly recordDamage?: string;
  /** It has the mark that the driver gives to what it makes (`marks`). */
  readonly marked?: true;
  /** Its file has other permissions than it should have, or belongs to another user. */
  readonly access?: WrongAccess;
  /** `a symbolic link`: what has the disk's name and is no disk. Then nothing else about it is known. */
  readonly obstacle?: string;
  /** From before the disk grew: it can be made what it was then. */
  readonly resizeSnapshot?: ResizeSnapshot;
}

/** What a disk was before it grew (Nova RBD-10). */
export interface ResizeSnapshot {
  /** Of the disk then, in bytes. */
  readonly size: number;
  /** The disk is being made what it was: interrupted in that, it may be neither. */
  readonly rollingBack: boolean;
}

/** How the domain XML refers to a disk. */
export type DiskAttachment = LocalAttachment | NetworkAttachment;

/** A file or a block device of the host. */
export interface LocalAttachment {
  readonly type: "file" | "block";
  readonly format: "raw" | "qcow2";
  readonly source: string;
  /** Uuid of libvirt's secret with the passphrase; null without encryption. */
  readonly secretUuid: string | null;
}

/** A disk that qemu reaches over the network (Nova RBD-11). */
export interface NetworkAttachment {
  readonly type: "network";
  readonly protocol: "rbd";
  readonly format: "raw";
  /** `pool/image`. */
  readonly source: string;
  readonly hosts: readonly { readonly name: string; readonly port: string }[];
  /** The key itself is libvirt's to know. */
  readonly auth: { readonly user: string; readonly secretUuid: string } | null;
  /** Uuid of libvirt's secret with the passphrase; null without encryption. */
  readonly secretUuid: string | null;
}

/** What an attachment depends on beside the disk. */
export interface Surroundings {
  readonly settings: HostSettings;
  readonly facts: HostFacts;
}

/** Which disk is meant, wherever its driver keeps it. */
export interface DiskRef {
  /** Of the owner's directory. */
  readonly uuid: string;
  /** File name by Nova's layout: `disk`, `disk.eph0`, `kernel`. */
  readonly name: string;
  /** Absolute path of a disk that is a file. */
  readonly path: string;
  /** The volume group, the pool or the like; null for a file, and where labels of earlier versions name none: then it is the configured one. */
  readonly place: string | null;
}

/** A disk that is looked for. */
export interface ListedDisk extends DiskRef {
  /** It was recorded as encrypted. Of other disks no header of a container counts: their guests can write one. */
  readonly encrypted?: boolean;
}

/** The running domain that has a disk, by its definition: the guest may get it only with its next start. */
export interface OnlineDisk {
  /** Of the domain. */
  readonly uuid: string;
}

/** What kind of storage a driver is, for decisions that are the same for all drivers. `Facts` and `Settings` are the driver's own. */
export interface Traits<Settings, Facts> {
  /** For the reference of `images_type`: `raw file`. */
  readonly about: string;
  /** Disks take space of the filesystem that the instances path is on. */
  readonly files: boolean;
  /** `preallocate: space` takes the whole size at once. */
  readonly reserves: boolean;
  /** An ext filesystem that has a disk to itself is made larger with the disk while no guest has it. */
  readonly growsInside: boolean;
  /** The kernel of the host mounts the disk as it is, a raw file or a block device, as a container needs its root file system. Absent: it does not. */
  readonly mountable?: true;
  /** The step that sizes are a multiple of, in bytes, and why. Absent: any size. Pure. */
  readonly steps?: (facts: Facts | undefined, settings: Settings | undefined) => { readonly bytes: number; readonly why: string };
}

/** What is known of a base image before a disk is made from it. Bytes; null where it is not known. */
export interface KnownBase {
  readonly virtualSize: number | null;
  /** What its file takes on the disk: holes do not count. */
  readonly content: number | null;
}

/** What a disk is made from or grows from. */
export interface DiskStart {
  /** Its base image; null for a disk without one. */
  readonly base: KnownBase | null;
  /** Bytes that it has already; 0 for one that is made. */
  readonly size: number;
}

/** A disk of the plan, with what the room for it is judged by. Sizes are bytes. */
export interface PlannedDisk {
  readonly address: Address;
  readonly disk: DiskSpec;
  /** The disk as found, where it is in the place that it is wanted in. */
  readonly found: DiskState | undefined;
  /** Virtual bytes that it is to get and does not have yet. */
  readonly missing: number;
  /** Virtual size of its base image; 0 if unknown or without one. */
  readonly baseSize: number;
}

/** What running applies of other projects take from a pool, and their projects. */
export interface ClaimedRoom {
  readonly bytes: number;
  readonly applies: readonly string[];
}

/**
 * Where a disk's bytes live, and everything that only this storage knows. The members up to `traits` are what every driver has; the
 * others are groups that a driver has where its storage needs them. `Settings` is what `settings.read` makes of the driver's section
 * of the configuration, `Facts` is what `look` finds on the host: both plain data.
 */
export interface Driver<Settings = unknown, Facts = unknown> {
  /** As `images_type` and labels have it. */
  readonly name: string;
  /**
   * Those of the given disks that exist whole and are this project's, by `<uuid>/<name>`. One look for all of them. Whose a
   * file is follows from the label of its directory; what lives elsewhere carries an owner label of its own.
   */
  list(context: Context, disks: readonly ListedDisk[]): Promise<ReadonlyMap<string, DiskState>>;
  /**
   * Makes sure that the disk exists and is whole; an existing one is left as it is. `recorded` resolves when the record of the disk is written. Before
   * that the driver may look, as on a host elsewhere each turn is a round trip, but makes nothing. Absent: the record is written.
   */
  create(context: Context, disk: DiskSpec, report: ReportProgress, recorded?: Promise<unknown>): Promise<void>;
  /** Makes sure it is at least `bytes` large; never shrinks. `online`: the running domain that may use it. */
  grow(context: Context, disk: DiskSpec, bytes: number, online: OnlineDisk | undefined): Promise<void>;
  /** No-op if absent. */
  remove(context: Context, disk: DiskRef): Promise<void>;
  /** Pure. */
  attachment(disk: DiskSpec, surroundings: Surroundings): DiskAttachment;
  /** How libguestfs opens a disk that no guest has, to write files into it. Without it none can be written. Pure. */
  guestDisk?(disk: DiskSpec, settings: HostSettings): GuestDisk;
  /** Whether what a domain names as the source of a disk is this disk. `source` is written as by `sourceText`. Pure. */
  owns(source: string, disk: Pick<DiskRef, "uuid" | "path">): boolean;
  /** Where a disk is, for people. Pure. */
  where(disk: DiskRef): string;
  readonly traits: Traits<Settings, Facts>;

  /** Whether a disk of this spec gets a mark when it is made, so that an empty file in its place can be told from it. Pure. */
  marks?(disk: DiskSpec): boolean;
  /** Gives the file of a disk the permissions that it should have, and its owner (`UID:GID`) where that is wrong. Of drivers that find some to be wrong. */
  restrict?(context: Context, disk: DiskRef, owner: string | null): Promise<void>;
  /** The section of `host` that carries the driver's name. */
  readonly settings?: {
    readonly schema: object;
    /** Fills the defaults. Throws a UserError for an absent section where the driver cannot do without. Pure. */
    read(section: unknown): Settings;
  };
  /** The volume group, pool or the like that new disks go into, and the key in the section that names it. */
  readonly place?: {
    readonly key: string;
    of(settings: Settings): string;
  };
  /** Looks up what planning has to know about the storage. Throws UnreachableError when it does not answer. */
  look?(context: Context, settings: Settings): Promise<Facts>;
  /**
   * What the plan cannot have: missing storage, too little room. `disks` are those wanted in this driver, at least one. `claimed`: what running applies of
   * other projects take from the same pool. Pure.
   */
  check?(disks: readonly PlannedDisk[], facts: Facts | undefined, host: HostSettings, claimed: ClaimedRoom): Diagnostic[];
  /** Storage that is not the file system of the instances path, and that other projects may fill. Pure. */
  readonly pool?: {
    /** Equal for all configurations of a host that use the same storage; undefined where it is not known. */
    name(facts: Facts | undefined, host: HostSettings): string | undefined;
    /** Bytes that disks take from it when they are made or grown. */
    takes(disks: readonly PlannedDisk[], facts: Facts | undefined, host: HostSettings): number;
  };
  /** The same for `doctor`, together with whatever else has to be installed. */
  doctor?(context: Context): Promise<Finding[]>;
  /** What making a disk costs, or making it larger. Pure. */
  cost?(disk: DiskSpec, from: DiskStart, settings: Settings | undefined, facts: Facts | undefined): Cost;
  /** What happens to the bytes of a disk before it is removed; undefined when nothing does. Pure. */
  clearing?(disk: DiskState, settings: Settings): Clearing | undefined;
  /** Name in `_base` of the empty disk that disks with this content are made from, where they share one. Pure. */
  blankBase?(disk: DiskSpec): string | undefined;
  /** Disks that are encrypted (LUKS). Without it none can be. */
  readonly encryption?: Encryption;
  /** A way back to what a disk was before it grew. */
  readonly checkpoint?: Checkpoint<Settings>;
  /** Making disks from images that the storage has already, without copying them. */
  readonly clone?: Clone<Facts>;
  /** Keeping disks whose content is given: config drives. Without it they are plain files. */
  readonly put?: Put;
  /** Reading the whole content of a disk that no guest uses. Without it no image can be taken of its disks. */
  readonly reading?: Reading;
  /** Copies of base images, grown, that back disks of an older Nova (Nova LAY-06). */
  readonly grownBases?: GrownBases;
}

/** Reading the whole content of a disk that exists, is not encrypted, and that no guest uses. */
export interface Reading {
  /** How qemu-img names it. Its format is that of its state. */
  name(context: Context, disk: DiskRef): Promise<string>;
  /** Makes it readable. Absent: it always is. */
  prepare?(context: Context, disk: DiskRef): Promise<void>;
}

/** A copy of a base image that was grown, and backs disks. */
export interface GrownBase {
  readonly path: string;
  /** Of the base image that it is a copy of. */
  readonly entry: string;
  /** What it was grown to. */
  readonly bytes: number;
}

/** Copies of base images, grown. */
export interface GrownBases {
  /** What the path of a backing file says; undefined for a base image itself, and for anything else. `base`: the directory of base images. Pure. */
  parse(path: string, base: string): GrownBase | undefined;
  /** Makes one again when it is missing. `format`: what the disks that it backs say it is; null where they do not say it. */
  rebuild(
    context: Context,
    grown: GrownBase,
    from: { readonly base: BaseRef; readonly format: "raw" | "qcow2" | null },
    report: ReportProgress,
  ): Promise<void>;
}

/** Disks that are encrypted. */
export interface Encryption {
  /** Whether the passphrase opens an encrypted disk, which exists and may be in use. Changes nothing. */
  opens(context: Context, disk: DiskRef, passphrase: string): Promise<boolean>;
  /** Whether a disk that no guest has can only grow with its passphrase. */
  readonly growsOpened: boolean;
}

/** A way back to what a disk was before it grew (Nova RBD-10). */
export interface Checkpoint<Settings> {
  /** What it is called in the storage. */
  readonly name: string;
  /** Whether one is made before this disk grows. Pure. */
  wanted(disk: DiskSpec, settings: Settings | undefined): boolean;
  /** Makes one before the disk grows to `bytes`. An existing one is kept: it is from an earlier growth, or an earlier try of this one. */
  make(context: Context, disk: DiskRef, bytes: number): Promise<void>;
  /** Makes the disk what it was, `bytes` large, and removes the checkpoint. The guest must be off. */
  rollBack(context: Context, disk: DiskRef, bytes: number): Promise<void>;
  /** Removes the checkpoint, and with it the way back. No-op if absent. */
  drop(context: Context, disk: DiskRef): Promise<void>;
}

/** Making disks from images that the storage has already. */
export interface Clone<Facts> {
  /** What an address of such an image looks like. */
  readonly form: string;
  /** Whether an address is one of this storage's. Pure. */
  takes(address: string): boolean;
  /** Whether it can be read. Pure. */
  isValid(address: string): boolean;
  /** Bytes of the first of these images that disks can be cloned from; undefined without one. Pure. */
  from(facts: Facts | undefined, addresses: readonly string[]): number | undefined;
  /** Looks again, right before a disk is made. Throws UnreachableError when no image can be cloned and one could not be looked at. */
  isPossible(context: Context, addresses: readonly string[]): Promise<boolean>;
  /** Why no disk is cloned from any of these, in sentences; undefined where nothing was looked up. Pure. */
  whyNot(facts: Facts | undefined, addresses: readonly string[]): string | undefined;
}

/** What was put into a disk whose content is given. */
export interface PutRecord {
  readonly sha256: string;
  readonly size: number;
  /** Of the file that it was published as; a driver without files does without. */
  readonly mtimeMs: number;
  readonly inode: number;
}

/** Keeping disks whose content is given. A running guest keeps the disk that it has until it is off. */
export interface Put {
  readonly words: {
    /** `image in Ceph`. */
    readonly thing: string;
    /** After the name of a drive: ` in Ceph`. */
    readonly where: string;
    /** Of a drive that was kept elsewhere: `it goes to Ceph, where the disks are`. */
    readonly arrival: string;
  };
  /** Whether each of these disks exists and holds what was put into it, by `<uuid>/<name>`. One look for all. */
  look(
    context: Context,
    disks: readonly { readonly ref: DiskRef; readonly record: PutRecord | null }[],
  ): Promise<ReadonlyMap<string, { readonly intact: boolean; readonly missing: boolean; readonly access?: WrongAccess }>>;
  /** A part of what was put into a disk; fewer bytes, or undefined, where it has no more. At most 4 MiB. */
  read(context: Context, disk: DiskRef, range: { readonly offset: number; readonly length: number }): Promise<Buffer | undefined>;
  /** Brings the content of the file `from` to where it gets the disk's name in one step. `format`: for the label, where it has one. */
  stage(
    context: Context,
    disk: DiskSpec,
    content: { readonly from: string; readonly sha256: string; readonly format: string },
  ): Promise<void>;
  /** Gives what was staged the disk's name. */
  publish(context: Context, disk: DiskSpec, content: { readonly from: string }): Promise<void>;
  /** Gives a drive that is a file the permissions that it should have, and its owner (`UID:GID`) where that is wrong. */
  restrict?(context: Context, disk: DiskRef, owner: string | null): Promise<void>;
  /** Makes sure that neither the disk nor anything staged is left. `inUse`: a guest runs with it. */
  remove(context: Context, disk: DiskRef, inUse: boolean): Promise<void>;
  /** Removes what interrupted runs left. `own`: uuids of this project's instances. */
  sweep?(context: Context, own: ReadonlySet<string>): Promise<void>;
}

/** How a disk is overwritten before it is removed. */
export interface Clearing {
  /** `overwrite 1GiB with zeros`. */
  readonly words: string;
  /** Bytes that are written for it. */
  readonly bytes: number;
}

/** A driver whose own types no longer matter, as the registry holds it. */
// biome-ignore lint/suspicious/noExplicitAny: each driver gets only settings and facts that it made itself
export type AnyDriver = Driver<any, any>;
