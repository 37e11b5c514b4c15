import type { Context } from "../../model/context.ts";
import { RefusedError, userError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import { stagedPath } from "../../model/layout.ts";
import { machineId } from "../../tools/machine-id.ts";
import type { Rbd, RbdFinish, RbdImage, RbdName } from "../../tools/rbd/rbd.ts";
import { baseOf } from "../content.ts";
import type { DiskRef, DiskSpec } from "../driver.ts";
import { type RbdSettings, rbdSettings } from "./settings.ts";

/** Where disks are kept in Ceph. */
export interface RbdPlace extends Rbd {
  readonly context: Context;
  readonly settings: RbdSettings;
  /** The host's own; undefined where it has none. */
  readonly machine: string | undefined;
}

const projectKey = "virtform.project";
/** Uuids come from project and name: on two hosts that share a pool, those of one name would be one disk. */
const machineKey = "virtform.machine";
const instanceKey = "virtform.instance";
const appliedKey = "virtform.applied";

/**
 * The pool of this name, else the one that the configuration names. Throws a UserError when that has none (Nova RBD-01): what was put
 * into Ceph cannot be found without it.
 */
export async function rbdPlace(context: Context, pool: string | null = null): Promise<RbdPlace> {
  const settings = rbdSettings(context.settings);
  if (settings === undefined) {
    throw userError(
      "rbd-not-configured",
      "Disks exist in Ceph, but host.rbd is not configured",
      "Keep host: { rbd: { pool: … } } in the configuration as long as disks with images_type rbd exist.",
    );
  }
  const machine = await machineId(context.host);
  return { context, access: settings, settings: pool === null ? settings : { ...settings, pool }, machine };
}

/** Nova LAY-17: `<uuid>_<disk name>`. */
export function rbdName({ settings }: Pick<RbdPlace, "settings">, disk: Pick<DiskRef, "uuid" | "name">): RbdName {
  return { pool: settings.pool, image: `${disk.uuid}_${disk.name}` };
}

/** The name that an image has while it is not whole. One name per disk, so that what a crash left is found and replaced. */
export function rbdPart(name: RbdName): RbdName {
  return { ...name, image: stagedPath(name.image) };
}

/** The label in the image of a disk, which names its owner also where the files of this host are lost. Pure. */
export function diskLabelRbd(place: RbdPlace, disk: DiskSpec): NonNullable<RbdFinish["metadata"]> {
  const base = baseOf(disk);
  const applied = { backend: disk.backend, size: disk.size, image: base?.image ?? null, entry: base?.entry ?? null };
  return labelRbd(place, disk.owner.label, applied);
}

/** The same for any image. What says whose it is comes last. Pure. */
export function labelRbd(place: RbdPlace, owner: string, applied: Json): NonNullable<RbdFinish["metadata"]> {
  return [
    [appliedKey, JSON.stringify(applied)],
    [instanceKey, owner],
    ...(place.machine === undefined ? [] : [[machineKey, place.machine] as const]),
    [projectKey, place.context.project],
  ];
}

/** What is written on an image of this project and this host; undefined for that of another owner. Pure. */
export function ownRbdLabel(place: RbdPlace, image: RbdImage | undefined): Readonly<Record<string, string>> | undefined {
  if (image === undefined || !isProjects(place, image) || isOtherMachines(place, image)) return undefined;
  return image.metadata;
}

/** Throws a RefusedError when an image, as it was found, belongs to another project or host, or has no owner label. */
export function refuseForeignRbd(place: RbdPlace, name: RbdName, found: RbdImage): void {
  refuseOtherMachines(place, name, found);
  if (isProjects(place, found)) return;
  const owner = found.metadata[projectKey];
  throw new RefusedError(
    "disk-not-ours",
    `${name.pool}/${name.image} exists and does not belong to project ${place.context.project}: ${owner === undefined ? "it has no owner label" : `it belongs to project ${owner}`}`,
    `It may hold data of a guest, so it is not changed. If it is yours: rbd image-meta set ${name.pool}/${name.image} ${projectKey} ${place.context.project}`,
  );
}

/** Throws a RefusedError when an image is this project's on another host: its guest may be running there. */
export function refuseOtherMachines(place: RbdPlace, name: RbdName, found: RbdImage): void {
  if (!isProjects(place, found) || !isOtherMachines(place, found)) return;
  const { host, project } = place.context;
  throw new RefusedError(
    "disk-of-another-host",
    `${name.pool}/${name.image} belongs to project ${project} and was created by another host (machine id ${found.metadata[machineKey]}; ${host.name} is ${place.machine}), where its guest may be running`,
    `Two hosts that share a pool need projects with different names. If its guest was moved here, or this host was reinstalled: rbd image-meta set ${name.pool}/${name.image} ${machineKey} ${place.machine}`,
  );
}

function isProjects({ context }: RbdPlace, { metadata }: RbdImage): boolean {
  return metadata[projectKey] === context.project;
}

/** Images of earlier versions do not say whose they are. */
function isOtherMachines({ machine }: RbdPlace, { metadata }: RbdImage): boolean {
  return machine !== undefined && metadata[machineKey] !== undefined && metadata[machineKey] !== machine;
}
