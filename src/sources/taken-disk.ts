import type { DiskState, ListedDisk, Reading } from "../drivers/driver.ts";
import { driverNames, driverOf } from "../drivers/index.ts";
import type { Context } from "../model/context.ts";
import { instanceFiles, isUuidDirectory } from "../model/layout.ts";
import { jsonOf } from "../tools/json-of.ts";
import type { DomainRecord } from "../tools/libvirt/face.ts";
import { libvirtOf } from "../tools/libvirt/libvirt.ts";
import { mountedDisks } from "../tools/libvirt/mounted-disks.ts";
import { readOwnFiles } from "../tools/own-file.ts";
import { find, findAll, parseXml, type XmlElement } from "../tools/xml.ts";
import type { RunningDisk } from "./running-copy.ts";
import type { SourceProblem } from "./source.ts";
import type { TakenAddress } from "./taken-address.ts";

/** A disk that can be taken. */
export interface TakenDisk {
  /** In messages: `instance web`. */
  readonly owner: string;
  readonly ref: ListedDisk;
  readonly state: DiskState;
  readonly reading: Reading;
  /** The disk is a file, so that what is in it can be counted without changing anything. */
  readonly isFile: boolean;
  /** In words: whether its guest runs, or how it ended. */
  readonly how: string;
  /** File systems in it are as after a shutdown. Otherwise they are as after a power failure. */
  readonly consistent: boolean;
  /** The guest that writes to it; undefined when no guest runs with it. */
  readonly running: RunningDisk | undefined;
  /** Uuids of the domains that write to it when they run. Always with that of its instance, whose domain can be defined while the disk is copied. */
  readonly domains: readonly string[];
  /** Locks of the actions on the disk and on its domains. */
  readonly locks: readonly string[];
}

/** Finds the disk that an address means, or why it cannot be taken. Read-only. */
export async function findTakenDisk(context: Context, address: TakenAddress): Promise<TakenDisk | SourceProblem> {
  const { kind, name, file } = address;
  const owner = `${kind} ${name}`;
  const found = await findRecord(context, address);
  if (found === undefined) {
    return missing(
      owner,
      `Project ${context.project} has no such ${kind} on the host. Create it first, and add the image, and what is made from it, once ${kind === "instance" ? "the guest is ready" : "the volume holds what the image should"}.`,
    );
  }
  const { uuid, path, record } = found;
  if (record === undefined) return missing(owner, `virtform did not make ${path}, or it is not complete. Apply its ${kind} first.`);
  const backend = String(record["backend"]);
  const driver = driverNames().includes(backend) ? driverOf(backend) : undefined;
  if (driver?.reading === undefined) return refused(owner, "cannot be read", `Disks of images_type ${backend} cannot be taken.`);
  const place = typeof record["place"] === "string" ? record["place"] : null;
  const ref: ListedDisk = { uuid, name: file, path, place, encrypted: record["encrypted"] === true };
  const state = (await driver.list(context, [ref])).get(`${uuid}/${file}`);
  if (state === undefined) return missing(owner, `${driver.where(ref)} is missing, or belongs to another project.`);
  if (state.obstacle !== undefined) return missing(owner, `${driver.where(ref)} is ${state.obstacle}.`);
  if (state.recordedFormat !== undefined) {
    return refused(
      owner,
      "has two formats",
      `disk.info says that it is ${state.recordedFormat}, and it is ${state.format}. Correct disk.info.`,
    );
  }
  if (ref.encrypted === true || state.encryption !== undefined)
    return refused(owner, "is encrypted", "An image of it would not be. Take another disk.");
  const isIt = (source: string) => driver.owns(source, ref) || source === path;
  const domains = await domainsOf(context, kind === "instance" ? uuid : undefined, isIt);
  const busy = domains.filter(({ power }) => power !== "stopped");
  const [domain] = [...busy, ...domains];
  if (kind === "instance" && domain !== undefined && !(domain.active ?? domain.stored).some(isIt)) {
    return refused(owner, "has layers above it", "The guest writes to a layer of a snapshot. Merge it first (virsh blockcommit).");
  }
  const running = busy.length === 1 ? runningDisk(domain, isIt) : undefined;
  if (busy.length > 0 && running === undefined) {
    const guest = kind === "instance" ? name : (domain?.name ?? name);
    return refused(
      owner,
      domain?.power === "saved" ? "belongs to a guest whose memory is saved" : "is in use",
      `An image of it would not be consistent. Shut the guest down first: virtform stop ${guest}. It can be started again once the image is taken.`,
    );
  }
  const from = kind === "instance" ? `a disk of ${name}` : `volume ${name}`;
  const { words, consistent } = conditionOf(kind, domain, running);
  const of = kind === "instance" || domain === undefined ? "" : ` of ${domain.name}`;
  const how = `from ${from}${of}${words}`;
  const { reading, traits } = driver;
  const uuids = kind === "instance" ? [uuid] : domains.map((one) => one.uuid);
  const locks = [...(kind === "volume" ? [`volume/${uuid}`] : []), ...uuids.map((one) => `instance/${one}`)];
  return { owner, ref, state, reading, isFile: traits.files, how, consistent, running, domains: uuids, locks };
}

