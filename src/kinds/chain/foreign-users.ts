import { ownsSource } from "../../drivers/index.ts";
import { addressName } from "../../model/address.ts";
import type { Observed } from "../../model/observed.ts";
import { guests } from "../terms/guest-address.ts";
import { followedChain } from "./followed.ts";

/** Domains that have a disk or a volume of ours among the layers of their disks without being its guest, in words: `domain clone`. */
export function foreignUsers(disk: { readonly uuid: string; readonly path: string }, observed: Observed): string[] {
  const followed = followedChain(disk, observed);
  return usersOf(
    observed,
    (used) => used === disk.path || ownsSource(used, disk),
    (instance, target) => {
      return followed?.instance === instance && followed.chain.target === target;
    },
  );
}

/**
 * The same for a file in `_base`, and for copies of it that were grown. A guest of this project whose disk is not ours to follow counts too: the
 * file that it has stays when the guest goes.
 */
export function foreignBaseUsers(path: string, observed: Observed): string[] {
  return usersOf(
    observed,
    (used) => used === path || used.startsWith(`${path}_`),
    // The disk of an adopted guest is in no directory that is searched for users of base images.
    (_instance, _target, disk, brought) => disk !== null && !brought.includes(disk),
  );
}

function usersOf(
  observed: Observed,
  isUsed: (path: string) => boolean,
  isItsOwn: (instance: string, target: string, disk: string | null, brought: readonly string[]) => boolean,
): string[] {
  const others = observed.unmanaged.flatMap(({ what, name, owner, uses = [] }) =>
    what === "domain" && uses.some(isUsed) ? [`domain ${name}${owner === undefined ? "" : ` of project ${owner}`}`] : [],
  );
  const own = observed.of(guests).flatMap(([address, { chains = [], label }]) => {
    const instance = addressName(address);
    const using = chains.some(
      ({ layers, target, disk }) =>
        !isItsOwn(instance, target, disk, label?.adopted ?? []) && layers.some((layer) => layer.own !== null && isUsed(layer.own)),
    );
    return using ? [`domain ${instance}`] : [];
  });
  return [...others, ...own];
}
