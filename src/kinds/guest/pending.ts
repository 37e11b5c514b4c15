import type { Cause, FieldChange } from "../../model/change.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { isUp } from "../power/is-up.ts";
import type { DomainFields, DomainState } from "../terms/domain-state.ts";
import { isAdopted } from "../terms/is-adopted.ts";
import { appliedFields } from "./applied-fields.ts";
import { currentOf } from "./current-of.ts";
import { isSatisfied } from "./is-satisfied.ts";
import { traitsOf } from "./traits.ts";

/**
 * Fields in which the definition that a guest runs with differs from the stored one, `old` being what runs. It follows from the two
 * definitions alone. The cause is `drift` where the active definition no longer says what was recorded in it: it was changed by hand
 * while the guest ran. Otherwise the stored definition was changed, and the next start uses it.
 */
export function pendingFields(have: DomainState): FieldChange[] {
  const { active, fields } = have;
  if (active === null || !isUp(have.power)) return [];
  const rename = pendingName(have);
  if (active === fields) return rename;
  const paths = [...new Set([...Object.keys(fields), ...Object.keys(active)])].filter((path) => isPending(path, active, fields));
  if (paths.length === 0) return rename;
  const recorded = appliedFields({ applied: have.activeApplied });
  const others = paths.map((path) => {
    const [old, stored] = [active[path], fields[path] ?? traitsOf(path).missing];
    // Of an adopted guest only what is ours is recorded.
    const isOurs = !isAdopted(have) || (recorded !== undefined && Object.hasOwn(recorded, path));
    const cause = isOurs ? runningCause(path, old, recorded) : "config";
    return withoutUndefined({ path, old, new: stored, effect: "next_boot" as const, cause });
  });
  return [...rename, ...others];
}

/** libvirt renames only guests that are off, so both definitions of a renamed one have the earlier name until then. An adopted guest keeps its name. */
function pendingName({ name, label }: DomainState): FieldChange[] {
  if (label === undefined || label.adopted !== null || label.instance === name) return [];
  return [{ path: "name", old: name, new: label.instance, effect: "next_boot", cause: "config" }];
}

/** Whether what runs was changed by hand: the label that the guest runs with records something else. */
export function runningCause(path: string, active: DomainFields[string] | undefined, recorded: DomainFields | undefined): Cause {
  const traits = traitsOf(path);
  if (recorded === undefined || traits.fixed === true) return "config";
  // What is recorded of a usual value is nothing, as of a field that the guest was started without.
  if (active === undefined && !Object.hasOwn(recorded, path)) return "config";
  const current = currentOf[path];
  const usual = current === undefined ? traits.usual : (recorded[current] ?? undefined);
  const then = Object.hasOwn(recorded, path) ? (recorded[path] ?? undefined) : usual;
  return isSatisfied(traits, active, then) ? "config" : "drift";
}

/** Whether a running guest has another value than the stored definition. */
function isPending(path: string, active: DomainFields, stored: DomainFields): boolean {
  if (active[path] === stored[path]) return false;
  // A balloon that holds memory, or a processor that is off, is seen in the current value. Only a maximum that is stored is waited for.
  const current = currentOf[path];
  if (current !== undefined && (stored[path] === undefined || (active[path] ?? active[current]) === stored[path])) return false;
  // A balloon that the guest has not filled, as it boots or has no driver, is not filled by a restart either.
  const most = (fields: DomainFields) => fields["max_memory"] ?? fields["memory"];
  if (path === "memory" && active[path] === most(active) && most(active) === most(stored)) return false;
  // Of the label, the running guest keeps that of its start.
  const { cosmetic, running, givenAtStart } = traitsOf(path);
  if (cosmetic === true || running === "none" || path === "power_state") return false;
  if (stored[path] === undefined && givenAtStart === true) return false;
  // libvirt expands this model into the processor that the guest got.
  return !(stored["cpu"] === "host-model" && /^cpu($|[._])/.test(path));
}
