import { baseOf, blankOf } from "../../drivers/content.ts";
import type { Action } from "../../model/action.ts";
import { type Change, causeOf, combineCauses, type FieldChange, notConfigured, protectedBy } from "../../model/change.ts";
import type { Fact } from "../../model/fact.ts";
import type { Observed } from "../../model/kind.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { activeLayer, layerPaths, layersText } from "../chain/active-layer.ts";
import { withFollowedChain } from "../chain/with-chain.ts";
import { baseFacts } from "../disk/owned.ts";
import { isElsewhere, placeKey } from "../disk/place.ts";
import { defined, gone, grown, guests, stopped, up } from "../terms/guest-address.ts";
import { type VolumeAddress, volumeExists, volumeGone } from "../terms/volume-address.ts";
import { appliedVolume } from "./actions.ts";
import { lostReplacement, lostVolume } from "./lost.ts";
import { type VolumeSpec, type VolumeState, volumeFileName } from "./spec.ts";
import { type VolumeUser, volumeUser } from "./user.ts";

/**
 * The difference between a volume as wanted and as found. A volume is kept for its data, so it is never recreated: `checkVolumes`
 * reports what would need that.
 */
export function diffVolume(
  address: VolumeAddress,
  want: VolumeSpec | undefined,
  found: VolumeState | undefined,
  observed: Observed,
): Change | undefined {
  const have = found === undefined ? undefined : withFollowedChain(found, observed);
  if (want === undefined) return have === undefined ? undefined : removal(address, have, observed);
  const lost = lostVolume(want, have, observed);
  if (lost !== undefined) return lost.protected || lost.user !== undefined ? undefined : replacementOfLost(address, want, have);
  if (have?.disk === undefined) return creation(address, want, have);
  if (cannotBecome(want, have)) return undefined;
  return update(address, want, have, observed);
}

/** A volume with the layers that its guest has above it. */
type LayeredVolume = ReturnType<typeof withFollowedChain<VolumeState>>;

/** Whether only another volume could be what is wanted. */
export function cannotBecome({ disk }: VolumeSpec, { applied }: VolumeState): boolean {
  return isElsewhere(disk, applied) || blankOf(disk)?.filesystem !== applied.filesystem || baseOf(disk)?.image !== applied.image;
}

function creation(address: VolumeAddress, want: VolumeSpec, have: VolumeState | undefined): Change {
  const applied = appliedVolume(want.disk);
  const [base, content] = [baseOf(want.disk), blankOf(want.disk)];
  const from = base !== null ? ` from ${base.image}` : content !== null ? ` with ${content.filesystem}` : "";
  // Leftovers of an interrupted creation in another place would never be removed.
  const left = have === undefined || !isElsewhere(want.disk, have.applied) ? [] : [removeAction(address, have)];
  const needs = [...baseFacts(want), ...left.flatMap(({ makes }) => makes)];
  const summary = `create ${applied.backend} volume of ${formatQuantity(applied.size)}${from}`;
  return {
    address,
    verb: "create",
    cause: "config",
    reason: "does not exist yet",
    fields: [
      { path: "size", new: applied.size },
      { path: "backend", new: applied.backend },
      ...placeField(applied).map((field) => ({ path: field.path, new: field.place })),
      ...(applied.filesystem === undefined ? [] : [{ path: "filesystem", new: applied.filesystem }]),
      ...(applied.image === undefined ? [] : [{ path: "image", new: applied.image }]),
    ],
    actions: [...left, action(address, want.disk.uuid, "create", summary, argsOf(want), needs)],
    before: null,
    after: { ...applied, prevent_destroy: want.disk.owner.protects },
  };
}

function replacementOfLost(address: VolumeAddress, want: VolumeSpec, have: VolumeState | undefined): Change {
  const { actions, after } = creation(address, want, have);
  const create = actions.at(-1);
  if (create === undefined) throw new Error(`nothing creates ${address}`);
  return lostReplacement(address, want, create, have === undefined ? null : { ...have.applied }, after);
}

