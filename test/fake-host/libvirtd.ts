import { dirname } from "node:path/posix";
import type { BackupJob } from "./backups.ts";
import { mountsOf, storedContainer } from "./containers.ts";
import type { FileTree } from "./file-tree.ts";
import { machineTypes, type Optional } from "./libvirt-node.ts";
import { readLuks, resizeLuks } from "./luks.ts";
import { createNetworkFilters, type NetworkFilters } from "./network-filters.ts";
import { createNetworks, type Networks } from "./networks.ts";
import { digestOfPassphrase, readQcow2, resizeQcow2 } from "./qcow2.ts";
import { createRunningGuests, type RunningGuests } from "./running-guest.ts";
import { createSecrets, type Secrets } from "./secrets.ts";
import { allocatedBytes, copySparse, fingerprintSparse, sparseOf, truncateSparse } from "./sparse.ts";
import { liveDomain, storedDomain, tapsOf } from "./stored-domain.ts";
import { child, childrenOf, copyXml, printXml, readXml, type Xml } from "./xml.ts";

/** libvirt's number for a state, as `domstats --raw` prints it. */
export type PowerNumber = 1 | 3 | 5 | 6;

/** One domain that libvirt knows. */
export interface Domain {
  readonly uuid: string;
  name: string;
  /** What the next start will use; undefined for a transient domain. */
  stored: Xml | undefined;
  /** What runs. */
  live: Xml | undefined;
  state: PowerNumber;
  id: number;
  /** A disk has no space: it is paused by an I/O error, again each time it is resumed. */
  full?: true;
  /** libvirt is still at its start: it is paused for that. */
  starting?: true;
  /** The memory that its next start restores. */
  saved: SavedMemory | undefined;
  autostart: boolean;
  /** Names of the snapshots and checkpoints that libvirt records. */
  snapshots: string[];
  checkpoints: string[];
  /** Numbers of the kinds of block jobs of its running disks, by target: 1 pull, 3 commit. */
  jobs?: Record<string, number>;
  backup?: BackupJob | undefined;
  /** Its guest agent holds writes back. */
  frozen?: boolean;
  /** Of a running domain that was undefined: its last definition, which libvirt still reports as the inactive one. */
  undefined?: Xml;
}

/** What managedsave keeps of a guest: what ran, and what it had on its disks then. */
export interface SavedMemory {
  readonly live: Xml;
  readonly state: PowerNumber;
  readonly disks: string;
}

/** A disk that a running guest holds open. */
export interface OpenDisk {
  readonly domain: string;
  readonly target: string;
  readonly path: string;
  readonly format: string;
  readonly readOnly: boolean;
  /** Of an encrypted disk. */
  readonly secret: string | undefined;
}

/** libvirt and the guests under it. Refusals are Errors with libvirt's own words. */
export interface Libvirtd {
  /** False: the sockets refuse connections. */
  up: boolean;
  kvm: boolean;
  /** What is installed beside qemu. */
  readonly installed: Set<Optional>;
  /** Guests that ignore the power button, by name. */
  readonly deaf: Set<string>;
  /** What is done to guests that run. */
  readonly guests: RunningGuests;
  readonly networks: Networks;
  /** Addresses that networks leased, by MAC address. */
  readonly leases: Map<string, string>;
  /** What the agents in running guests say, by MAC address. */
  readonly agentAddresses: Map<string, readonly string[]>;
  /** What the agents in running guests read, by the uuid of the guest and the path. */
  readonly agentFiles: Map<string, ReadonlyMap<string, string>>;
  readonly secrets: Secrets;
  readonly filters: NetworkFilters;
  /** Its sockets, and whether this user may open each. `unauthorized`: it may, and polkit refuses the login. */
  readonly sockets: Map<string, "open" | "denied" | "unauthorized">;
  /** Called with each domain that was defined, started, stopped or the like. */
  readonly listeners: Set<(domain: Domain) => void>;
  all(): Domain[];
  /** By uuid, name or number. */
  find(key: string): Domain | undefined;
  define(document: string): Domain;
  undefine(domain: Domain, options: { readonly managedSave: boolean; readonly snapshots?: boolean; readonly checkpoints?: boolean }): void;
  rename(domain: Domain, name: string): void;
  /** `paused`: its processors do not run until it is resumed. */
  start(domain: Domain, paused?: boolean): void;
  resume(domain: Domain): void;
  suspend(domain: Domain): void;
  save(domain: Domain): void;
  shutdown(domain: Domain): void;
  destroy(domain: Domain): void;
  blockResize(domain: Domain, target: string, bytes: number): void;
  /** Bytes of a disk of a running guest, by target or path. */
  blockInfo(domain: Domain, disk: string): { readonly capacity: number; readonly allocation: number };
  /** Those of its machine. */
  readonly files: FileTree;
  document(domain: Domain, inactive: boolean): string;
  /** What running guests hold open. */
  open(): OpenDisk[];
  clone(files: FileTree): Libvirtd;
}

