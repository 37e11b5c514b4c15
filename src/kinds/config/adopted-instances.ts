import type { Config } from "../config.ts";

/** The names of the instances that a configuration adopts, by the uuid of their guests. */
export function adoptedInstances(config: Config): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(config.instances ?? {}).flatMap(([name, { adopt, uuid }]) =>
      adopt === true && uuid !== undefined ? [[uuid, name] as const] : [],
    ),
  );
}
