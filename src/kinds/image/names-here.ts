import type { HostFacts } from "../../model/host-facts.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config } from "../config.ts";
import { desiredImages } from "./desired.ts";
import type { ImageState } from "./spec.ts";

/**
 * The names of a base image in this configuration: those of the images that have its content, also where another project fetched it; where there is none, the one under
 * which this project fetched it. Base images of other projects have none, whatever they are called there. Pure.
 */
export function namesHere(
  { config, settings, project }: { readonly config: Config; readonly settings: HostSettings; readonly project: string },
  facts: HostFacts,
): (state: ImageState) => readonly string[] {
  const wanted = desiredImages({ config, settings, facts }).map(({ spec }) => spec);
  return ({ entry, sidecar }) => {
    const declared = wanted.filter((spec) => spec.entry === entry).map(({ name }) => name);
    return declared.length > 0 || sidecar.project !== project ? declared : [sidecar.image];
  };
}

/** Whether a word of a command means the base image of this entry with these names: a name, or at least seven characters of the entry. Pure. */
export function isNamed({ entry }: Pick<ImageState, "entry">, names: readonly string[], word: string): boolean {
  return names.includes(word) || (word.length >= 7 && entry.startsWith(word));
}
