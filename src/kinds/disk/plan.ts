import type { Action } from "../../model/action.ts";
import type { Effect } from "../../model/effect.ts";
import type { Fact } from "../../model/fact.ts";
import type { Observed } from "../../model/observed.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { layerPaths, layersText } from "../chain/active-layer.ts";
import type { DiskAddress } from "../terms/disk-address.ts";
import { isCopy } from "../terms/disk-name.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { CreateArgs, RemoveArgs } from "./actions.ts";
import { baseFacts } from "./base-facts.ts";
import { type OwnedDisk, refOf } from "./disk.ts";
import { isUnfinished } from "./injection/record.ts";
import { lives } from "./life.ts";
import { diskUser } from "./user.ts";
import { creationSummary } from "./words.ts";

/** An action on a disk, but for what it needs: it makes the disk what it should be. */
export function diskAction(
  { kind, uuid }: Pick<OwnedDiskState, "kind" | "uuid">,
  address: DiskAddress,
  verb: string,
  summary: string,
  args: object,
): Action {
  const life = lives[kind];
  return {
    id: `${address}#${verb}`,
    type: `${kind}.${verb}`,
    address,
    summary,
    args: args as unknown as Action["args"],
    needs: [],
    makes: [life.exists(address)],
    locks: [`${life.lock}/${uuid}`],
    effect: "none",
  };
}

/** Makes the disk. `needs`: what is to be there before, beside what it is made from. */
export function createDisk(address: DiskAddress, { kind, disk, fallback, injection }: OwnedDisk, needs: readonly Fact[] = []): Action {
  const args: CreateArgs = { disk, fallback, ...(injection === undefined ? {} : { injection }) };
  const create = diskAction({ kind, uuid: disk.uuid }, address, "create", creationSummary(disk, fallback !== null), args);
  return { ...create, needs: [...baseFacts(args), ...needs] };
}

/** Brings an interrupted creation to an end. A disk into which not everything was injected is made again. */
export function finishDisk(address: DiskAddress, want: OwnedDisk, have: OwnedDiskState): Action {
  const create = createDisk(address, want);
  if (!isUnfinished(have.applied.injected)) return { ...create, summary: "finish" };
  return { ...create, args: { ...(create.args as object), remake: true }, summary: `make it again: ${create.summary}` };
}

/** Removes the disk, which is a loss unless it only held a copy. `needs`: what is to be so before. */
export function removeDisk(address: DiskAddress, have: OwnedDiskState, observed: Observed, needs: readonly Fact[]): Action {
  const user = diskUser(have, observed);
  const args: RemoveArgs = {
    ...refOf(have),
    owner: have.owner,
    backend: have.applied.backend,
    user: user === null ? null : { uuid: user.uuid, instance: user.instance },
    layers: layerPaths(have),
  };
  const life = lives[have.kind];
  const destroys = have.disk === undefined ? undefined : life.lossOf(address, have, have.disk.size);
  return withoutUndefined({
    ...diskAction(have, address, "remove", "remove", args),
    needs,
    makes: [life.gone(address)],
    effect: removalEffect(have),
    destroys: destroys === undefined ? undefined : `${destroys}${layersText(args.layers)}`,
  });
}

/** A copy can be made again, and the guest's own disks stay; that it is off meanwhile, its domain says. */
export function removalEffect({ name }: OwnedDiskState): Effect {
  return isCopy(name) ? "none" : "rebuild";
}
