import { defineAction } from "../../model/action.ts";
import type { Change } from "../../model/change.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { RefusedError } from "../../model/errors.ts";
import type { Fact } from "../../model/fact.ts";
import type { Observed } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { foreignBaseUsers } from "../chain/foreign-users.ts";
import { lookForUsers } from "../chain/look-for-users.ts";
import { diskGone, disks } from "../terms/disk-address.ts";
import { volumeGone, volumes } from "../terms/volume-address.ts";
import { baseGone, bases } from "./address.ts";
import { withBaseLock } from "./base-lock.ts";
import { findAllUsers } from "./base-users.ts";
import { describeBase, isBlank } from "./describe.ts";
import type { BlankState, ImageState } from "./spec.ts";

/** Removes one base image or empty disk from the cache, with its templates; refuses while any disk is backed by it. No-op if absent. */
export const removeImage = defineAction<{ readonly entry: string }>("image.remove", [baseGone], (context, { entry }) =>
  withBaseLock(context, entry, "removal of a base image", () => removeLocked(context, entry)),
);

async function removeLocked(context: Context, entry: string): Promise<void> {
  const { host, layout } = context;
  const base = layout.baseImage(entry);
  const domains = await lookForUsers(context, (path) => path === base || path.startsWith(`${base}_`));
  if (domains.length > 0) {
    throw new RefusedError(
      "base-image-in-use",
      `${base} was not removed: it is among the layers of disks of ${domains
        .slice(0, 3)
        .map((name) => `domain ${name}`)
        .join(", ")}${domains.length > 3 ? ", …" : ""}, which could no longer be read`,
      "Remove those domains, or give them disks of their own, first.",
    );
  }
  const users = await findAllUsers(context, entry);
  if (users.length > 0) {
    throw new RefusedError(
      "base-image-in-use",
      `${layout.baseImage(entry)} was not removed: ${users.length === 1 ? "a disk is" : `${users.length} disks are`} backed by it (${users.slice(0, 3).join(", ")}${users.length > 3 ? ", …" : ""}) and would be lost`,
      "Remove those instances first.",
    );
  }
  for (const { name } of await host.files.list(layout.templates)) {
    if (name.startsWith(`${entry}_`)) await host.files.remove(`${layout.templates}/${name}`);
  }
  // Copies that an older Nova grew (Nova LAY-06): no disk is backed by them either.
  for (const { name } of await host.files.list(layout.base)) {
    if (name.startsWith(`${entry}_`) && /_(?:\d+|sm)$/.test(name)) await host.files.remove(`${layout.base}/${name}`);
  }
  // The base is removed first: a sidecar alone is ignored, a base alone would block the entry.
  await host.files.remove(layout.baseImage(entry));
  await host.files.remove(layout.baseSidecar(entry));
}

/**
 * The removal of a base image, for `destroy --images`; undefined while disks of `usedBy` are backed by it. `leaving`: facts
 * that disks of the same plan are removed, which the removal waits for.
 */
export function removeBaseChange(state: ImageState, usedBy: readonly string[], leaving: readonly Fact[] = []): Change | undefined {
  if (usedBy.length > 0) return undefined;
  const { sidecar, allocated } = state;
  const reason = `no disk is backed by the base image of ${sidecar.image}; it can be fetched again from ${sidecar.source}`;
  return removal(state, `base image of ${sidecar.image} (${formatQuantity(allocated)})`, reason, leaving);
}

/** The removal of an entry of the cache. `leaving`: facts that it waits for. */
export function removal(state: ImageState | BlankState, what: string, reason: string, leaving: readonly Fact[]): Change {
  const { entry } = state;
  const address = bases.at(entry);
  return {
    address,
    verb: "delete",
    cause: "config",
    reason,
    fields: [],
    actions: [
      {
        id: `${address}#remove`,
        type: removeImage.type,
        address,
        summary: `remove ${what}${copiesOf(state)}`,
        args: { entry },
        needs: leaving,
        makes: [baseGone(address)],
        locks: [address],
        effect: "none",
      },
    ],
    before: describeBase(state),
    after: null,
  };
}

/** The grown copies that go with a base image, in words. */
function copiesOf(state: ImageState | BlankState): string {
  const copies = isBlank(state) ? [] : (state.copies ?? []);
  return copies.length === 0 ? "" : ` and ${copies.length === 1 ? "its grown copy" : `${copies.length} grown copies`} ${copies.join(", ")}`;
}

/** Warnings about base images that stay because disks of other domains are based on them, for plans that would remove them. */
export function basesUsedByOthers(observed: Observed, isRemovable: (base: ImageState | BlankState) => boolean): Diagnostic[] {
  return observed.of(bases).flatMap(([address, base]) => {
    const users = isRemovable(base) ? foreignBaseUsers(base.path, observed) : [];
    if (users.length === 0) return [];
    const what = isBlank(base) ? `Empty disk ${base.entry}` : `The base image of ${base.sidecar.image}`;
    return [
      problem(
        "base-image-in-use",
        {
          summary: `${what} is kept, because ${users.slice(0, 3).join(", ")}${users.length > 3 ? ` and ${users.length - 3} more` : ""} ${users.length === 1 ? "uses" : "use"} it`,
          detail: `${base.path} is among the layers of a disk there, which could no longer be read without it. Remove that domain, or give it a disk of its own, and run the same command again.`,
          address,
        },
        "warning",
      ),
    ];
  });
}

/** What `destroy --images` of a project adds to its plan. */
export function unusedBases(project: string) {
  return {
    more: (observed: Observed): Change[] => unusedBaseChanges(observed, project),
    notes: (observed: Observed): Diagnostic[] => basesUsedByOthers(observed, (base) => isBlank(base) || base.sidecar.project === project),
  };
}

/**
 * Removals of all base images that this project fetched, and of all empty disks, unless a disk of another project is backed by them.
 * For plans that remove all disks of this project: each removal waits for that.
 */
export function unusedBaseChanges(observed: Observed, project: string): Change[] {
  const leaving = [
    ...observed.of(volumes).map(([address]) => volumeGone(address)),
    ...observed.of(disks).map(([address]) => diskGone(address)),
  ];
  const changes: Change[] = [];
  for (const [, base] of observed.of(bases)) {
    if (foreignBaseUsers(base.path, observed).length > 0) continue;
    if (isBlank(base)) {
      if (base.users.some((user) => user.project !== project)) continue;
      const reason = "no disk is backed by it; it is created again when needed";
      changes.push(removal(base, `empty disk ${base.entry} (${formatQuantity(base.allocated)})`, reason, leaving));
      continue;
    }
    if (base.sidecar.project !== project) continue;
    const others = base.users.filter((user) => user.project !== project).map((user) => user.path);
    const change = removeBaseChange(base, others, leaving);
    if (change !== undefined) changes.push(change);
  }
  return changes;
}
