import type { DiskAttachment, DiskSpec } from "../../drivers/driver.ts";
import type { CommandSecret, EnvironmentSecret, SecretRef } from "../../model/secret.ts";
import type { DriveFormat } from "./drive-format.ts";
import type { GuestFile } from "./guest-file.ts";
import type { GuestWait } from "./guest-wait.ts";
import type { Plugging } from "./plugging.ts";
import type { PortFilter } from "./port-filter.ts";
import type { Shutdown } from "./shutdown.ts";

export type { DiskSpec } from "../../drivers/driver.ts";

/** A text that is known when planning, or one that only a reference stands for until it is needed. */
export type TextInput = { readonly text: string } | GzipInput | SecretText;

/** A text that is secret. That in a file is read with the configuration and is none. */
export type SecretText = EnvironmentSecret | CommandSecret;

/** Whether a text is known only when it is looked up. */
export function isSecretText(input: TextInput): input is SecretText {
  return "env" in input || "command" in input;
}

/** A file that is gzip: its bytes in base64, which the guest gets unchanged. */
export interface GzipInput {
  readonly gzip: string;
}

/** The bytes of a text whose content the configuration holds. */
export function bytesOfInput(input: Exclude<TextInput, SecretText>): Buffer {
  return "gzip" in input ? Buffer.from(input.gzip, "base64") : Buffer.from(input.text);
}

/** Settings of a network interface that it may be without. */
export interface PortSettings {
  /** Largest packet in bytes; null: what its network gives. */
  readonly mtu: number | null;
  /** Null: what the hardware settings of its guest give. */
  readonly queues: number | null;
  /** Limits by their names in the table of fields (`inbound_average`): KiB in a second, `_burst` in KiB. Null: those of the flavor. */
  readonly bandwidth: Readonly<Record<string, number>> | null;
  /** Null: that of the network. */
  readonly vlan: number | null;
  /** Of a port of Open vSwitch that carries tagged packets, the VLAN without a tag (0: that of the bridge) and those with one, in libvirt's words; absent: it carries none. */
  readonly trunk?: string;
  /** The guest may change what it receives (`trustGuestRxFilters`). Null: not said. */
  readonly trust: boolean | null;
  /** 1 is tried first; null is not booted from. */
  readonly bootOrder: number | null;
}

/** One network interface as it should be. */
export interface InterfaceSpec {
  /** Within the instance: its position, where none is given. */
  readonly name: string;
  readonly type: "network" | "bridge" | "user";
  /** Name of the libvirt network or of the bridge; empty for `user`. */
  readonly source: string;
  /** Derived from project, instance and name unless given. */
  readonly mac: string;
  readonly model: string;
  readonly link: "up" | "down";
  /** It is in an Open vSwitch network. */
  readonly switched?: true;
  /** Settings that few interfaces have. Absent: it has none of them. */
  readonly port?: PortSettings;
  /** What it may send and receive; `none`: everything, and a filter in the definition is removed. Null: that is not ours to say. */
  readonly filter: PortFilter | "none" | null;
}

/** A fixed address as a config drive has it. */
export interface SeedAddress {
  readonly family: 4 | 6;
  readonly address: string;
  /** Length of the prefix of its subnet. */
  readonly prefix: number;
  /** DHCP of the host gives it to the guest, with everything below. */
  readonly dhcp: boolean;
  readonly gateway: string | null;
  readonly dnsServers: readonly string[];
  /** `to` is a subnet, `via` an address. */
  readonly routes: readonly { readonly to: string; readonly via: string }[];
}

/** How a guest gets its addresses in a network, as a config drive describes it. */
export interface SeedAddressing {
  /** Its own, else that of its network, where one of them is given. */
  readonly mtu?: number;
  readonly addresses?: readonly SeedAddress[];
  /** False: it has only IPv6 addresses, and there is no DHCP to ask for others. */
  readonly ipv4?: false;
  /** How the guest gets an IPv6 address that is not written: it chooses one in an announced subnet, or asks DHCPv6. Absent: it gets none, or that is not known. */
  readonly ipv6?: "slaac" | "dhcp";
}

/** A VLAN that a guest is in through an interface. */
export interface SeedVlan extends SeedAddressing {
  readonly id: number;
  /** The network of libvirt's or the entry of networks that it is; null: not said. */
  readonly source: string | null;
}

/** An interface as a config drive describes it. */
export interface SeedInterface extends InterfaceSpec, SeedAddressing {
  readonly vlans?: readonly SeedVlan[];
  /** The bond that the guest makes of all its interfaces with this name. */
  readonly bond?: string;
}