/** What runs as libvirt shows it: an interface in a network of a bridge or a card of the host is of the type that it really is. */
function connected(live: Xml | undefined, { networks }: Libvirtd): Xml | undefined {
  if (live === undefined) return undefined;
  const shown = copyXml(live);
  for (const card of childrenOf(child(shown, "devices"), "interface")) {
    const source = child(card, "source");
    const network = networks.named(source?.attributes["network"] ?? "")?.live;
    if (source === undefined || child(network, "forward")?.attributes["mode"] !== "bridge") continue;
    const [bridge, device] = [child(network, "bridge")?.attributes["name"], child(network, "forward", "interface")?.attributes["dev"]];
    card.attributes["type"] = bridge === undefined ? "direct" : "bridge";
    Object.assign(source.attributes, bridge === undefined ? { dev: device ?? "", mode: "bridge" } : { bridge });
  }
  return shown;
}

/** Those of another machine, or the one that every libvirt comes with. */
function networksOf(files: FileTree, from: Libvirtd | undefined): Networks {
  const networks = from?.networks.clone(files) ?? createNetworks(files);
  if (from === undefined) networks.set("default", true);
  return networks;
}

/** libvirt on a machine with these files. */
export function createLibvirtd(files: FileTree, from?: Libvirtd): Libvirtd {
  const domains: Domain[] = (from?.all() ?? []).map((domain) => ({
    ...domain,
    snapshots: [...domain.snapshots],
    checkpoints: [...domain.checkpoints],
    stored: domain.stored === undefined ? undefined : copyXml(domain.stored),
    live: domain.live === undefined ? undefined : copyXml(domain.live),
    saved: domain.saved === undefined ? undefined : { ...domain.saved, live: copyXml(domain.saved.live) },
  }));
  let nextId = 1 + Math.max(0, ...domains.map(({ id }) => id));

  const running = (domain: Domain) => {
    if (domain.live === undefined) throw new Error("Requested operation is not valid: domain is not running");
    return domain.live;
  };
  const off = (domain: Domain) => {
    for (const tap of tapsOf(domain.live).keys()) libvirtd.networks.unplug(tap);
    domain.live = undefined;
    domain.backup = undefined;
    domain.frozen = false;
    domain.state = 5;
    if (domain.stored === undefined) domains.splice(domains.indexOf(domain), 1);
  };
  const libvirtd: Libvirtd = {
    up: from?.up ?? true,
    kvm: from?.kvm ?? false,
    installed: new Set(from?.installed ?? ["ovmf", "swtpm"]),
    deaf: new Set(from?.deaf),
    guests: createRunningGuests(from?.guests),
    networks: networksOf(files, from),
    leases: new Map(from?.leases),
    agentAddresses: new Map(from?.agentAddresses),
    agentFiles: new Map(from?.agentFiles),
    secrets: from?.secrets.clone() ?? createSecrets(),
    filters: from?.filters.clone(() => domains) ?? createNetworkFilters(() => domains),
    sockets: new Map(
      from?.sockets ?? [
        ["/run/libvirt/libvirt-sock", "open"],
        ["/run/libvirt/libvirt-sock-ro", "open"],
      ],
    ),
    listeners: new Set(),
    all: () =>
      [...domains].sort(
        (a, b) => Number(b.live !== undefined) - Number(a.live !== undefined) || (a.live ? a.id - b.id : a.name < b.name ? -1 : 1),
      ),
    find: (key) =>
      domains.find((domain) => domain.uuid === key || domain.name === key || (domain.live !== undefined && String(domain.id) === key)),
    define(document) {
      let given: Xml;
      try {
        given = readXml(document);
      } catch (error) {
        throw new Error(`(domain_definition):1: ${error instanceof Error ? error.message : ""}`);
      }
      if (given.name !== "domain") throw new Error(`XML error: unexpected root element <${given.name}>, expecting <domain>`);
      const name = child(given, "name")?.text.trim() ?? "";
      const uuid = child(given, "uuid")?.text.trim() ?? `00000000-0000-4000-8000-${String(domains.length).padStart(12, "0")}`;
      if (name === "") throw new Error("missing name information");
      if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) throw new Error("internal error: malformed uuid element");
      if (given.attributes["type"] === "kvm" && !libvirtd.kvm)
        throw new Error("invalid argument: could not get preferred machine for /usr/bin/qemu-system-x86_64 type=kvm");
      const machine = child(given, "os", "type")?.attributes["machine"] ?? "pc";
      if (!isContainerXml(given) && !["virt", "microvm", ...Object.entries(machineTypes).flat(2)].includes(machine))
        throw new Error(`unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support machine type '${machine}'`);
      const sameName = domains.find((domain) => domain.name === name);
      if (sameName !== undefined && sameName.uuid !== uuid)
        throw new Error(`operation failed: domain '${name}' already exists with uuid ${sameName.uuid}`);
      const same = domains.find((domain) => domain.uuid === uuid);
      if (same !== undefined && same.name !== name)
        throw new Error(`operation failed: domain '${same.name}' is already defined with uuid ${uuid}`);
      const stored = isContainerXml(given) ? storedContainer(given) : storedDomain(given);
      if (same !== undefined) {
        same.stored = stored;
        return same;
      }
      const domain: Domain = {
        uuid,
        name,
        stored,
        live: undefined,
        state: 5,
        id: 0,
        saved: undefined,
        autostart: false,
        snapshots: [],
        checkpoints: [],
      };
      domains.push(domain);
      return domain;
    },
    undefine(domain, { managedSave, snapshots = false, checkpoints = false }) {
      if (domain.stored === undefined) throw new Error("Requested operation is not valid: cannot undefine transient domain");
      const refuse = (count: number, what: string) => {
        throw new Error(`Requested operation is not valid: cannot delete inactive domain with ${count} ${what}`);
      };
      if (domain.live === undefined && domain.snapshots.length > 0 && !snapshots) refuse(domain.snapshots.length, "snapshots");
      if (domain.live === undefined && domain.checkpoints.length > 0 && !checkpoints) refuse(domain.checkpoints.length, "checkpoints");
      if (domain.saved !== undefined && !managedSave) throw new Error("Refusing to undefine while domain managed save image exists");
      if (domain.live !== undefined && domain.stored !== undefined) domain.undefined = domain.stored;
      domain.stored = undefined;
      domain.saved = undefined;
      if (domain.live === undefined) domains.splice(domains.indexOf(domain), 1);
    },
    rename(domain, name) {
      if (domains.some((other) => other.name === name))
        throw new Error(`Requested operation is not valid: domain with name '${name}' already exists`);
      if (domain.live !== undefined) throw new Error("Requested operation is not valid: cannot rename active domain");
      if (domain.saved !== undefined)
        throw new Error("Requested operation is not valid: domain with a managed saved state can't be renamed");
      const element = child(domain.stored, "name");
      if (element !== undefined) element.text = name;
      domain.name = name;
    },
    start(domain, paused = false) {
      if (domain.live !== undefined || domain.stored === undefined)
        throw new Error("Requested operation is not valid: domain is already running");
      const { saved } = domain;
      refuseToStart(saved?.live ?? domain.stored, files, libvirtd);
      domain.id = nextId++;
      domain.saved = undefined;
      if (saved !== undefined) {
        domain.live = saved.live;
        domain.live.attributes["id"] = String(domain.id);
        domain.state = paused ? 3 : saved.state;
        for (const [tap, network] of tapsOf(domain.live)) libvirtd.networks.plug(network, tap);
        // What it remembers of its disks is no longer so.
        if (contentOfDisks(saved.live, files) !== saved.disks) [domain.live, domain.state] = [undefined, 6];
        return;
      }
      domain.live = liveDomain(domain.stored, domain.id);
      for (const [tap, network] of tapsOf(domain.live)) libvirtd.networks.plug(network, tap);
      domain.state = paused ? 3 : 1;
      for (const serial of childrenOf(child(domain.stored, "devices"), "serial")) {
        const log = child(serial, "log")?.attributes["file"];
        if (log !== undefined) files.write(log, sparseOf(Buffer.from(`${domain.name} is starting\n`)), 0o600);
      }
    },
    resume(domain) {
      running(domain);
      if (domain.state === 1) throw new Error("Requested operation is not valid: domain is already running");
      domain.state = domain.full === true ? 3 : 1;
    },
    suspend(domain) {
      running(domain);
      domain.state = 3;
    },
    save(domain) {
      const live = running(domain);
      if (domain.stored === undefined) throw new Error("Requested operation is not valid: cannot do managed save for transient domain");
      domain.saved = { live, state: domain.state, disks: contentOfDisks(live, files) };
      off(domain);
    },
    shutdown(domain) {
      running(domain);
      if (!libvirtd.deaf.has(domain.name) && domain.state === 1) off(domain);
    },
    destroy(domain) {
      running(domain);
      off(domain);
    },
    blockResize(domain, target, bytes) {
      const disk = diskOf(running(domain), target);
      const content = copySparse(files.file(disk.path, "open").content);
      if (disk.format === "qcow2") resizeQcow2(content, bytes);
      else if (disk.secret !== undefined) resizeLuks(content, bytes);
      else truncateSparse(content, bytes);
      files.write(disk.path, content);
    },
    blockInfo(domain, target) {
      const { path, format, secret } = diskOf(running(domain), target);
      const { content } = files.file(path, "open");
      const header = format === "qcow2" ? readQcow2(content) : undefined;
      const container = secret === undefined || format === "qcow2" ? undefined : readLuks(content);
      return { capacity: header?.virtualSize ?? container?.size ?? content.size, allocation: allocatedBytes(content) };
    },
    files,
    document: (domain, inactive) =>
      printXml(
        (inactive ? (domain.stored ?? domain.undefined) : connected(domain.live, libvirtd)) ??
          domain.stored ??
          domain.live ??
          readXml("<domain/>"),
      ),
    open: () =>
      domains.flatMap((domain) =>
        domain.live === undefined ? [] : disksOf(domain.live).map((disk) => ({ domain: domain.name, ...disk })),
      ),
    clone: (copied) => createLibvirtd(copied, libvirtd),
  };
  for (const name of ["undefine", "rename", "start", "resume", "suspend", "save", "shutdown", "destroy"] as const) {
    const work = libvirtd[name] as (domain: Domain, ...more: unknown[]) => void;
    (libvirtd as unknown as Record<string, unknown>)[name] = (domain: Domain, ...more: unknown[]) => {
      work(domain, ...more);
      for (const listener of [...libvirtd.listeners]) listener(domain);
    };
  }
  return libvirtd;
}

