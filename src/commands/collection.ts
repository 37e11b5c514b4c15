import type { Config } from "../kinds/config.ts";
import { collectGarbage, keptByAge, keptForOthers, neededBy } from "../kinds/image/collect.ts";
import type { Observed } from "../model/observed.ts";
import type { Mode } from "../reconciliation.ts";
import { parseDuration } from "./duration.ts";

/** What `gc` does: a run that only removes what the image cache holds for no disk. Throws a UserError for a minimum age that is no time. */
export function collection(config: Config, minAge = "24h"): Mode {
  const minAgeMs = parseDuration(minAge, "min-age");
  const now = Date.now();
  const optionsFor = ({ facts }: Observed) => ({ isWanted: neededBy(config, facts), now, minAgeMs });
  return {
    do: "only",
    changes: (observed) => collectGarbage(observed, optionsFor(observed)),
    notes: (observed) => [...keptByAge(observed, optionsFor(observed)), ...keptForOthers(observed, optionsFor(observed))],
    keepLeftovers: true,
  };
}
