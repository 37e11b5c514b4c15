import type { DigestAlgorithm } from "./host.ts";
import type { Rates } from "./rates.ts";
import type { SourceImage } from "./source-image.ts";

/** What the machine can do and has to give, as looked up before planning. Sizes are bytes. */
export interface HostFacts {
  readonly hostname: string;
  /** As libvirt names it: `x86_64`. */
  readonly arch: string;
  /** Whether libvirt offers KVM guests of the host's own architecture. */
  readonly kvm: boolean;
  readonly cpus: number;
  readonly memory: number;
  /** The filesystem that holds the instances path (or its nearest existing parent). */
  readonly disk: {
    readonly total: number;
    readonly free: number /** Whether files there can be read past the page cache (O_DIRECT). */;
    readonly directIo: boolean;
    /** Which filesystem it is, and whether it reserves space for files; null where the configuration does not ask for it. */
    readonly preallocation: { readonly filesystem: string; readonly reserves: boolean } | null;
  };
  readonly libvirtVersion: string;
  /** Machine types and their aliases that the host's qemu has; absent where that was not looked up. */
  readonly machines?: readonly string[];
  /** What is known about images before they are fetched, by their source as it is written. */
  readonly sources: Readonly<Record<string, SourceFacts>>;
  /** Who asks the image service, and the rules of the service that the configuration names. Absent: it names none, or the cloud does not answer. */
  readonly cloud?: CloudFacts;
  /** What publishers signed about images whose checksum is in a signed file, by name of the image. Absent: there is no such image. */
  readonly signed?: Readonly<Record<string, SignedChecksumFacts>>;
  /** What peers have of images that are not in the cache, by the entry of the cache. Absent: none was asked. */
  readonly peers?: Readonly<Record<string, PeerFacts>>;
  /** Whether secrets that the configuration refers to are available, by their place (`secretPlace`). Never a value. */
  readonly secrets: Readonly<Record<string, SecretStatus>>;
  /** References whose value is the recorded passphrase of the disks of an instance or volume, by its uuid. Absent: not looked up. */
  readonly passphrases?: Readonly<Record<string, readonly string[]>>;
  /** Of the programs that the configuration needs, those that are not installed. */
  readonly missingPrograms: readonly string[];
  /** Programs on the host run as another user than root. Absent: as root, or not known. */
  readonly ordinaryUser?: true;
  /** The networks and bridges that guests can be connected to; null where the configuration names none. */
  readonly networks: NetworkFacts | null;
  /** What the host has for filtering the traffic of guests. Absent or null: the configuration filters none. */
  readonly filtering?: FilteringFacts | null;
  /** Numbers of huge pages of the host by their size: `2MiB`. Absent: not known. */
  readonly hugePages?: Readonly<Record<string, number>>;
  /** What guests of the machine types that the configuration uses can have; null for a type that libvirt does not know. */
  readonly guests?: Readonly<Record<string, GuestFacts | null>> | undefined;
  /** Where the configuration comes from, and the one that the project belongs to by its record on the host. Absent: not known. */
  readonly project?: { readonly origin: string; readonly owner?: string; readonly takeOver?: true };
  /** What this project has on the host, by address: objects whose uuid is kept. Absent: not looked up. */
  readonly identities?: Readonly<Record<string, Identity>>;
  /** Of applies of other projects that run now. Absent: none. */
  readonly claims?: readonly CapacityClaim[];
  /** How fast actions of earlier applies were. Absent: nothing was measured. */
  readonly rates?: Rates;
  /** What drivers found of their storage, by name: plain data that only the driver itself understands. */
  readonly drivers: Readonly<Record<string, unknown>>;
}

/** What an existing object keeps when its name changes. */
export interface Identity {
  readonly uuid: string;
  /** The name that its uuid and its MAC addresses are derived from, where that is not its name. */
  readonly origin?: string;
  /** The name that the host still has for it, where that is not its name. */
  readonly earlier?: string;
  /** Of an instance: the names that its ephemeral disks are recorded with, by file name; empty for one without a name. */
  readonly ephemerals?: Readonly<Record<string, string>>;
}

/** What a source knows about an image before it is fetched. */
export interface SourceFacts {
  /** How the bytes get to a host elsewhere, in words: `pushed from here, 326KiB`. Null: to this machine, or unknown. */
  readonly way: string | null;
  /** Length of what is transferred; null when unknown. */
  readonly bytes: number | null;
  /** What an image service says about it; absent for other sources. */
  readonly image?: SourceImage;
  /** Certificates (PEM) that its signature may be checked with. Absent: it has none, none is checked, or they cannot be had. */
  readonly signers?: readonly string[];
  /** How it gets to the host. Absent: it is downloaded. */
  readonly moves?: "download" | "copy";
  /** Bytes of it that are not holes. Absent: all of them. */
  readonly content?: number;
  /** Bytes of the disk in it, where its header is read before it is fetched (qcow2). Absent: unknown. */
  readonly virtualSize?: number;
  /** Of a disk: locks of actions that must not run while it is copied. Absent: it is not a disk. */
  readonly locks?: readonly string[];
  /** Of a disk: its file systems are consistent, because its guest was shut down, or its guest agent freezes them. */
  readonly consistent?: boolean;
  /** Of a disk: a guest runs with it, or is paused. */
  readonly running?: boolean;
  /** Why nothing can be fetched from there, as far as that is known before. */
  readonly problem?: { readonly code: string; readonly summary: string; readonly detail: string };
}

