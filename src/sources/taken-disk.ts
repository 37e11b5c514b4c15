import type { DiskState, ListedDisk, Reading } from "../drivers/driver.ts";
import { driverNames, driverOf } from "../drivers/index.ts";
import type { Context } from "../model/context.ts";
import { instanceFiles, isUuidDirectory } from "../model/layout.ts";
import { jsonOf } from "../tools/json-of.ts";
import type { DomainRecord } from "../tools/libvirt/face.ts";
import { libvirtOf } from "../tools/libvirt/libvirt.ts";
import { mountedDisks } from "../tools/libvirt/mounted-disks.ts";
import { readOwnFiles } from "../tools/own-file.ts";
import { find, findAll, parseXml } from "../tools/xml.ts";
import type { SourceProblem } from "./source.ts";
import type { TakenAddress } from "./taken-address.ts";

/** A disk that can be taken: no guest uses it. */
export interface TakenDisk {
  /** In messages: `instance web`. */
  readonly owner: string;
  readonly ref: ListedDisk;
  readonly state: DiskState;
  readonly reading: Reading;
  /** The disk is a file, so that what is in it can be counted without changing anything. */
  readonly isFile: boolean;
  /** In words: how its guest ended. */
  readonly how: string;
  /** Domains that have it. */
  readonly domains: readonly string[];
}

/** Finds the disk that an address means, or why it cannot be taken. Read-only. */
export async function findTakenDisk(context: Context, address: TakenAddress): Promise<TakenDisk | SourceProblem> {
  const { kind, name, file } = address;
  const owner = `${kind} ${name}`;
  const found = await findRecord(context, address);
  if (found === undefined) {
    return missing(
      owner,
      `Project ${context.project} has no such ${kind} on the host. Create it first, and add the image, and what is made from it, once ${kind === "instance" ? "the guest is ready and off" : "the volume holds what the image should"}.`,
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
  const busy = domains.find(({ power }) => power !== "stopped");
  if (busy !== undefined) {
    const guest = kind === "instance" ? name : busy.name;
    return refused(
      owner,
      busy.power === "saved" ? "belongs to a guest whose memory is saved" : "is in use",
      `An image of it would not be consistent. Shut the guest down first: virtform stop ${guest}. It can be started again once the image is taken.`,
    );
  }
  const [domain] = domains;
  if (kind === "instance" && domain !== undefined && !domain.sources.some(isIt)) {
    return refused(owner, "has layers above it", "The guest writes to a layer of a snapshot. Merge it first (virsh blockcommit).");
  }
  const off = domain?.reason === "shutdown" ? "as it was shut down" : "which is off, as after a power failure";
  const how =
    kind === "instance"
      ? `from a disk of ${name}, ${off}`
      : `from volume ${name}${domain === undefined ? "" : ` of ${domain.name}, ${off}`}`;
  return { owner, ref, state, reading: driver.reading, isFile: driver.traits.files, how, domains: domains.map((one) => one.uuid) };
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
  const read = ({ uuid, name, power, reason, xml, active }: DomainRecord) => ({
    uuid,
    name,
    power,
    reason,
    sources: [...sourcesOf(xml), ...(active === null ? [] : sourcesOf(active))],
  });
  if (instance === undefined) return (await libvirt.domains(read)).filter(({ sources }) => sources.some(isIt));
  const domain = await libvirt.domain(instance);
  return domain === undefined ? [] : [read(domain)];
}

/** What the disks of a definition are, with `PROTOCOL:` in front of one on the network, and what is mounted for a container. Pure. */
function sourcesOf(xml: string): string[] {
  const domain = parseXml(xml);
  const disks = findAll(find(domain, "devices"), "disk").flatMap((disk) => {
    const { file, dev, protocol, name } = find(disk, "source")?.attributes ?? {};
    return file ?? dev ?? (protocol === undefined || name === undefined ? [] : `${protocol}:${name}`);
  });
  return [...disks, ...mountedDisks(domain).map(({ source }) => source)];
}

function missing(owner: string, detail: string): SourceProblem {
  return { code: "instance-disk-missing", summary: `There is no disk of ${owner} to take an image from`, detail };
}

function refused(owner: string, what: string, remedy: string): SourceProblem {
  return { code: "instance-disk-in-use", summary: `The disk of ${owner} ${what}`, detail: remedy };
}