/** The config drive of an instance as it should be (Nova CFG-08 … CFG-11). */
export interface SeedSpec {
  /** Where it is kept: with the disks where their driver can (Nova CFG-14), else as a file of the instance directory. */
  readonly disk: DiskSpec;
  readonly instance: string;
  /** Of the instance, as the guest reads it. */
  readonly uuid: string;
  readonly format: DriveFormat;
  readonly hostname: string;
  /** Position within `count`. */
  readonly launchIndex: number;
  readonly project: string;
  readonly flavor: string;
  /** User metadata: strings only. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly publicKeys: Readonly<Record<string, string>>;
  readonly userData: TextInput | null;
  /** In the order of their paths. */
  readonly files: readonly GuestFile[];
  readonly adminPassword: SecretRef | null;
  readonly interfaces: readonly SeedInterface[];
  readonly kernel: boolean;
  readonly ramdisk: boolean;
  /** Names of the guest's disks by EC2's names of them. */
  readonly blockDevices: Readonly<Record<string, string>>;
}

/** One disk or drive as the guest gets it. */
export interface DomainDisk {
  /** File name by Nova's layout: `disk`, `disk.config`; or the address of a volume: `volume/data`; or the path of a disk that an adopted guest brought along. */
  readonly name: string;
  readonly device: "disk" | "cdrom";
  /** `lxc`: the root file system of a container (Nova BLK-04). */
  readonly bus: "virtio" | "scsi" | "sata" | "ide" | "usb" | "lxc";
  /** `vda`, `sda`; of a container the directory `/`. */
  readonly target: string;
  /** The configuration names the target. */
  readonly named: boolean;
  readonly attachment: DiskAttachment;
  readonly readOnly: boolean;
  /** 1 is tried first; null is not booted from. */
  readonly bootOrder: number | null;
  /** Stable serial that the guest sees; null: made from instance and role. */
  readonly serial: string | null;
  /** Of a disk that an adopted guest brought along: the names of its fields that the configuration sets, the others stay as they are. Null: a disk of ours. */
  readonly given: readonly string[] | null;
}

/** The secret by which libvirt opens the encrypted disks of an instance (Nova QCOW-10), which have one passphrase, or a volume (DOM-09). */
export interface SecretSpec {
  /** In its address: that of the instance, or `volume.data`. */
  readonly name: string;
  /** Of the secret itself, derived from the owner's. */
  readonly uuid: string;
  /** Uuid of the instance or volume. */
  readonly owner: string;
  readonly project: string;
  readonly passphrase: SecretRef;
}

/** The libvirt domain of an instance as it should be. */
export interface DomainSpec {
  readonly instance: string;
  /** The name that it was created as, from which its uuid and MAC addresses are derived. */
  readonly origin: string;
  /** Its name in libvirt: that of the instance, or the earlier one of a guest that was renamed and has not been off since. */
  readonly domainName: string;
  readonly uuid: string;
  readonly project: string;
  readonly powerState: "running" | "stopped" | "ignore";
  readonly preventDestroy: boolean;
  /** Other programs made the guest: of its definition only what the configuration sets is ours, and nothing else is compared or written. */
  readonly adopted: boolean;
  /** Whether a plan restarts the guest for changes that it cannot take while it runs. */
  readonly restart: "never" | "when_needed";
  readonly shutdown: Shutdown;
  /** What an apply waits for after it started the guest. Absent: nothing. */
  readonly waitFor?: GuestWait;
  /** What it is started paused for. Absent: nothing. */
  readonly plugging?: Plugging;
  /** Which changes of its image recreate its root disk: none, another image by name, and new content under the same name too. */
  readonly rebuild: "manual" | "on_name_change" | "on_image_change";
  /** `lxc`: a container, which has the fields of `containerRows`. */
  readonly virtType: "kvm" | "qemu" | "lxc";
  readonly arch: string;
  /** `q35`, `pc`, `virt`; empty for a container. */
  readonly machine: string;
  readonly vcpus: number;
  readonly memory: number;
  readonly osType: string;
  /** How qemu opens disks: `none` where the filesystem supports direct I/O (Nova XML-11). */
  readonly cache: "none" | "writeback";
  /** Handling of guest discard (TRIM) (Nova XML-10, RBD-14). */
  readonly discard: "unmap" | "ignore";
  readonly disks: readonly DomainDisk[];
  readonly interfaces: readonly InterfaceSpec[];
  /** Direct kernel boot (Nova XML-06). */
  readonly kernel: { readonly path: string; readonly ramdisk: string | null; readonly commandLine: string } | null;
  /** Name of the image that it boots from instead of its own disk; null: it is not in rescue (Nova RES-01). */
  readonly rescue: string | null;
  readonly consoleLog: string;
  /** Program and arguments that a container starts (Nova CTR-01). Absent: it is a virtual machine. */
  readonly init?: readonly string[];
  readonly flavor: { readonly name: string; readonly disk: number; readonly ephemeral: number; readonly swap: number };
  readonly image: string | null;
  /** What happens to settings of its definition that virtform does not manage. */
  readonly foreign: "keep" | "forbid";
  /** What `domain_xml` gives, by field (`patchValues`). */
  readonly domainXml: Readonly<Record<string, string | number | boolean>>;
  /** Values of the fields that an instance sets by keys of their own, by path. */
  readonly values: Readonly<Record<string, string | number | boolean>>;
}
