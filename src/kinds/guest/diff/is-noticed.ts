import type { DomainFields, DomainState } from "../../terms/domain-state.ts";
import { currentOf } from "../current-of.ts";
import { traitsOf } from "../traits.ts";

/** Whether a field is part of what a guest runs with. */
export function canNotice(path: string): boolean {
  const { cosmetic, running } = traitsOf(path);
  return cosmetic !== true && running !== "none";
}

/** Whether a guest that runs would have another value. A device that was only stored, or a value that it runs with already, is nothing to it. */
export function isNoticed(path: string, wanted: DomainFields, { active }: DomainState): boolean {
  if (active === null) return canNotice(path);
  const current = currentOf[path];
  const value = (fields: DomainFields) => fields[path] ?? (current === undefined ? undefined : fields[current]);
  return canNotice(path) && value(active) !== value(wanted);
}
