import type { Config } from "../kinds/config.ts";
import { collectGarbage, keptByAge, keptForOthers, wantedEntries } from "../kinds/image/collect.ts";
import type { Mode } from "../reconcile.ts";
import { parseDuration } from "./duration.ts";

/** What `gc` does: a run that only removes what the image cache holds for no disk. Throws a UserError for a minimum age that is no time. */
export function collection(config: Config, minAge = "24h"): Mode {
  const minAgeMs = parseDuration(minAge, "min-age");
  const now = Date.now();
  const options = { wanted: wantedEntries(config), now, minAgeMs };
  return {
    do: "only",
    changes: (observed) => collectGarbage(observed, options),
    notes: (observed) => [...keptByAge(observed, options), ...keptForOthers(observed, options)],
    keepLeftovers: true,
  };
}