/** What a guest would find on its disks. */
function contentOfDisks(root: Xml, files: FileTree): string {
  return disksOf(root)
    .filter(({ path }) => path !== "")
    .map(({ path }) => `${path} ${fingerprintSparse(files.file(path, "open").content)}`)
    .join("\n");
}

/** An encrypted disk needs a secret with the right value, and a disk that is not encrypted must not be said to be. */
function refuseWrongKey({ path, format, secret }: Omit<OpenDisk, "domain">, files: FileTree, secrets: Secrets): void {
  const { content } = files.file(path, "open");
  const key = (format === "raw" ? (secret === undefined ? undefined : readLuks(content)) : readQcow2(content))?.key;
  const died = (words: string) =>
    new Error(`internal error: process exited while connecting to monitor: qemu-system-x86_64: -blockdev: ${words}`);
  if (secret === undefined) {
    if (key !== undefined) throw died("Parameter 'encrypt.key-secret' is required for cipher");
    return;
  }
  const found = secrets.find(secret);
  if (found === undefined) throw new Error(`Secret not found: no secret with matching uuid '${secret}'`);
  if (found.value === undefined) throw new Error(`Secret not found: secret '${secret}' does not have a value`);
  if (key === undefined) throw died("No encryption in image header, but options specified format 'luks'");
  if (key !== digestOfPassphrase(found.value)) throw died("Invalid password, cannot unlock any keyslot");
}