/** The user of the token of the cloud, and the files with rules of its image service. */
export interface CloudFacts {
  readonly origin: string;
  readonly roles: readonly string[];
  readonly userId: string | null;
  readonly projectId: string | null;
  /** Absent: not configured. `text` is null for a file that cannot be read. */
  readonly policy?: { readonly path: string; readonly text: string | null };
  readonly protections?: { readonly path: string; readonly text: string | null; readonly format: "roles" | "policies" };
}

/** What a publisher signed about an image: a digest, or why none can be relied on. */
export interface SignedChecksumFacts {
  readonly digest?: { readonly algorithm: DigestAlgorithm; readonly hex: string };
  /** Fingerprint and name of the key. */
  readonly signer?: string;
  /** The server cannot be asked now; this is what it said at that time (ISO 8601). */
  readonly asOf?: string;
  readonly problem?: { readonly code: string; readonly summary: string; readonly detail: string };
}

/** What was found at the peers of a host for one image. */
export interface PeerFacts {
  /** The first one that has it, by name and address, with the length of its base image and of the data in it in bytes; null: none has. */
  readonly from: { readonly name: string; readonly address: string; readonly bytes: number; readonly content: number } | null;
  /** Why those before it cannot be used, a sentence each. */
  readonly others: readonly string[];
}

/** What an apply of another project that runs now brings to the host, or has brought already. Sizes are bytes. */
export interface CapacityClaim {
  readonly project: string;
  /** Guests that it defines or changes, as they will be. */
  readonly guests: readonly { readonly uuid: string; readonly memory: number; readonly vcpus: number }[];
  /** Of new and grown disks in the file system of the instances path. */
  readonly diskBytes: number;
  /** Of new and grown disks elsewhere, by name of the volume group or pool. */
  readonly pools?: Readonly<Record<string, number>>;
}

/** Whether a secret is available. */
export type SecretStatus = "present" | "empty" | "missing";

/** Whether libvirt can filter the traffic of guests. */
export interface FilteringFacts {
  /** libvirt has its driver for network filters. */
  readonly driver: boolean;
  /** Of the programs that libvirt filters with, those that are not installed. */
  readonly missingPrograms: readonly string[];
  /** Of libvirt's own filters that those of interfaces refer to, those that it does not have. */
  readonly missingFilters: readonly string[];
  /** Settings of the kernel (below net.bridge) by which traffic passes bridges without being filtered. */
  readonly passing: readonly string[];
  /** Filters that have names of this project and are not virtform's. */
  readonly taken: readonly string[];
}

/** What guests can be connected to. */
export interface NetworkFacts {
  /** libvirt's networks by name, and whether each is active; null when libvirt does not list them. */
  readonly active: Readonly<Record<string, boolean>> | null;
  /** Of the bridges that the configuration names, those that do not exist, and those that are interfaces of another kind. */
  readonly missingBridges: readonly string[];
  readonly notBridges: readonly string[];
  /** Open vSwitch bridges and network cards that do not exist. Absent: none. */
  readonly missingDevices?: readonly string[];
  /** Bridges and devices that are switched off. Absent: none. */
  readonly down?: readonly string[];
  /** Of networks whose subnets the configuration describes, the address families; null where libvirt does not know them. Absent: not looked up. */
  readonly families?: Readonly<Record<string, readonly (4 | 6)[] | null>>;
  /** Of networks in which interfaces are to be filtered, those in which libvirt filters none. Absent: none. */
  readonly unfilterable?: readonly string[];
  /** Subnets of the host that overlap those in which it is to have an address. Absent: none. */
  readonly overlapping?: readonly UsedSubnet[];
  /** Of the bridges that libvirt is to make, those whose names are in use, and the network of others that has each; null: a device of the host. Absent: none. */
  readonly takenBridges?: Readonly<Record<string, string | null>>;
  /** Of the networks of others that the configuration names, those that are active and lead nowhere. Absent: none. */
  readonly broken?: Readonly<Record<string, BrokenUplink>>;
  /** Networks of libvirt whose definitions cannot be read. Absent: none. */
  readonly unreadable?: readonly string[];
}

/** A bridge or a network card of the host that a network needs. */
export interface BrokenUplink {
  readonly device: string;
  readonly state: "missing" | "down";
}

/** A subnet that the host uses already. */
export interface UsedSubnet {
  readonly cidr: string;
  /** The network of libvirt that has it; null for a route of the host. */
  readonly network: string | null;
  /** Whether that network is active; a route always is. */
  readonly active: boolean;
  /** The network device that packets to it leave by; null where the network has none. */
  readonly device: string | null;
}

/** What the host can give a guest of one machine type. A list is null where libvirt does not tell. */
export interface GuestFacts {
  readonly maxVcpus: number | null;
  /** Firmware that libvirt can select: `bios`, `efi`. */
  readonly firmware: readonly string[] | null;
  /** Whether there is UEFI firmware that enforces signatures. */
  readonly secureBoot: boolean;
  readonly cpuModes: readonly string[] | null;
  /** Named processors, and whether the host can run each. */
  readonly cpuModels: Readonly<Record<string, boolean>> | null;
  /** Null: a TPM is not possible. */
  readonly tpm: { readonly models: readonly string[]; readonly emulated: boolean; readonly versions: readonly string[] | null } | null;
  readonly videoModels: readonly string[] | null;
}
