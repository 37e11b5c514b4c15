import type { Config } from "../config.ts";
import { instanceNames } from "./instance-names.ts";

/** Whether a configuration has an instance of this name, which may be one of several copies. */
export function declaresInstance(config: Config, name: string): boolean {
  return Object.entries(config.instances ?? {}).some(
    ([entry, { count }]) => name.startsWith(entry) && instanceNames(entry, count).includes(name),
  );
}
