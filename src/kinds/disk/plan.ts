import type { Action } from "../../model/action.ts";
import type { Effect } from "../../model/effect.ts";
import type { Fact } from "../../model/fact.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { layerPaths, layersText } from "../chain/active-layer.ts";
import { type DiskAddress, diskExists, diskGone } from "../terms/disk-address.ts";
import { isCopy, isForRescue } from "../terms/disk-name.ts";
import { type InstanceDisk, type InstanceDiskState, refOf } from "./disk.ts";
import { baseFacts } from "./owned.ts";
import { creationSummary } from "./words.ts";

/** Makes the disk. `needs`: what is to be there before, beside what it is made from. */
export function createDisk(address: DiskAddress, want: InstanceDisk, needs: readonly Fact[] = []): Action {
  const { disk, fallback } = want;
  return {
    id: `${address}#create`,
    type: "disk.create",
    address,
    summary: creationSummary(disk, fallback !== null),
    args: { disk, fallback } as unknown as Action["args"],
    needs: [...baseFacts(want), ...needs],
    makes: [diskExists(address)],
    locks: [lockOf(disk.uuid)],
    effect: "none",
  };
}

/** Removes the disk, which is a loss unless it only held a copy. `needs`: what is to be so before. */
export function removeDisk(address: DiskAddress, have: InstanceDiskState, needs: readonly Fact[]): Action {
  const { instance, uuid, name, applied } = have;
  const what = applied.filesystem === "swap" ? "swap disk" : "disk";
  const loses = have.disk !== undefined && !isCopy(name);
  // Of a disk whose removal was interrupted, the label names the layers.
  const layers = have.above === undefined ? (applied.layers ?? []) : layerPaths(have);
  return {
    id: `${address}#remove`,
    type: "disk.remove",
    address,
    summary: "remove",
    args: { instance, ...refOf(have), backend: applied.backend, ...(layers.length === 0 ? {} : { layers }) },
    needs,
    makes: [diskGone(address)],
    locks: [lockOf(uuid)],
    effect: removalEffect(have),
    ...(loses ? { destroys: `${formatQuantity(have.disk.size)} ${what} ${address.slice("disk/".length)}${layersText(layers)}` } : {}),
  };
}

/** The guest's own disk stays while that of its rescue goes; that it is off meanwhile, its domain says. */
export function removalEffect({ name }: InstanceDiskState): Effect {
  return isForRescue(name) ? "none" : "rebuild";
}

/** All that is done to an instance's files is done one thing after the other. */
export function lockOf(uuid: string): string {
  return `instance/${uuid}`;
}
