import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observation } from "../../model/kind.ts";
import { grownCopyOf, isBaseCompanion, usualCacheName } from "../../model/layout.ts";
import type { Unmanaged } from "../../model/plan.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import { bases } from "./address.ts";
import { type BaseFile, isBlankName, isEntryName, readBases } from "./base-files.ts";
import { diskDirectories, findUsers, unseen } from "./base-users.ts";
import { contentDigest } from "./content-digest.ts";
import { findLeftovers } from "./find-leftovers.ts";
import { type LeftoverState, leftovers } from "./leftover.ts";
import { novaName } from "./nova-name.ts";
import type { BaseUser, BlankState, ImageState } from "./spec.ts";

/** Content of the cache: complete base images and empty disks by `base/<entry>`, what interrupted fetches left by `leftover/<entry>`, and unknown files. */
export async function observeBases(context: Context): Promise<Observation<ImageState | BlankState | LeftoverState>> {
  const states = new Map<Address, ImageState | BlankState | LeftoverState>();
  const unmanaged: Unmanaged[] = [];
  const diagnostics: Diagnostic[] = [];
  const what = context.layout.cacheName === usualCacheName ? "base-file" : "cache-file";
  const [listed, directories] = await Promise.all([context.host.files.list(context.layout.base), diskDirectories(context)]);
  const entries = listed.map(({ name }) => name).filter(isEntryName);
  const blanks = listed.filter(({ name, type }) => type === "file" && isBlankName(name)).map(({ name }) => name);
  const unused = entries.length === 0 && blanks.length === 0 && !listed.some(({ name }) => grownCopyOf(name) !== undefined);
  const [findings, users, blankStats, left] = await Promise.all([
    readBases(context, entries),
    unused ? new Map<string, readonly BaseUser[]>() : findUsers(context, directories, blanks.length > 0),
    context.host.files.statMany(blanks.map(context.layout.baseImage)),
    findLeftovers(context, listed),
  ]);
  const behindLinks = users.get(unseen) ?? [];
  for (const [index, entry] of entries.entries()) {
    const finding = findings[index];
    if (finding === undefined) continue;
    if ("foreign" in finding) {
      const disks = [...(users.get(entry) ?? []), ...behindLinks].map(({ path }) => path);
      unmanaged.push({ what, name: entry, note: "no usable record says where it came from", ...(disks.length === 0 ? {} : { disks }) });
      continue;
    }
    const { base } = finding;
    const copies = listed.filter(({ name }) => grownCopyOf(name) === entry && /_(?:\d+|sm)$/.test(name)).map(({ name }) => name);
    diagnostics.push(...problemsOf(base));
    states.set(bases.at(entry), {
      sidecar: base.sidecar,
      entry,
      path: base.path,
      size: base.stat.size,
      allocated: base.stat.allocated,
      mode: base.stat.mode,
      usedAt: base.stat.mtimeMs,
      users: [...(users.get(entry) ?? []), ...behindLinks],
      ...(copies.length === 0 ? {} : { copies }),
    });
  }
  for (const [index, entry] of blanks.entries()) {
    const stat = blankStats[index];
    if (stat === undefined) continue;
    const path = context.layout.baseImage(entry);
    states.set(bases.at(entry), {
      kind: "blank",
      entry,
      path,
      allocated: stat.allocated,
      writtenAt: stat.mtimeMs,
      users: [...(users.get(entry) ?? []), ...behindLinks],
    });
  }
  for (const leftover of left) {
    // The sidecar of a deleted base image is still needed by the disks that are backed by it.
    const needed = users.has(leftover.entry) || behindLinks.length > 0;
    const paths = needed ? leftover.paths.filter((path) => path !== context.layout.baseSidecar(leftover.entry)) : leftover.paths;
    if (paths.length > 0) states.set(leftovers.at(leftover.entry), { ...leftover, paths });
  }
  for (const { name, type } of listed) {
    const copied = grownCopyOf(name);
    if (copied !== undefined && (states.has(bases.at(copied)) || users.has(copied))) continue;
    if (
      isEntryName(name) ||
      states.has(bases.at(name)) ||
      isBaseCompanion(name) ||
      (type === "directory" && `${context.layout.base}/${name}` === context.layout.templates)
    )
      continue;
    const note = novaName(name);
    unmanaged.push({ what, name, ...(note === undefined ? {} : { note }) });
  }
  if (context.verifiesBases === true) diagnostics.push(...(await changedBases(context, states.values())));
  if (states.size > 0 && behindLinks.length > 0) diagnostics.push(unseenUsers(behindLinks));
  return { states, unmanaged, diagnostics, complete: true };
}

function unseenUsers(users: readonly BaseUser[]): Diagnostic {
  const paths = users.slice(0, 3).map(({ path }) => path);
  return problem(
    "base-users-unseen",
    {
      summary: "Cannot determine the base image of some disks",
      detail: `${paths.join(", ")}${users.length > 3 ? ` and ${users.length - 3} more` : ""}: a symbolic link, which is not followed. No base image is removed while the link exists.`,
    },
    "note",
  );
}

/** Errors for base images whose bytes are no longer those that were recorded. They are read one after the other: a disk is no faster with two. */
async function changedBases(context: Context, states: Iterable<ImageState | BlankState | LeftoverState>): Promise<Diagnostic[]> {
  const problems: Diagnostic[] = [];
  for (const state of states) {
    const expected = "kind" in state ? undefined : contentDigest(state.sidecar);
    if ("kind" in state || expected === undefined) continue;
    const { sha256 } = await context.host.files.digest(state.path, ["sha256"]);
    if (sha256 === expected) continue;
    const users = state.users.map(({ path }) => path);
    const concerned = users.length === 0 ? "No disk is backed by it." : `Backed by it, and damaged with it: ${users.join(", ")}.`;
    problems.push(
      problem("base-image-changed", {
        summary: `The base image of ${state.sidecar.image} was written to`,
        detail: `${state.path} has the SHA-256 ${sha256} and had ${expected} when it was published. ${concerned} Restore the file, or remove the instances and the base image and apply again.`,
        address: bases.at(state.entry),
      }),
    );
  }
  return problems;
}

/** Signs that a base image was modified; a published base image never changes (Nova CACHE-11). */
function problemsOf({ entry, path, sidecar, stat }: BaseFile): Diagnostic[] {
  const problems: Diagnostic[] = [];
  const address = bases.at(entry);
  if ((stat.mode & 0o222) !== 0) {
    problems.push(
      problem(
        "base-image-writable",
        {
          summary: `The base image of ${sidecar.image} is writable`,
          detail: `Its mode is ${(stat.mode & 0o777).toString(8)}. A change breaks every disk that is backed by it. virtform did not change the mode: run \`chmod 0444 ${shellWord(path)}\`.`,
          address,
        },
        "warning",
      ),
    );
  }
  if (sidecar.format === "raw" && Math.ceil(stat.size / 512) !== Math.ceil(sidecar.virtualSize / 512)) {
    problems.push(
      problem("base-image-changed", {
        summary: `The base image of ${sidecar.image} changed its length`,
        detail: `It was ${sidecar.virtualSize} bytes when it was published and is ${stat.size} now, so ${path} was written to. Disks that are backed by it may be damaged. Restore the file, or remove the instances and the base image and apply again.`,
        address,
      }),
    );
  }
  return problems;
}
