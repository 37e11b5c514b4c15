import type { Context } from "../model/context.ts";
import { UserError } from "../model/errors.ts";
import { instanceFiles, isUuidDirectory } from "../model/layout.ts";
import { problem } from "../model/problem.ts";
import { jsonOf } from "../tools/json-of.ts";
import { libvirtOf } from "../tools/libvirt/libvirt.ts";
import { readOwnFiles } from "../tools/own-file.ts";
import { convertToRaw, dataBytes, imageInfo } from "../tools/qemu-img.ts";
import { find, findAll, parseXml } from "../tools/xml.ts";
import type { Source, SourceProblem } from "./source.ts";

/** What the address of a disk of an instance means. */
export interface InstanceAddress {
  readonly instance: string;
  /** File name of the disk in the directory of the instance. */
  readonly file: string;
}

/** The parts of `instance://NAME/DISK` with a label behind `#`, which makes another image of it; undefined for another text. Pure. */
export function parseInstanceAddress(address: string): InstanceAddress | undefined {
  const [, instance = "", disk = ""] = /^instance:\/\/([A-Za-z0-9][\w.-]*)\/(root|local|eph\d{1,2})(?:#[\w.-]{1,64})?$/.exec(address) ?? [];
  if (instance === "") return undefined;
  return { instance, file: disk === "root" ? instanceFiles.root : `disk.${disk}` };
}

/**
 * A disk of an instance of this project on the same host, while its guest is off: `instance://web/root`. What lies below the disk is copied as well, so
 * that the image depends on no other one.
 */
export const instance: Source = {
  scheme: "instance",
  check: (address) => (parseInstanceAddress(address) === undefined ? invalid(address) : undefined),
  async look(context, address) {
    const found = await findDisk(context, address);
    if ("code" in found) return { way: null, bytes: null, problem: found };
    const { instance: name, state, bytes, content } = found;
    return { way: `from a disk of ${name}, ${state}`, bytes, moves: "copy", content };
  },
  async fetch(context, { source, to, digests, maxBytes, onProgress }) {
    const { host, signal } = context;
    const found = await findDisk(context, source);
    if ("code" in found) throw new UserError([problem(found.code, found)]);
    const { path, format, bytes, content } = found;
    if (maxBytes !== undefined && content > maxBytes) {
      const detail = `It takes ${content} bytes, and ${maxBytes} bytes may be used. Free space.`;
      throw new UserError([problem("no-space", { summary: `Not enough space for the disk ${path}`, detail })]);
    }
    await host.files.remove(to);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => host.files.remove(to).catch(() => undefined));
    // qemu's lock on the disk keeps the guest from starting meanwhile.
    await convertToRaw(host, {
      from: path,
      to,
      format,
      bytes,
      readSoon: true,
      signal,
      onFraction: (fraction) => onProgress?.(Math.round(fraction * bytes), bytes),
    });
    const made = await host.files.digest(to, digests);
    undo.move();
    return { bytes, digests: made };
  },
};

interface FoundDisk {
  readonly instance: string;
  readonly path: string;
  readonly format: "raw" | "qcow2";
  /** In words: how its guest ended. */
  readonly state: string;
  /** Bytes: of the disk, and of the data in it and below it. */
  readonly bytes: number;
  readonly content: number;
}

/** The disk that an address means, or why it cannot be taken. */
async function findDisk(context: Context, address: string): Promise<FoundDisk | SourceProblem> {
  const { host, layout, project, signal } = context;
  const parsed = parseInstanceAddress(address);
  if (parsed === undefined) return invalid(address);
  const { instance: name, file } = parsed;
  const directories = (await host.files.list(layout.root)).filter(({ name, type }) => type === "directory" && isUuidDirectory(name));
  const uuids = directories.map(({ name }) => name);
  const labels = await readOwnFiles(
    context,
    uuids.map((uuid) => layout.instanceFile(uuid, instanceFiles.label)),
  );
  const index = labels.findIndex(({ content }) => {
    const label = content === undefined ? undefined : (jsonOf(content) as { project?: unknown; instance?: unknown } | null | undefined);
    return label?.project === project && label.instance === name;
  });
  const uuid = uuids[index];
  if (uuid === undefined) {
    return missing(
      name,
      `Project ${project} has no such instance on the host. Create it first, and add the image, and what is made from it, once the guest is ready and off.`,
    );
  }
  const path = layout.instanceFile(uuid, file);
  const label = jsonOf(labels[index]?.content ?? Buffer.alloc(0)) as { objects?: Readonly<Record<string, { encrypted?: unknown }>> };
  const [info] = await readOwnFiles(context, [layout.instanceFile(uuid, instanceFiles.diskInfo)]);
  const format = (jsonOf(info?.content ?? Buffer.from("{}")) as Readonly<Record<string, unknown>> | null | undefined)?.[path];
  const stat = await host.files.stat(path);
  if (stat?.type !== "file" || (format !== "raw" && format !== "qcow2")) {
    return missing(name, `virtform did not make ${path}, or it is not a file. Only disks that are files, raw or qcow2, can be taken.`);
  }
  if (label.objects?.[file]?.encrypted === true) return refused(name, "is encrypted", "An image of it would not be. Take another disk.");
  const domain = await libvirtOf(context).domain(uuid);
  if (domain !== undefined && domain.power !== "stopped") {
    return refused(
      name,
      domain.power === "saved" ? "belongs to a guest whose memory is saved" : "is in use",
      `An image of it would not be consistent. Shut the guest down first: virtform stop ${name}. It can be started again once the image is taken.`,
    );
  }
  if (domain !== undefined && !sourcesOf(domain.xml).includes(path)) {
    return refused(name, "has layers above it", "The guest writes to a layer of a snapshot. Merge it first (virsh blockcommit).");
  }
  const { virtualSize } = await imageInfo(host, path, format, signal);
  const content = await dataBytes(host, path, format, virtualSize, signal);
  const state = domain?.reason === "shutdown" ? "as it was shut down" : "which is off, as after a power failure";
  return { instance: name, path, format, state, bytes: virtualSize, content };
}

/** The files that the disks of a definition are. Pure. */
function sourcesOf(xml: string): string[] {
  return findAll(find(parseXml(xml), "devices"), "disk").flatMap((disk) => find(disk, "source")?.attributes["file"] ?? []);
}

function missing(name: string, detail: string): SourceProblem {
  return { code: "instance-disk-missing", summary: `There is no disk of instance ${name} to take an image from`, detail };
}

function refused(name: string, what: string, remedy: string): SourceProblem {
  return { code: "instance-disk-in-use", summary: `The disk of instance ${name} ${what}`, detail: remedy };
}

function invalid(address: string): SourceProblem {
  const detail =
    "Write instance://NAME/root, or local, eph0, eph1, … in place of root. A label behind it, as in instance://web/root#2, takes another image.";
  return { code: "image-source-invalid", summary: `Invalid address of a disk of an instance: ${address}`, detail };
}