/** In which condition the file systems in a disk are, and the words for it. Pure. */
function conditionOf(
  kind: TakenAddress["kind"],
  domain: Pick<DomainRecord, "power" | "reason"> | undefined,
  running: RunningDisk | undefined,
) {
  if (domain === undefined) {
    // How a guest ended is known only of a domain.
    return kind === "volume"
      ? { words: "", consistent: true }
      : { words: ", which has no domain, as after a power failure", consistent: false };
  }
  if (running?.freezes === true) return { words: " while it runs, with its file systems frozen for a moment", consistent: true };
  if (running !== undefined)
    return { words: ` while it ${domain.power === "paused" ? "is paused" : "runs"}, as after a power failure`, consistent: false };
  return domain.reason === "shutdown"
    ? { words: ", as it was shut down", consistent: true }
    : { words: ", which is off, as after a power failure", consistent: false };
}

/** The record of a disk in the label of its owner, where its directory exists; `record` is undefined for a disk that is not complete. */
async function findRecord(context: Context, { kind, name, file }: TakenAddress) {
  const { host, layout, project } = context;
  const isVolume = kind === "volume";
  const [directory, pathOf] = isVolume ? [layout.volumes, layout.volumeFile] : [layout.root, layout.instanceFile];
  const listed = await host.files.list(directory);
  const uuids = listed.filter((entry) => entry.type === "directory" && isUuidDirectory(entry.name)).map((entry) => entry.name);
  const labels = await readOwnFiles(
    context,
    uuids.map((uuid) => pathOf(uuid, instanceFiles.label)),
  );
  for (const [index, uuid] of uuids.entries()) {
    const content = labels[index]?.content;
    const label = objectOf(content === undefined ? undefined : jsonOf(content));
    if (label?.["project"] !== project || label[kind] !== name) continue;
    const record = isVolume ? objectOf(label["applied"]) : objectOf(objectOf(label["objects"])?.[file]);
    const isMade = isVolume ? label["made"] === true : record?.["unfinished"] !== true;
    return { uuid, path: pathOf(uuid, file), record: isMade && typeof record?.["backend"] === "string" ? record : undefined };
  }
  return undefined;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** Domains that have a disk: the one of the instance, or all that name the volume in their definitions. */
async function domainsOf(context: Context, instance: string | undefined, isIt: (source: string) => boolean) {
  const libvirt = libvirtOf(context);
  const read = ({ uuid, name, power, reason, xml, active }: DomainRecord): Holder => {
    const runs = active === null ? undefined : parseXml(active);
    return {
      uuid,
      name,
      power,
      reason,
      stored: sourcesOf(parseXml(xml)),
      active: runs === undefined ? null : sourcesOf(runs),
      disks: findAll(find(runs, "devices"), "disk").map((disk) => ({
        source: sourceOfDisk(disk),
        target: find(disk, "target")?.attributes["dev"] ?? "",
      })),
      hasAgent: hasAgent(runs),
    };
  };
  if (instance === undefined) {
    const all = await libvirt.domains(read);
    return all.filter(({ stored, active }) => [...stored, ...(active ?? [])].some(isIt));
  }
  const domain = await libvirt.domain(instance);
  return domain === undefined ? [] : [read(domain)];
}

/** A domain, and the disks of its definitions. */
interface Holder extends Pick<DomainRecord, "uuid" | "name" | "power" | "reason"> {
  readonly stored: readonly string[];
  /** Null of one that is off. */
  readonly active: readonly string[] | null;
  /** Those of the guest that runs, by its names for them. */
  readonly disks: readonly { readonly source: string | undefined; readonly target: string }[];
  /** Its guest agent is connected. */
  readonly hasAgent: boolean;
}

/** How libvirt can copy the disk while its guest runs; undefined where it cannot, as for containers. Pure. */
function runningDisk(domain: Holder | undefined, isIt: (source: string) => boolean): RunningDisk | undefined {
  if (domain === undefined || !["running", "paused"].includes(domain.power)) return undefined;
  const { uuid, name, disks } = domain;
  const found = disks.find(({ source }) => source !== undefined && isIt(source));
  if (found === undefined) return undefined;
  const others = disks.flatMap(({ target }) => (target === found.target ? [] : target));
  return { uuid, name, target: found.target, others, freezes: domain.power === "running" && domain.hasAgent };
}

/** What the disks of a definition are, with `PROTOCOL:` in front of one on the network, and what is mounted for a container. Pure. */
function sourcesOf(domain: XmlElement): string[] {
  const disks = findAll(find(domain, "devices"), "disk").flatMap((disk) => sourceOfDisk(disk) ?? []);
  return [...disks, ...mountedDisks(domain).map(({ source }) => source)];
}

function sourceOfDisk(disk: XmlElement): string | undefined {
  const { file, dev, protocol, name } = find(disk, "source")?.attributes ?? {};
  return file ?? dev ?? (protocol === undefined || name === undefined ? undefined : `${protocol}:${name}`);
}

function hasAgent(domain: XmlElement | undefined): boolean {
  return findAll(find(domain, "devices"), "channel").some((channel) => {
    const { name, state } = find(channel, "target")?.attributes ?? {};
    return name === "org.qemu.guest_agent.0" && state === "connected";
  });
}

function missing(owner: string, detail: string): SourceProblem {
  return { code: "instance-disk-missing", summary: `There is no disk of ${owner} to take an image from`, detail };
}

function refused(owner: string, what: string, remedy: string): SourceProblem {
  return { code: "instance-disk-in-use", summary: `The disk of ${owner} ${what}`, detail: remedy };
}
