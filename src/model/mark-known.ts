import { type Diagnostic, hasErrors } from "./diagnostic.ts";
import type { Places } from "./diagnostic-places.ts";
import type { Plan } from "./plan.ts";
import type { Pointer } from "./pointer.ts";

/**
 * The diagnostics with a mark on warnings and notes that last and are about nothing that this plan changes. What they are about was applied as it is,
 * and they were said then. Pure.
 */
export function markKnown(
  diagnostics: readonly Diagnostic[],
  { changes }: Pick<Plan, "changes">,
  places: Pick<Places, "pointerOf"> | undefined,
): Diagnostic[] {
  // What has mistakes is not as it was applied.
  if (hasErrors(diagnostics) || !diagnostics.some(isLasting)) return [...diagnostics];
  const addresses = new Set(changes.map(({ address }) => address));
  const entries = new Set(changes.flatMap(({ address }) => keyOf(places?.pointerOf(address)) ?? []));
  const isAboutChanges = ({ address, pointer }: Diagnostic) => {
    if (address !== undefined && addresses.has(address)) return true;
    if (pointer !== undefined && objectSections.includes(pointer[0])) return entries.has(keyOf(pointer) ?? "");
    // Of flavors and the like it is not known what uses them.
    return address === undefined && changes.length > 0;
  };
  return diagnostics.map((diagnostic) =>
    isLasting(diagnostic) && !isAboutChanges(diagnostic) ? { ...diagnostic, known: true } : diagnostic,
  );
}

function isLasting({ severity, lasting, unseen }: Diagnostic): boolean {
  return severity !== "error" && lasting === true && unseen !== true;
}

/** The sections whose entries are objects of plans. */
const objectSections: readonly unknown[] = ["images", "volumes", "instances"];

/** The entry that a place belongs to. */
function keyOf(pointer: Pointer | undefined): string | undefined {
  return pointer === undefined || pointer.length < 2 ? undefined : `${pointer[0]}\n${pointer[1]}`;
}
