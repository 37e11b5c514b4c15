import type { Change } from "../../model/change.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { foreignBaseUsers } from "../chain/foreign-users.ts";
import { bases } from "./address.ts";
import { isBlank } from "./describe.ts";
import { isNamed } from "./names-here.ts";
import { removal } from "./remove.ts";
import type { ImageState } from "./spec.ts";

/** The names of a base image in the configuration. */
type NamesOf = (state: ImageState) => readonly string[];

/** The base images that these words name. Pure. */
function named(observed: Observed, words: readonly string[], namesOf: NamesOf): ImageState[] {
  const isMeant = (state: ImageState) => words.some((word) => isNamed(state, namesOf(state), word));
  return observed.of(bases).flatMap(([, state]) => (isBlank(state) || !isMeant(state) ? [] : [state]));
}

/** Removals of the named base images that no disk is backed by, for `image rm`. Pure. */
export function removeNamed(observed: Observed, words: readonly string[], namesOf: NamesOf): Change[] {
  return named(observed, words, namesOf).flatMap((state) => {
    if (usersOf(state, observed).length > 0) return [];
    const { sidecar, allocated } = state;
    const what = `base image of ${nameOf(state, namesOf)} (${formatQuantity(allocated)})`;
    const change = removal(state, what, `no disk is backed by it; it can be fetched again from ${sidecar.source}`, []);
    return [{ ...change, fields: [{ path: "allocated", old: allocated }] }];
  });
}

/** What is to be said about the named base images: names without one, and those that stay because disks are backed by them. Pure. */
export function removeNamedNotes(observed: Observed, words: readonly string[], namesOf: NamesOf): Diagnostic[] {
  const unknown = words.filter((word) => named(observed, [word], namesOf).length === 0);
  const missing = unknown.map((word) =>
    problem("unknown-image", {
      summary: `The image cache has no base image of ${word}`,
      detail:
        "`virtform image list --json` has the base images with their entries. Write the name of the image in the configuration, or, for one of another project, the first seven or more characters of its entry.",
    }),
  );
  const used = named(observed, words, namesOf).flatMap((state) => {
    const users = usersOf(state, observed);
    if (users.length === 0) return [];
    const shown = `${users.slice(0, 3).join(", ")}${users.length > 3 ? ` and ${users.length - 3} more` : ""}`;
    return [
      problem("base-image-in-use", {
        summary: `The base image of ${nameOf(state, namesOf)} is kept: ${users.length === 1 ? "a disk is" : `${users.length} disks are`} backed by it`,
        detail: `${shown}. Without ${state.path} their data could not be read. Remove those instances first.`,
        address: bases.at(state.entry),
      }),
    ];
  });
  return [...missing, ...used];
}

function nameOf(state: ImageState, namesOf: NamesOf): string {
  return namesOf(state)[0] ?? state.sidecar.image;
}

function usersOf({ users, path }: ImageState, observed: Observed): string[] {
  return [...users.map((user) => user.path), ...foreignBaseUsers(path, observed)];
}