function diskOf(root: Xml, key: string): Omit<OpenDisk, "domain"> {
  const disk = disksOf(root).find((one) => one.target === key || one.path === key);
  if (disk === undefined) throw new Error(`invalid argument: disk '${key}' was not found in the domain config`);
  return disk;
}

function isContainerXml(root: Xml): boolean {
  return root.attributes["type"] === "lxc";
}

function disksOf(root: Xml): Omit<OpenDisk, "domain">[] {
  const mounted = mountsOf(root).map((mount) => ({ ...mount, format: "raw", secret: undefined }));
  return [...mounted, ...imagesOf(root)];
}

function imagesOf(root: Xml): Omit<OpenDisk, "domain">[] {
  return childrenOf(child(root, "devices"), "disk").map((disk) => ({
    target: child(disk, "target")?.attributes["dev"] ?? "",
    path: child(disk, "source")?.attributes["file"] ?? child(disk, "source")?.attributes["dev"] ?? "",
    format: child(disk, "driver")?.attributes["type"] ?? "raw",
    readOnly: child(disk, "readonly") !== undefined || disk.attributes["device"] === "cdrom",
    secret: child(disk, "encryption", "secret")?.attributes["uuid"],
  }));
}

/** Everything that qemu needs has to be there and free. */
function refuseToStart(root: Xml, files: FileTree, libvirtd: Libvirtd): void {
  const gone = (path: string) => files.find(path)?.type !== "file";
  for (const name of ["kernel", "initrd"]) {
    const path = child(root, "os", name)?.text.trim();
    if (path !== undefined && gone(path)) throw new Error(`unable to stat: ${path}: No such file or directory`);
  }
  for (const disk of disksOf(root)) {
    if (disk.path === "") continue;
    if (gone(disk.path)) throw new Error(`Cannot access storage file '${disk.path}': No such file or directory`);
    if (disk.format === "qcow2") refuseBrokenChain(disk.path, files);
    refuseWrongKey(disk, files, libvirtd.secrets);
    const holder = libvirtd.open().find((other) => other.path === disk.path && !(other.readOnly && disk.readOnly));
    if (holder !== undefined)
      throw new Error(
        `internal error: process exited while connecting to monitor: Failed to get "write" lock\nIs another process using the image [${disk.path}]?`,
      );
  }
  for (const nic of childrenOf(child(root, "devices"), "interface")) {
    const network = child(nic, "source")?.attributes["network"];
    if (network === undefined) continue;
    const active = libvirtd.networks.get(network);
    if (active === undefined) throw new Error(`Network not found: no network with matching name '${network}'`);
    if (!active) throw new Error(`Requested operation is not valid: network '${network}' is not active`);
  }
  libvirtd.filters.refuseMissing(root);
  for (const serial of childrenOf(child(root, "devices"), "serial")) {
    const log = child(serial, "log")?.attributes["file"];
    if (log !== undefined && files.find(dirname(log))?.type !== "directory")
      throw new Error(`Unable to open file: ${log}: No such file or directory`);
  }
}

function refuseBrokenChain(path: string, files: FileTree): void {
  const header = readQcow2(files.file(path, "open").content);
  if (header === undefined)
    throw new Error(
      "internal error: process exited while connecting to monitor: qemu-system-x86_64: -blockdev: Image is not in qcow2 format",
    );
  if (header.backing === undefined) return;
  if (files.find(header.backing)?.type !== "file") {
    throw new Error(
      `Cannot access backing file '${header.backing}' of storage file '${path}' (as uid:64055, gid:64055): No such file or directory`,
    );
  }
  if (header.backingFormat === "qcow2") refuseBrokenChain(header.backing, files);
}
