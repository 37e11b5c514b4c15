import { ownsSource } from "../../drivers/index.ts";
import type { Context } from "../../model/context.ts";
import type { Files } from "../../model/host.ts";
import { instanceFiles, isUuidDirectory } from "../../model/layout.ts";
import { layeredFormat } from "../../tools/image-format.ts";
import type { DiskLayers } from "../../tools/libvirt/disk-layers.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import type { DiskChain, Layer } from "../terms/disk-chain.ts";
import { diskRole } from "../terms/disk-name.ts";
import { type ReadLayer, readChains } from "./read-chains.ts";

/** The disks that the definitions of one domain name. */
export interface DomainDisks {
  readonly uuid: string;
  /** It belongs to this project. */
  readonly own: boolean;
  /** Other programs made its disks: what is below each of them is not known otherwise. */
  readonly adopted: boolean;
  readonly stored: readonly DiskLayers[];
  /** Null when it is off. */
  readonly active: readonly DiskLayers[] | null;
}

/** A disk of ours, as drivers recognise it. */
export interface OwnPath {
  readonly uuid: string;
  readonly path: string;
}

/** What lies below the disks of domains. */
export interface ChainLook {
  /** Of this project's domains, by uuid: only disks that are not simply a disk or a volume of ours. */
  readonly chains: ReadonlyMap<string, readonly DiskChain[]>;
  /** Of all other domains, by uuid: which disks, volumes and base images of the instances path they use, by path. */
  readonly uses: ReadonlyMap<string, readonly string[]>;
}

interface Question {
  readonly domain: DomainDisks;
  readonly disk: DiskLayers;
  readonly running: boolean;
}

/**
 * Looks below the disks of all domains of a host. Files are recognised by device and inode, so that links and other paths to them count as well. Ordinary
 * disks of this project's guests cost nothing: what is below them is in the header that was read with them. `listed`: what `listOurFiles` gives, where it
 * was asked for before.
 */
export async function lookAtChains(
  context: Context,
  domains: readonly DomainDisks[],
  disks: readonly OwnPath[],
  listed?: Promise<OurFiles>,
): Promise<ChainLook> {
  const own = new Set(disks.map(({ path }) => path));
  const isOrdinary = (uuid: string) => (source: string) => own.has(source) || isPathOfOurs(context, uuid, source) || isElsewhere(source);
  const questions = domains.flatMap((domain): Question[] =>
    domain.own ? unusual(domain, domain.adopted ? () => false : isOrdinary(domain.uuid)) : every(domain),
  );
  if (questions.length === 0) return { chains: new Map(), uses: new Map() };
  const named = questions.map(({ disk }) => disk);
  const isFile = named.some(({ top, below }) => [...(top === null ? [] : [top]), ...below].some(({ source }) => source.startsWith("/")));
  const [read, recognise, jobs] = await Promise.all([
    readChains(context, named),
    recogniser(context, disks, isFile, listed),
    Promise.all(questions.map((question) => jobOf(context, question))),
  ]);
  const chains = new Map<string, DiskChain[]>();
  const uses = new Map<string, Set<string>>();
  for (const [index, { domain, disk, running }] of questions.entries()) {
    const { layers: found, broken } = read[index] ?? { layers: [], broken: null };
    const layers = found.map(({ source, format, size, identity }): Layer => {
      return { source, format, size, own: recognise({ source, format, size, identity })?.path ?? null };
    });
    if (domain.own) {
      const isDisk = found.find((layer) => recognise(layer)?.kind === "disk");
      const job = jobs[index] ?? null;
      const owned = isDisk === undefined ? null : (recognise(isDisk)?.path ?? null);
      chains.set(domain.uuid, [...(chains.get(domain.uuid) ?? []), { target: disk.target, running, layers, disk: owned, broken, job }]);
    } else {
      const used = uses.get(domain.uuid) ?? new Set();
      for (const { own: path } of layers) if (path !== null) used.add(path);
      if (used.size > 0) uses.set(domain.uuid, used);
    }
  }
  return { chains, uses: new Map([...uses].map(([uuid, paths]) => [uuid, [...paths].sort()])) };
}

/** The block job of a disk of ours: a copy and an active commit are in the definition that runs, of what changes lower layers only libvirt knows. */
async function jobOf(context: Context, { domain, disk, running }: Question): Promise<DiskChain["job"]> {
  if (disk.mirror !== null) return { name: disk.mirror.job, source: disk.mirror.source };
  const name = domain.own && running ? await libvirtOf(context).blockJob(domain.uuid, disk.target) : undefined;
  return name === undefined ? null : { name, source: null };
}

