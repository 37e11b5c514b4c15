import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Checked } from "../disk/checked.ts";
import { guests } from "../terms/guest-address.ts";
import { notWanted } from "./foreign.ts";
import { wantedFields } from "./wanted-fields.ts";

/** How many parts of one guest are named. `show` names all. */
const named = 6;

/** One note for each guest whose definition has settings that virtform does not manage and that stay. */
export function checkForeign({ domains, observed }: Pick<Checked, "domains"> & { readonly observed: Observed }): Diagnostic[] {
  return domains.flatMap((spec): Diagnostic[] => {
    const { instance, foreign } = spec;
    const found = observed.get(guests.at(instance))?.foreign ?? [];
    if (foreign === "forbid" || found.length === 0) return [];
    const parts = notWanted(found, wantedFields(spec));
    if (parts.length === 0) return [];
    const paths = parts.slice(0, named).map(({ path }) => path);
    const list = [...paths, ...(parts.length > named ? ["…"] : [])].join(", ");
    const settings = parts.length === 1 ? "1 setting" : `${parts.length} settings`;
    const summary = `${instance} keeps ${settings} that virtform does not manage: ${list}`;
    return [
      problem(
        "foreign-settings",
        {
          summary,
          detail: "They are kept. `foreign: forbid` on the instance makes them drift, and apply removes them.",
          address: guests.at(instance),
          lasting: true,
        },
        "note",
      ),
    ];
  });
}
