import type { Address } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Earlier } from "./renames.ts";

/** Renames for which an object exists under the earlier name and under the new one. `at`: the address of an object by its name. */
export function renameConflicts(
  section: "instances" | "volumes",
  earlier: readonly Earlier[],
  at: (name: string) => Address,
  { facts: { identities = {} } }: Pick<Observed, "facts">,
): Diagnostic[] {
  return earlier.flatMap(({ name, entry, names, renamedFrom, chained }): Diagnostic[] => {
    const here = identities[at(name)];
    const source = names.find((before) => !chained.includes(before) && identities[at(before)] !== undefined);
    if (renamedFrom === null || here === undefined || here.earlier !== undefined || source === undefined) return [];
    return [
      problem("rename-target-exists", {
        summary: `${source} cannot be renamed to ${name}, because ${name} exists as well`,
        detail: `Both are on the host. Remove renamed_from, and the plan keeps ${name} and deletes ${source}; or declare ${source} again beside it.`,
        address: at(name),
        pointer: [section, entry, "renamed_from"],
      }),
    ];
  });
}