/** Disks of a guest of ours that are not simply ours: what runs and what is stored, where they differ or one of them is unusual. */
function unusual(domain: DomainDisks, isOrdinary: (source: string) => boolean): Question[] {
  const { stored, active } = domain;
  const questions: Question[] = [];
  for (const disk of stored) {
    const running = active?.find(({ target }) => target === disk.target);
    const differs = running !== undefined && running.top?.source !== disk.top?.source;
    if (!differs && !isUnusual(disk, isOrdinary) && (running === undefined || !isUnusual(running, isOrdinary))) continue;
    if (running?.top != null) questions.push({ domain, disk: running, running: true });
    if (disk.top !== null && (running === undefined || differs)) questions.push({ domain, disk, running: false });
  }
  return questions;
}

function isUnusual({ device, top, mirror }: DiskLayers, isOrdinary: (source: string) => boolean): boolean {
  return device === "disk" && top !== null && (mirror !== null || !isOrdinary(top.source));
}

function every(domain: DomainDisks): Question[] {
  const one = (disks: readonly DiskLayers[], running: boolean) =>
    disks.flatMap((disk) => [
      ...(disk.top === null ? [] : [{ domain, disk, running }]),
      // What a job copies to is used as well.
      ...(disk.mirror?.source == null ? [] : [{ domain, disk: mirrorOf(disk.mirror.source, disk), running }]),
    ]);
  return [...one(domain.stored, false), ...one(domain.active ?? [], true)];
}

function mirrorOf(source: string, disk: DiskLayers): DiskLayers {
  return { ...disk, top: { source, format: layeredFormat }, below: [], whole: false, mirror: null };
}

/** What is in the directories of volumes and of base images. */
export type OurFiles = Readonly<Record<"volumes" | "bases", Awaited<ReturnType<Files["list"]>>>>;

/** Lists the directories whose files may be among the layers of disks. */
export async function listOurFiles({ host, layout }: Context): Promise<OurFiles> {
  const [volumes, bases] = await Promise.all([host.files.list(layout.volumes), host.files.list(layout.base)]);
  return { volumes, bases };
}

type Recognised = { readonly path: string; readonly kind: "disk" | "base" };

/** Tells which layers are disks, volumes or base images of the instances path, whichever project has them. `files`: some of them are files. */
async function recogniser(context: Context, disks: readonly OwnPath[], files: boolean, listed?: Promise<OurFiles>) {
  const { host, layout } = context;
  const { volumes, bases } = await (listed ?? listOurFiles(context));
  const volumePaths = volumes.filter(({ name }) => isUuidDirectory(name)).map(({ name }) => layout.volumeFile(name, "disk"));
  const candidates: Recognised[] = [
    ...disks.map(({ path }) => ({ path, kind: "disk" as const })),
    ...volumePaths.map((path) => ({ path, kind: "disk" as const })),
    ...bases.filter(({ type }) => type === "file").map(({ name }) => ({ path: layout.baseImage(name), kind: "base" as const })),
  ];
  const identities = files ? await host.files.identify(candidates.map(({ path }) => path)) : [];
  const byIdentity = new Map(identities.flatMap((identity, index) => (identity === undefined ? [] : [[identity.id, candidates[index]]])));
  const byPath = new Map(candidates.map((one) => [one.path, one]));
  return ({ source, identity }: ReadLayer): Recognised | undefined => {
    const found = (identity === undefined ? undefined : byIdentity.get(identity.id)) ?? byPath.get(source);
    if (found !== undefined) return found;
    // What drivers keep elsewhere has a name of its own; a file is what it is, whatever its name.
    if (identity !== undefined && !identity.id.startsWith("node:")) return undefined;
    return disks.some((disk) => ownsSource(source, disk)) ? { path: source, kind: "disk" } : undefined;
  };
}

/** A file that this guest or a volume has by the layout: a disk, a config drive, an image of ploop. */
function isPathOfOurs({ layout }: Context, uuid: string, source: string): boolean {
  const own = [layout.instance(uuid), layout.volumes].find((parent) => source.startsWith(`${parent}/`));
  if (own === undefined) return false;
  const parts = source.slice(own.length + 1).split("/");
  const [name = "", ...more] = own === layout.volumes ? (isUuidDirectory(parts[0] ?? "") ? parts.slice(1) : []) : parts;
  const isDisk = own === layout.volumes ? name === instanceFiles.root : diskRole(name) !== undefined || name === instanceFiles.configDrive;
  return isDisk && more.length <= 1;
}

/** The name of a disk that is no file: `rbd:vms/UUID_disk`, `/dev/vg0/UUID_disk.local`. */
function isElsewhere(source: string): boolean {
  const [, name = ""] = /^(?:rbd:|\/dev\/).*\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}_(.+)$/.exec(source) ?? [];
  return diskRole(name) !== undefined || name === instanceFiles.configDrive;
}
