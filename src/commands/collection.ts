import type { Config } from "../kinds/config.ts";
import { collectGarbage, keptByAge, keptForOthers, wantedEntries } from "../kinds/image/collect.ts";
import type { Observed } from "../model/observed.ts";
import type { Mode } from "../reconcile.ts";
import { parseDuration } from "./duration.ts";

/** What `gc` does: a run that only removes what the image cache holds for no disk. Throws a UserError for a minimum age that is no time. */
export function collection(config: Config, minAge = "24h"): Mode {
  const minAgeMs = parseDuration(minAge, "min-age");
  const now = Date.now();
  const options = (observed: Observed) => ({ wanted: wantedEntries(config, observed.facts), now, minAgeMs });
  return {
    do: "only",
    changes: (observed) => collectGarbage(observed, options(observed)),
    notes: (observed) => [...keptByAge(observed, options(observed)), ...keptForOthers(observed, options(observed))],
    keepLeftovers: true,
  };
}
