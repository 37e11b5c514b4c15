import { setTimeout as sleep } from "node:timers/promises";
import { userError } from "../../model/errors.ts";
import { shellWord } from "../../model/shell-word.ts";
import { type RbdName, rbdSnapshots, removeRbd, removeRbdSnapshot, renameRbd } from "../../tools/rbd/rbd.ts";
import { type RbdPlace, rbdPart } from "./place.ts";
import { isRemovable, resizeSnapshotName } from "./snapshot.ts";

/** Nova RBD-12: a client that was killed counts as there for half a minute. */
const attempts = 12;
const pauseMs = 5000;

/**
 * Removes a whole image. It loses its name first: removal goes object by object, and what is half removed must not look
 * whole. Our own snapshot goes with it (Nova RBD-12). Throws a UserError that names snapshots and clones where such are in the way.
 */
export async function removeWholeRbd(place: RbdPlace, name: RbdName): Promise<void> {
  const snapshots = await rbdSnapshots(place, name);
  const foreign = snapshots.filter((snapshot) => !isRemovable(snapshot));
  if (foreign.length > 0) throw inTheWay(name, foreign);
  if (snapshots.length > 0) await removeRbdSnapshot(place, { ...name, snapshot: resizeSnapshotName });
  await removePartRbd(place, name);
  await renameRbd(place, name, rbdPart(name));
  await removePartRbd(place, name);
}

/** Removes what an interrupted creation or removal left. Waits for a program that is still at it. */
export async function removePartRbd(place: RbdPlace, name: RbdName): Promise<void> {
  const part = rbdPart(name);
  for (let attempt = 1; (await removeRbd(place, part)) === "busy"; attempt += 1) {
    if (attempt === attempts) {
      throw userError(
        "disk-in-use",
        `${part.pool}/${part.image} cannot be removed: it is open`,
        `It was still open after a minute. \`rbd status ${shellWord(`${part.pool}/${part.image}`)}\` names the client. Apply again when the client has closed it.`,
      );
    }
    await sleep(pauseMs, undefined, { signal: place.context.signal });
  }
}

function inTheWay(name: RbdName, snapshots: readonly { readonly name: string; readonly clones: readonly string[] }[]) {
  const image = `${name.pool}/${name.image}`;
  const described = snapshots.map(
    (snapshot) => `${image}@${snapshot.name}${snapshot.clones.length === 0 ? "" : ` (cloned as ${snapshot.clones.join(", ")})`}`,
  );
  const cloned = snapshots.some(({ clones }) => clones.length > 0);
  return userError(
    "disk-has-snapshots",
    `${image} cannot be removed: it has snapshots`,
    `There ${described.length === 1 ? "is" : "are"} ${described.join(", ")}. virtform did not create ${described.length === 1 ? "it" : "them"} and does not remove ${described.length === 1 ? "it" : "them"}. ${cloned ? "First make the clones independent (`rbd flatten CLONE`) or remove them, then `rbd snap unprotect` and" : "If they can be deleted (`rbd snap unprotect` if protected):"} \`rbd snap purge ${shellWord(image)}\`, and apply again.`,
  );
}
