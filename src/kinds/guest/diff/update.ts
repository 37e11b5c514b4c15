import type { Action } from "../../../model/action.ts";
import { type Change, combineCauses, type FieldChange } from "../../../model/change.ts";
import { strongestEffect } from "../../../model/effect.ts";
import type { Observed } from "../../../model/observed.ts";
import { withoutUndefined } from "../../../model/without-undefined.ts";
import { isUp } from "../../power/is-up.ts";
import { defineDomain, switchOff, switchOnAgain } from "../../power/plan.ts";
import type { DomainFields, DomainState } from "../../terms/domain-state.ts";
import { type GuestAddress, stopped } from "../../terms/guest-address.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { notWanted } from "../foreign.ts";
import { nothingLive } from "../live/plan.ts";
import { describeDomain } from "../state.ts";
import { listedFields } from "../traits.ts";
import { hasWantedFields } from "../wanted-fields.ts";
import { activityOf } from "./activity-of.ts";
import { afterOf } from "./after-of.ts";
import { compare } from "./compare.ts";
import { definitionChanges } from "./definition-changes.ts";
import type { FreshDisks } from "./disks-of-plan.ts";
import { liveActions } from "./live-actions.ts";
import { powerChange } from "./power-change.ts";
import { type RestartPlan, restartPlan } from "./restart-plan.ts";
import { updateReason } from "./update-reason.ts";

/** The change of a guest that exists; undefined where nothing has to be done. */
export function update(
  address: GuestAddress,
  target: DomainSpec,
  have: DomainState,
  observed: Observed,
  fresh: FreshDisks,
): Change | undefined {
  // libvirt renames only guests that are off: one that stays on keeps its name there, and waits for its restart.
  const kept = canBeRenamed(have) ? target : { ...target, domainName: have.name };
  const first = updateTo(address, kept, have, observed, fresh);
  if (kept === target || first === undefined || !first.restarts) return first?.change;
  return updateTo(address, target, have, observed, fresh)?.change;
}

/** A change, and whether it switches the guest off and on again. */
interface Update {
  readonly change: Change;
  readonly restarts: boolean;
}

function canBeRenamed({ power }: DomainState): boolean {
  return !isUp(power) && power !== "saved";
}

/** The instance gets another name. `restarts`: whether it gets it in libvirt as well although it runs. */
function renaming(want: DomainSpec, have: DomainState, restarts: boolean): FieldChange[] {
  if (have.earlier === undefined) return [];
  // The domain of an adopted guest keeps its name.
  const effect = want.adopted || canBeRenamed(have) ? "none" : restarts ? "restart" : "next_boot";
  return [{ path: "name", old: have.earlier, new: want.instance, effect, cause: "config" }];
}

/** Whether a guest that is off is as wanted in every respect, as nearly all guests of a plan are: nothing has to be compared one by one. */
function isOffAsWanted(want: DomainSpec, have: DomainState, observed: Observed, fresh: FreshDisks): boolean {
  if (have.active !== null || activityOf(have).saved || have.earlier !== undefined || have.unlabelled === true) return false;
  if (want.foreign === "forbid" && have.foreign.length > 0) return false;
  return powerChange(want, have, observed, fresh) === undefined && hasWantedFields(want, have.fields);
}