function update(address: VolumeAddress, want: VolumeSpec, have: LayeredVolume, observed: Observed): Change | undefined {
  const size = want.disk.size ?? 0;
  const found = have.disk?.size ?? 0;
  const user = volumeUser(have, observed);
  // A guest with saved memory goes on first; `checkVolumes` sees to it that it does.
  const saved = user?.saved === true;
  const online = user !== undefined && (user.running || saved) ? { uuid: user.uuid } : null;
  const grows = size > found;
  const layer = activeLayer(have);
  const effect = online === null ? "none" : "live";
  // What shows that it was once whole is written last.
  const unfinished = !have.made;
  const fields: FieldChange[] = [
    ...(unfinished ? [{ path: "made", old: false, new: true, effect: "none", cause: "drift" } as const] : []),
    ...(grows ? [{ path: "size", old: found, new: size, effect, cause: causeOf(size, have.applied.size, found) } as const] : []),
    ...(want.disk.owner.protects === have.preventDestroy
      ? []
      : [{ path: "prevent_destroy", old: have.preventDestroy, new: want.disk.owner.protects, effect: "none", cause: "config" } as const]),
  ];
  if (fields.length === 0) return undefined;
  const finish = action(address, have.uuid, "create", "finish", argsOf(want), baseFacts(want));
  const label = action(address, have.uuid, "label", want.disk.owner.protects ? "protect" : "lift the protection", argsOf(want));
  const grow: Action = {
    ...action(
      address,
      have.uuid,
      "grow",
      `grow from ${formatQuantity(found)} to ${formatQuantity(size)}${layer === null ? "" : `, in its active layer ${layer.path}`}`,
      {
        ...argsOf(want),
        online,
        ...userArgs(user),
        ...(layer === null ? {} : { layer }),
      },
    ),
    needs: saved ? [up(guests.at(user.instance))] : [],
    makes: saved ? [] : [volumeExists(address), ...(user?.running === true ? [grown(guests.at(user.instance))] : [])],
    effect,
  };
  return {
    address,
    verb: "update",
    cause: combineCauses(fields.flatMap(({ cause }) => cause ?? [])),
    reason: grows ? "smaller than declared" : unfinished ? "its creation was interrupted" : "prevent_destroy changed",
    fields,
    actions: [grows ? grow : unfinished ? finish : label],
    before: { ...have.applied, size: found, prevent_destroy: have.preventDestroy },
    after: { ...appliedVolume(want.disk), prevent_destroy: want.disk.owner.protects },
  };
}

function removal(address: VolumeAddress, have: LayeredVolume, observed: Observed): Change {
  const { name, applied, disk, preventDestroy } = have;
  const holder = volumeUser(have, observed);
  const size = formatQuantity(disk?.size ?? applied.size);
  const remove: Action = {
    ...removeAction(address, have, holder),
    needs: holder === undefined ? [] : [gone, stopped, defined].map((fact) => fact(guests.at(holder.instance))),
    effect: "rebuild",
    ...(disk === undefined ? {} : { destroys: `${size} volume ${name} with all that is in it${layersText(layerPaths(have))}` }),
  };
  return {
    address,
    verb: "delete",
    cause: "config",
    reason: preventDestroy ? `${notConfigured}, but ${protectedBy}` : notConfigured,
    fields: [
      { path: "size", old: disk?.size ?? applied.size },
      { path: "backend", old: applied.backend },
      ...placeField(applied).map((field) => ({ path: field.path, old: field.place })),
    ],
    actions: preventDestroy ? [] : [remove],
    before: { ...applied, prevent_destroy: preventDestroy },
    after: null,
  };
}

function removeAction(address: VolumeAddress, have: LayeredVolume, holder?: VolumeUser): Action {
  const {
    uuid,
    path,
    applied: { backend, place },
  } = have;
  const layers = layerPaths(have);
  const args = {
    uuid,
    name: volumeFileName,
    path,
    backend,
    place: place ?? null,
    ...userArgs(holder),
    ...(layers.length === 0 ? {} : { layers }),
  };
  return { ...action(address, uuid, "remove", "remove", args), makes: [volumeGone(address)] };
}

/** The place under the name that it has in the configuration. */
function placeField({ backend, place }: VolumeState["applied"]): { path: string; place: string }[] {
  return place === undefined ? [] : [{ path: placeKey(backend) ?? "place", place }];
}

function argsOf({ name, disk, fallback }: VolumeSpec) {
  return { name, disk, fallback };
}

/** Who is looked at once more before something is done to a volume that its guest must not notice. */
function userArgs(user: VolumeUser | undefined) {
  return user === undefined ? {} : { user: { uuid: user.uuid, instance: user.instance } };
}

function action(address: VolumeAddress, uuid: string, verb: string, summary: string, args: object, needs: readonly Fact[] = []): Action {
  return {
    id: `${address}#${verb}`,
    type: `volume.${verb}`,
    address,
    summary,
    args: args as unknown as Action["args"],
    needs,
    makes: [volumeExists(address)],
    locks: [`volume/${uuid}`],
    effect: "none",
  };
}
