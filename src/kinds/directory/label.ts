import { isObjectName } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import { CodedError, RefusedError } from "../../model/errors.ts";
import type { FileChange, Names } from "../../model/host.ts";
import type { Json } from "../../model/json.ts";
import { instanceFiles } from "../../model/layout.ts";
import { perHost } from "../../model/per-host.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { jsonOf } from "../../tools/json-of.ts";
import { type OwnFile, readOwnFiles } from "../../tools/own-file.ts";
import { originOf } from "../terms/identity.ts";
import { retireDirectory, sweepRetired } from "./retire-directory.ts";

/**
 * The label of an instance directory: who owns it, and what was last applied to each object in it. An object's entry is
 * written before the object is made and removed after the object is gone, so everything of ours is named here; the
 * entry alone does not mean that the object exists.
 */
export interface InstanceLabel {
  readonly version: 1;
  readonly project: string;
  readonly instance: string;
  /** The name that the instance was created as; absent: that name. */
  readonly origin?: string;
  /** By file name: `disk`, `disk.config`. */
  readonly objects: Readonly<Record<string, Json>>;
}

/** Whose directory it is. */
export interface LabelOwner {
  readonly uuid: string;
  readonly instance: string;
  /** The name that it was created as. Absent: as the label says. */
  readonly origin?: string;
}

/** What the label records of the domain that uses the directory: it protects the disks even after the domain was undefined by hand. */
export interface DomainEntry {
  readonly prevent_destroy: boolean;
  /** Parts of its definition that this libvirt filled in by itself, beyond those that are expected of every libvirt. */
  readonly filled?: readonly string[];
  /** An apply started the guest and has not seen yet that it is ready. */
  readonly unready?: boolean;
  /** An apply starts the guest paused, and resumes it when its interfaces are ready: a guest that is paused without this was paused by others. */
  readonly plugging?: boolean;
  /** An apply powered it off before it ran, because its interfaces were not ready. */
  readonly unplugged?: boolean;
}

/** The entry's name among the objects. */
export const domainEntry = "domain";

/** What the label remembers of the domain; undefined when none was defined. */
export function rememberedDomain(label: InstanceLabel | undefined): DomainEntry | undefined {
  const entry = label?.objects[domainEntry] as unknown as DomainEntry | undefined;
  return typeof entry?.prevent_destroy === "boolean" ? entry : undefined;
}

/** Only root and qemu need it, and it keys the digests of secrets. */
const mode = 0o600;

/** Reads a label. Undefined when it is absent or not ours to understand. */
export function parseLabel(content: Buffer | undefined): InstanceLabel | undefined {
  const label = jsonObject(content);
  if (label === undefined || label["version"] !== 1) return undefined;
  const { project, instance, objects } = label;
  return typeof project === "string" && isObjectName(instance) && isObject(objects) ? (label as unknown as InstanceLabel) : undefined;
}

/** A label that cannot be used, of an instance or a volume. */
export interface DamagedLabel {
  /** What is wrong with it, for a sentence that begins with its path. */
  readonly problem: string;
  /** The project and the object that it names all the same. */
  readonly project?: string;
  readonly name?: string;
}

/** What is wrong with a label that could not be parsed. `nameKey`: the key that holds the name of what it is for. */
export function damageOf({ content, problem }: OwnFile, nameKey: "instance" | "volume"): DamagedLabel | undefined {
  if (problem !== undefined) return { problem };
  if (content === undefined) return undefined;
  const label = jsonObject(content);
  if (label === undefined) return { problem: "is no JSON object" };
  const { project, version, [nameKey]: name } = label;
  const named = withoutUndefined({
    project: typeof project === "string" ? project : undefined,
    name: isObjectName(name) ? name : undefined,
  });
  if (version !== 1) return { problem: `has version ${JSON.stringify(version) ?? "none"}, and this program reads version 1`, ...named };
  return { problem: "does not have the form of a label", ...named };
}

/** Throws a RefusedError for a label that exists and cannot be used: it is not written over. */
export function refuseDamaged(path: string, damage: DamagedLabel | undefined): void {
  if (damage === undefined) return;
  throw new RefusedError(
    "label-damaged",
    `${path} ${damage.problem}, so its directory was not changed`,
    "Correct the file manually, restore it from a backup, or move the directory away.",
  );
}