function updateTo(address: GuestAddress, want: DomainSpec, have: DomainState, observed: Observed, fresh: FreshDisks): Update | undefined {
  if (isOffAsWanted(want, have, observed, fresh)) return undefined;
  const compared = compare(want, have);
  const { wanted } = compared;
  const restart = restartPlan(want, have, observed, fresh, compared);
  const { restarts, due, memory, renewed } = restart;
  // A guest that is restarted takes everything from its new definition.
  const live = restarts ? nothingLive : compared.live;
  const changes = [
    ...renaming(want, have, restarts),
    ...definitionChanges(compared.differing, have, wanted, restarts, live),
    ...unwantedParts(want, have, wanted),
    ...due,
    ...memory,
  ];
  const setBack = live.drifted.map((path) => setBackField(path, have, wanted));
  const power = powerChange(want, have, observed, fresh);
  const fields = [...changes, ...setBack, ...(power === undefined ? [] : [power.field])];
  // Its directory is created again, and records the definition.
  const unlabelled = have.unlabelled === true;
  if (fields.length === 0 && !unlabelled && renewed.length === 0) return undefined;
  const isStale = have.fields["power_state"] !== want.powerState || unlabelled;
  const onlyWaits = due.length > 0 && due.length === fields.length && !isStale;
  const onlyRenewed = renewed.length > 0 && fields.length === due.length + memory.length && !isStale;
  // What the guest takes while it runs is an action of its own.
  const effects = changes.flatMap(({ effect = "none" }) => (effect === "live" ? [] : [effect]));
  const define = defineDomain(want, strongestEffect(effects), have.definition);
  const { saved } = activityOf(have);
  const actions = restarts
    ? restartActions(address, want, have, restart, onlyWaits || onlyRenewed ? undefined : define)
    : inTurn(
        [...liveActions(want, live, observed), ...(changes.length > 0 || isStale ? [define] : [])],
        power?.action === undefined ? [] : [power.action],
        saved && !fresh.replaced,
      );
  const cause = combineCauses(fields.length === 0 ? [onlyRenewed ? "config" : "drift"] : fields.flatMap((field) => field.cause ?? []));
  const onlyStarts =
    fields.length === 1 && power !== undefined && (have.failedStart === true || have.plugging === true || have.unplugged === true);
  const change: Change = {
    address,
    verb: "update",
    cause,
    ...(onlyStarts ? { unfinished: true } : {}),
    reason: onlyRenewed
      ? renewalReason(renewed)
      : onlyWaits
        ? "it waits for a restart"
        : unlabelled && fields.length === 0
          ? "its directory is missing"
          : updateReason(cause, fields, have),
    fields,
    actions,
    before: describeDomain(have),
    after: afterOf(want, listedFields(fieldsAfter(fields, have.fields, wanted))),
  };
  return { change, restarts };
}

/** `define`: undefined where the stored definition stays. */
function restartActions(
  address: GuestAddress,
  want: DomainSpec,
  have: DomainState,
  { needs }: RestartPlan,
  define: Action | undefined,
): Action[] {
  const activity = activityOf(have);
  return [
    ...switchOff(want, activity, needs),
    // Switched off before it is redefined: while the old definition exists, a later plan sees which disks the guest may have open.
    ...(define === undefined ? [] : [{ ...define, needs: [...define.needs, stopped(address)] }]),
    ...switchOnAgain(want, activity),
  ];
}

function renewalReason(renewed: RestartPlan["renewed"]): string {
  const names = renewed.map(({ name }) => name).join(", ");
  return renewed.length === 1 ? `its volume ${names} is recreated` : `its volumes ${names} are recreated`;
}

/** A saved guest is restored before it is redefined, because its memory belongs to the old definition. */
function inTurn(define: readonly Action[], power: readonly Action[], saved: boolean): Action[] {
  return saved ? [...power, ...define] : [...define, ...power];
}

/** What `foreign: forbid` removes from the definition. */
function unwantedParts(want: DomainSpec, have: DomainState, wanted: DomainFields): FieldChange[] {
  if (want.foreign !== "forbid") return [];
  const effect = isUp(have.power) || have.power === "saved" ? "next_boot" : "none";
  return notWanted(have.foreign, wanted).map(({ path, xml }) => ({ path: `foreign.${path}`, old: xml, effect, cause: "drift" }));
}

/** A field that was changed by hand on the running guest and is set back. It is stored as it is wanted. */
function setBackField(path: string, { active }: DomainState, wanted: DomainFields): FieldChange {
  const [old, fresh] = [active?.[path], wanted[path]];
  return withoutUndefined({ path, old, new: fresh, effect: "live" as const, cause: "drift" as const });
}

/** Fields without a change keep the value that was found, also in another spelling: `pc-q35-7.2` for `q35`. */
function fieldsAfter(changes: readonly FieldChange[], found: DomainFields, wanted: DomainFields): DomainFields {
  const changed = new Set(changes.map(({ path }) => path));
  const after = Object.entries(wanted).filter(([path]) => changed.has(path));
  return { ...Object.fromEntries(Object.entries(found).filter(([path]) => !changed.has(path))), ...Object.fromEntries(after) };
}
