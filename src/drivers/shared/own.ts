import type { HostFacts } from "../../model/host-facts.ts";
import type { HostSettings } from "../../model/settings.ts";

/** What a driver's `settings.read` made of its section; undefined where the configuration has none. Only the driver itself asks. */
export function ownSettings<Settings>({ drivers }: HostSettings, name: string): Settings | undefined {
  return drivers[name] as Settings | undefined;
}

/** What a driver's `look` found; undefined where it was not asked. Only the driver itself asks. */
export function ownFacts<Facts>({ drivers }: HostFacts, name: string): Facts | undefined {
  return drivers[name] as Facts | undefined;
}
