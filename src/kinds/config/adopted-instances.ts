import type { Sought } from "../../model/sought.ts";

/** The names of the instances that a configuration adopts, by the uuid of their guests. */
export function adoptedInstances({ instances = {} }: Pick<Sought, "instances">): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(instances).flatMap(([name, { adopt, uuid }]) => (adopt === true && uuid !== undefined ? [[uuid, name] as const] : [])),
  );
}