/** Content that is one JSON object; undefined for anything else. */
export function jsonObject(content: Buffer | undefined): Readonly<Record<string, unknown>> | undefined {
  const value = content === undefined ? undefined : jsonOf(content);
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Records what is applied to one object of an instance directory, or what is made of its present label, and makes the directory as
 * needed. The caller holds the instance's lock.
 */
export async function recordObject(
  context: Context,
  owner: LabelOwner,
  name: string,
  applied: Json | ((label: InstanceLabel | undefined) => Json),
  options: RecordOptions = {},
): Promise<void> {
  const directory = context.layout.instance(owner.uuid);
  const label = await readLabel(context, owner.uuid);
  if (label !== undefined && label.project !== context.project) {
    throw new RefusedError(
      "directory-not-ours",
      `${directory} belongs to ${label.instance} of project ${label.project}: ${owner.instance} cannot use it`,
      "Plan again.",
    );
  }
  const objects = { ...label?.objects, [name]: typeof applied === "function" ? applied(label) : applied };
  const { names = "now", before = [], settle = [] } = options;
  await writeLabel(context, { ...owner, label }, objects, { before: [{ do: "makeDirectory", path: directory }, ...before], names, settle });
}

/**
 * Records an object that exists, to be written when the label is written next, or at the end of the apply. Only for what a look recognises
 * without its record as well. The directory has a label. The caller holds the instance's lock.
 */
export async function recordWithNext(context: Context, owner: LabelOwner, name: string, applied: Json): Promise<void> {
  const label = await readLabel(context, owner.uuid);
  knownOf(context).set(owner.uuid, {
    label: labelOf(context, { ...owner, label }, { ...label?.objects, [name]: applied }),
    unwritten: true,
  });
}

/** Writes the labels whose latest records are not written yet, and forgets what was known of all. Called at the end of an apply. */
export async function settleLabels(context: Context): Promise<void> {
  const unwritten = [...knownOf(context)].flatMap(([uuid, known]) => (known.unwritten === true ? [[uuid, known.label] as const] : []));
  await Promise.all(unwritten.map(([uuid, label]) => writeLater(context, uuid, label)));
  forgetLabels(context);
}

/** How an object is recorded. */
export interface RecordOptions {
  readonly names?: Names;
  /** Changes made together with the record, before it. */
  readonly before?: readonly FileChange[];
  /** Directories whose names go to the disk with it. */
  readonly settle?: readonly string[];
}

/** Takes the record of an object back and keeps the directory. The caller holds the instance's lock. */
export async function unrecordObject(context: Context, owner: LabelOwner, name: string): Promise<void> {
  const label = await readLabel(context, owner.uuid);
  const { [name]: _gone, ...objects } = label?.objects ?? {};
  await writeLabel(context, { ...owner, label }, objects, {});
}

/** Forgets an object that is gone. With the last one goes the rest of the directory; files that are not ours stay, below a label without objects. */
export async function forgetObject(context: Context, owner: LabelOwner, name: string): Promise<void> {
  const label = await readLabel(context, owner.uuid);
  if (label === undefined) return;
  const { [name]: _gone, ...objects } = label.objects;
  // What is remembered of a domain is no object in here: it does not keep the directory.
  if (Object.keys(objects).some((other) => other !== domainEntry)) return writeLabel(context, { ...owner, label }, objects, {});
  knownOf(context).delete(owner.uuid);
  await retireDirectory(context, {
    directory: context.layout.instance(owner.uuid),
    doomed: context.layout.doomedInstance(owner.uuid),
    companions: [instanceFiles.diskInfo, instanceFiles.xml, instanceFiles.console, instanceFiles.nvram],
    // Without a label it would look like another's, and the same configuration could not be applied again.
    emptied: labelText(labelOf(context, { ...owner, label }, {})),
  });
}

/** Removes directories of this project whose removal was interrupted. */
export function sweepDoomedDirectories(context: Context): Promise<void> {
  return sweepRetired(context, context.layout.root, (label) => parseLabel(label)?.project === context.project);
}

/** What is known of a label under the project's lock: that there is none, what this process wrote, or what it is going to write. */
type KnownLabel =
  | { readonly label: InstanceLabel | undefined; readonly unwritten?: false }
  | { readonly label: InstanceLabel; readonly unwritten: true };

/** By host and uuid: on a host elsewhere each look costs a round trip. */
const labelsOf = perHost(() => new Map<string, KnownLabel>());

function knownOf({ host }: Pick<Context, "host">): Map<string, KnownLabel> {
  return labelsOf(host);
}

/** A record that cannot be written is lost, as it would be by a kill. */
async function writeLater(context: Context, uuid: string, label: InstanceLabel): Promise<void> {
  try {
    await putLabel(context, uuid, label, { names: "later" });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
  }
}

/** Forgets what was known under an earlier lock. Called when the project's lock has been taken. */
export function forgetLabels(context: Context): void {
  knownOf(context).clear();
}

/** The label of an instance directory, where it has one. Throws a RefusedError for one that cannot be used. The caller holds the project's lock. */
export async function readLabel(context: Context, uuid: string): Promise<InstanceLabel | undefined> {
  const known = knownOf(context).get(uuid);
  if (known !== undefined) return known.label;
  const path = context.layout.instanceFile(uuid, instanceFiles.label);
  const [file = { content: undefined }] = await readOwnFiles(context, [path]);
  const label = parseLabel(file.content);
  if (label === undefined) refuseDamaged(path, damageOf(file, "instance"));
  if (label === undefined) knownOf(context).set(uuid, { label });
  return label;
}

/** Whose label is written, and the label that it replaces. */
interface Relabelled extends LabelOwner {
  readonly label: InstanceLabel | undefined;
}

async function writeLabel(context: Context, owner: Relabelled, objects: InstanceLabel["objects"], options: RecordOptions): Promise<void> {
  await putLabel(context, owner.uuid, labelOf(context, owner, objects), options);
}

async function putLabel(
  context: Context,
  uuid: string,
  label: InstanceLabel,
  { before = [], names = "now", settle = [] }: RecordOptions,
): Promise<void> {
  const path = context.layout.instanceFile(uuid, instanceFiles.label);
  knownOf(context).delete(uuid);
  await context.host.files.change([...before, { do: "write", path, data: labelText(label), mode }], names, settle);
  knownOf(context).set(uuid, { label });
}

/** A label with another instance than the one that it replaces keeps what that instance was created as: it was renamed. */
function labelOf({ project }: Context, { instance, uuid, origin, label }: Relabelled, objects: InstanceLabel["objects"]): InstanceLabel {
  const created = origin ?? label?.origin ?? (label === undefined ? instance : originOf("instance", project, label.instance, uuid));
  return { version: 1, project, instance, ...(created === instance ? {} : { origin: created }), objects };
}

function labelText(label: InstanceLabel): string {
  return `${JSON.stringify(label)}\n`;
}
