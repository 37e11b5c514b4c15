import type { Action } from "../../model/action.ts";
import type { AddressOf } from "../../model/address.ts";
import type { Change } from "../../model/change.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import type { Observed } from "../../model/kind.ts";
import { cacheEntryName } from "../../model/layout.ts";
import { problem } from "../../model/problem.ts";
import { approximateQuantity, formatQuantity } from "../../model/quantity.ts";
import { foreignBaseUsers } from "../chain/foreign-users.ts";
import { isFromGlance, withSourceImages } from "../config/with-source-images.ts";
import type { Config } from "../config.ts";
import { bases } from "./address.ts";
import { describeBase, isBlank } from "./describe.ts";
import { imageId } from "./desired.ts";
import { type LeftoverState, leftoverGone, leftovers } from "./leftover.ts";
import { basesUsedByOthers, removal } from "./remove.ts";
import type { BlankState, ImageState } from "./spec.ts";
import { removeLeftover } from "./sweep.ts";

/** What decides which base images a garbage collection removes. */
export interface CollectOptions {
  /** Whether an image of the configuration needs it, used or not. */
  readonly isWanted: (state: ImageState | BlankState) => boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** An entry that is younger is kept: another project may be about to use it (Nova GC-06, a day). */
  readonly minAgeMs: number;
}

/**
 * Whether an image of the configuration needs an entry of the cache. Which one it needs of a name in Glance is known from the service; while that does
 * not say, it is each that came from this name. Pure.
 */
export function neededBy(config: Config, facts: HostFacts): CollectOptions["isWanted"] {
  const images = Object.values(withSourceImages(config, facts).images ?? {});
  const entries = new Set(images.map((image) => cacheEntryName(imageId(image, config.project))));
  const unknown = new Set(images.flatMap(({ source, found }) => (isFromGlance(source) && found === undefined ? [source] : [])));
  return (state) => entries.has(state.entry) || (!isBlank(state) && unknown.has(state.sidecar.source));
}

/**
 * Removals of all base images and empty disks that no disk on the host is backed by and that this configuration does not want, whichever
 * project made them, and of the files of interrupted fetches. Pure.
 */
export function collectGarbage(observed: Observed, options: CollectOptions): Change[] {
  const unused = unusedEntries(observed, options).flatMap(({ state, age }) => (age < options.minAgeMs ? [] : [collected(state, age)]));
  return [...unused, ...observed.of(leftovers).map(([address, state]) => leftoverChange(address, state, options.now))];
}

/** Warnings about entries that only disks of other domains need, wherever those are. */
export function keptForOthers(observed: Observed, { isWanted }: CollectOptions): Diagnostic[] {
  return basesUsedByOthers(observed, (state) => state.users.length === 0 && !isWanted(state));
}

/** A note about unused entries that are too young to be removed; empty when there are none. */
export function keptByAge(observed: Observed, options: CollectOptions): Diagnostic[] {
  const young = unusedEntries(observed, options).filter(({ age }) => age < options.minAgeMs);
  if (young.length === 0) return [];
  const bytes = young.reduce((sum, { state }) => sum + state.allocated, 0);
  const names = young.map(({ state }) => `${nameOf(state)} (${formatAge(ageOf(state, options.now))})`);
  return [
    problem(
      "unused-and-young",
      {
        summary: `${young.length === 1 ? "1 unused entry" : `${young.length} unused entries`} of the image cache, about ${approximateQuantity(bytes)}, ${young.length === 1 ? "is" : "are"} kept because of the minimum age of ${formatAge(options.minAgeMs)}`,
        detail: `${names.join(", ")}. Use --min-age to remove younger ones; 0s removes all.`,
      },
      "note",
    ),
  ];
}

function nameOf(state: ImageState | BlankState): string {
  return isBlank(state) ? `empty disk ${state.entry}` : `base image of ${state.sidecar.image}`;
}

/** Milliseconds since an entry was last used, or made (Nova GC-05, GC-06). */
function ageOf(state: ImageState | BlankState, now: number): number {
  return Math.max(0, now - (isBlank(state) ? state.writtenAt : state.usedAt));
}

/** `3 days`, `5 hours`, `12 minutes`, `8 seconds`. */
function formatAge(milliseconds: number): string {
  const units = [
    ["day", 86_400_000],
    ["hour", 3_600_000],
    ["minute", 60_000],
  ] as const;
  const [name, length] = units.find(([, length]) => milliseconds >= length) ?? ["second", 1000];
  const number = Math.floor(milliseconds / length);
  return `${number} ${name}${number === 1 ? "" : "s"}`;
}

function unusedEntries(observed: Observed, { isWanted, now }: CollectOptions) {
  return observed
    .of(bases)
    .filter(([, state]) => state.users.length === 0 && !isWanted(state) && foreignBaseUsers(state.path, observed).length === 0)
    .map(([, state]) => ({ state, age: ageOf(state, now) }));
}

function collected(state: ImageState | BlankState, unusedFor: number): Change {
  const fields = [
    { path: "allocated", old: state.allocated },
    { path: "age", old: formatAge(unusedFor) },
  ];
  if (isBlank(state)) {
    const reason = "no disk is backed by it; it is created again when needed";
    return { ...removal(state, `${nameOf(state)} (${formatQuantity(state.allocated)})`, reason, []), fields };
  }
  const { project, source } = state.sidecar;
  const reason = `no disk is backed by the ${nameOf(state)}, and no image of this configuration needs it; project ${project} fetched it from ${source}`;
  return { ...removal(state, `${nameOf(state)} (${formatQuantity(state.allocated)})`, reason, []), fields };
}

function leftoverChange(address: AddressOf<LeftoverState>, state: LeftoverState, now: number): Change {
  const { entry, paths, allocated, writtenAt } = state;
  const remove: Action = {
    id: `${address}#remove`,
    type: removeLeftover.type,
    address,
    summary: `remove ${paths.length === 1 ? "1 file" : `${paths.length} files`} of an interrupted fetch (${formatQuantity(allocated)})`,
    args: { entry, paths },
    needs: [],
    makes: [leftoverGone(address)],
    locks: [address],
    effect: "none",
  };
  return {
    address,
    verb: "delete",
    cause: "config",
    reason: "left by an interrupted fetch; it is kept if a fetch of this image is running",
    fields: [
      { path: "allocated", old: allocated },
      { path: "age", old: formatAge(now - writtenAt) },
    ],
    actions: [remove],
    before: describeBase(state),
    after: null,
  };
}
