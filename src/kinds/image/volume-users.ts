import { parseTakenAddress } from "../../sources/taken-address.ts";
import { instanceNames } from "../config/instance-names.ts";
import type { Wanted } from "../config/wanted.ts";
import { guests } from "../terms/guest-address.ts";
import { identityOf } from "../terms/identity.ts";

/** Uuids of the declared instances that attach the volume which an image is taken from; empty for an image from elsewhere. Pure. */
export function volumeUsers({ config, facts }: Pick<Wanted, "config" | "facts">, source: string): string[] {
  const from = parseTakenAddress(source);
  if (from?.kind !== "volume") return [];
  const project = config.project ?? "default";
  return Object.entries(config.instances ?? {}).flatMap(([key, { volumes = [], count, uuid: given }]) =>
    volumes.some(({ volume }) => volume === from.name)
      ? instanceNames(key, count).map((name) => identityOf("instance", { project, name, address: guests.at(name), given }, facts).uuid)
      : [],
  );
}
