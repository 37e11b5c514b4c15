import type { Action, Fact } from "../../model/action.ts";
import type { Address } from "../../model/address.ts";
import type { Effect } from "../../model/effect.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { isCopy, isForRescue } from "../terms/disk-name.ts";
import { type InstanceDisk, type InstanceDiskState, refOf } from "./disk.ts";
import { creationSummary } from "./words.ts";

/** The fact that what the disk is made from is there. */
export function baseFacts({ disk, fallback }: InstanceDisk): Fact[] {
  return disk.base === undefined || fallback !== undefined ? [] : [`base/${disk.base.entry}`];
}

/** Makes the disk. `needs`: what is to be there before, beside what it is made from. */
export function createDisk(address: Address, want: InstanceDisk, needs: readonly string[] = []): Action {
  const { disk, fallback } = want;
  return {
    id: `${address}#create`,
    type: "disk.create",
    address,
    summary: creationSummary(disk, fallback !== undefined),
    args: { disk: { ...disk }, ...(fallback === undefined ? {} : { fallback }) } as unknown as Action["args"],
    needs: [...baseFacts(want), ...needs],
    makes: [address],
    locks: [lockOf(disk.uuid)],
    effect: "none",
  };
}

/** Removes the disk, which is a loss unless it only held a copy. `needs`: what is to be so before. */
export function removeDisk(address: Address, have: InstanceDiskState, needs: readonly string[]): Action {
  const { instance, uuid, name, applied } = have;
  const what = applied.filesystem === "swap" ? "swap disk" : "disk";
  const loses = have.disk !== undefined && !isCopy(name);
  return {
    id: `${address}#remove`,
    type: "disk.remove",
    address,
    summary: "remove",
    args: { instance, ...refOf(have), backend: applied.backend },
    needs,
    makes: [`${address}:gone`],
    locks: [lockOf(uuid)],
    effect: removalEffect(have),
    ...(loses ? { destroys: `${formatQuantity(have.disk.size)} ${what} ${address.slice("disk/".length)}` } : {}),
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
