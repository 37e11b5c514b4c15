import { ownsSource } from "../../drivers/index.ts";
import { sourceText } from "../../drivers/shared/disk-source.ts";
import type { Action } from "../../model/action.ts";
import type { Address } from "../../model/address.ts";
import { type Cause, type Change, causeOf, combineCauses, type FieldChange, notConfigured, protectedBy } from "../../model/change.ts";
import { type Effect, strongestEffect } from "../../model/effect.ts";
import { exists, type Fact } from "../../model/fact.ts";
import type { Json } from "../../model/json.ts";
import { instanceFiles } from "../../model/layout.ts";
import type { Observed } from "../../model/observed.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { isUp } from "../power/is-up.ts";
import {
  adjustDomain,
  adoptDomain,
  attachedTo,
  defineDomain,
  leftBy,
  releaseDevices,
  restoreDomain,
  resumeDomain,
  type StartArgs,
  startDomain,
  stopDomain,
  switchOff,
  switchOnAgain,
  undefineDomain,
  type VolumeHolder,
} from "../power/plan.ts";
import { disks } from "../terms/disk-address.ts";
import { diskAddress } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import type { DomainFields, DomainState } from "../terms/domain-state.ts";
import { defined, type GuestAddress, stopped } from "../terms/guest-address.ts";
import { isAdopted } from "../terms/is-adopted.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { volumes } from "../terms/volume-address.ts";
import { appliedFields } from "./applied-fields.ts";
import { withFiles } from "./files.ts";
import { notWanted } from "./foreign.ts";
import { isSatisfied } from "./is-satisfied.ts";
import { laterOf } from "./live/live.ts";
import { type LivePlan, type LiveStep, nothingLive, planLive, subjectOf } from "./live/plan.ts";
import { staysUnwanted } from "./managed.ts";
import { missesDisks, missingFacts } from "./memory.ts";
import { pendingFields } from "./pending.ts";
import { describeDomain } from "./state.ts";
import { listedFields, traitsOf } from "./traits.ts";
import { volumeHolders } from "./volume-holders.ts";
import { hasWantedFields, wantedFields } from "./wanted-fields.ts";
import { withPlugging } from "./with-plugging.ts";
import { withWait } from "./with-wait.ts";

/** What the plan does to disks and volumes of a guest. */
export interface DisksOfPlan {
  /** A disk or volume gets other content, so that saved memory is discarded. */
  readonly replaced: boolean;
  /** It is paused, and shut down and started for them. */
  readonly restarted?: boolean;
  /** What the guest wrote to a file that its definition no longer names then. */
  readonly leaves: string | null;
  /** Volumes of the guest that are recreated, for which it is off, and facts that what they are made from exists. */
  readonly volumes: readonly { readonly name: string; readonly bases: readonly Fact[] }[];
}

/** The same for the running guest alone. */
type FreshDisks = Omit<DisksOfPlan, "leaves">;

/**
 * Difference between the wanted and the existing domain. Definitions are changed in place and never undefined first, so a running guest
 * keeps its active definition until its next cold start. A protected domain that is no longer wanted gives a change without actions;
 * `checkProtection` reports it.
 */
export function diffDomain(
  address: GuestAddress,
  want: DomainSpec | undefined,
  have: DomainState | undefined,
  observed: Observed,
  { leaves, ...fresh }: DisksOfPlan = { replaced: false, leaves: null, volumes: [] },
): Change | undefined {
  // Without a label it is a guest that the configuration adopts: until then it is not ours to change.
  if (want === undefined) return have?.label === undefined ? undefined : deletion(address, have, observed);
  if (have?.label !== undefined && want.adopted !== isAdopted(have)) return undefined;
  if (want.adopted && have?.label === undefined) return have === undefined ? undefined : adoption(address, want, have, observed);
  const change =
    have === undefined
      ? creation(address, want, observed)
      : withFiles(leaving(update(address, want, have, observed, fresh), leaves), address, want, have, observed);
  const holders = holdersOf(want, observed);
  const withSteps = (of: Change | undefined) =>
    withWait(withPlugging(of, address, want, have, fresh.restarted === true), address, want, have);
  if (change === undefined || holders.length === 0) return withSteps(change);
  const waiting = (action: Action): Action => {
    if (action.type !== "domain.start" && action.type !== "domain.restore") return action;
    const args: StartArgs = { ...(action.args as unknown as StartArgs), holders };
    return { ...action, args: args as unknown as Json, needs: [...action.needs, ...leftBy(holders)] };
  };
  return withSteps({ ...change, actions: change.actions.map(waiting) });
}

/**
 * True if a disk of the guest is being detached that it cannot release while it runs. The guest must be off for that: a disk that is taken
 * away below a running guest looks broken to it, and could be in two guests at once.
 */
function detachesDisks(want: DomainSpec, have: DomainState, observed: Observed, live: LivePlan): boolean {
  const kept = new Set(want.disks.map(({ attachment }) => sourceText(attachment)));
  // A disk stays when the guest gets the layer that is above it.
  for (const { disk, layers } of have.chains ?? []) if (disk !== null && layers.some(({ source }) => kept.has(source))) kept.add(disk);
  const leaving = Object.entries(have.disks).flatMap(([target, source]) => {
    const path = `disks.${target}.source`;
    const stays = kept.has(source) || live.paths.has(path) || live.postponed.has(`disks.${target}`);
    return stays || !runsWith(target, source, have) ? [] : [source];
  });
  if (leaving.length === 0) return false;
  const ours = [...observed.of(disks), ...observed.of(volumes)];
  const layered = new Set(
    (have.chains ?? []).flatMap(({ disk, layers: [top] }) => (disk === null || top === undefined ? [] : [top.source])),
  );
  return leaving.some((source) => layered.has(source) || ours.some(([, disk]) => ownsSource(source, disk)));
}

/** Whether a guest that runs has a disk of its stored definition, perhaps below a layer. */
function runsWith(target: string, source: string, { active, fields }: DomainState): boolean {
  const serial = `disks.${target}.serial`;
  return (
    active === null || active[`disks.${target}.source`] === source || (fields[serial] !== undefined && active[serial] === fields[serial])
  );
}

/** Whether a disk exists. Its pending actions may themselves wait until the guest is off. */
function isThere(address: Address, observed: Observed): boolean {
  return disks.owns(address) && observed.get(address)?.disk !== undefined;
}

/** Other guests that still have volumes of this guest. */
function holdersOf(want: DomainSpec, observed: Observed): VolumeHolder[] {
  const attached = want.disks.filter(({ name }) => volumes.owns(name as Address));
  return volumeHolders(want.uuid, new Set(attached.map(({ attachment }) => sourceText(attachment))), observed);
}

/** The change with what it leaves behind as a loss, if it gives the guest another file. */
function leaving(change: Change | undefined, leaves: string | null): Change | undefined {
  if (change === undefined || leaves === null || !change.fields.some(({ path }) => /^disks\.[^.]+\.source$/.test(path))) return change;
  const actions = change.actions.map((action) => (action.type === "domain.define" ? { ...action, destroys: leaves } : action));
  return { ...change, actions };
}

function activityOf({ power }: DomainState) {
  return { running: isUp(power), saved: power === "saved" };
}

function creation(address: GuestAddress, want: DomainSpec, observed: Observed): Change {
  const fields = listedFields(wantedFields(want));
  const root = observed.get(diskAddress(want.instance, instanceFiles.root));
  const lost = root?.defined === true;
  return {
    address,
    verb: "create",
    cause: lost ? "drift" : "config",
    reason: lost ? `undefined outside virtform${root.disk === undefined ? "" : "; its disks still exist"}` : "does not exist yet",
    fields: Object.entries(fields).map(([path, value]) => ({ path, new: value })),
    // With `ignore`, virtform never starts the guest.
    actions: [defineDomain(want, "none", null), ...(want.powerState === "running" ? [startDomain(want)] : [])],
    before: null,
    after: afterOf(want, fields),
  };
}

function deletion(address: Address, have: DomainState, observed: Observed): Change {
  const instance = have.label?.instance ?? have.name;
  const kept = have.label?.preventDestroy === true;
  const adopted = isAdopted(have);
  const crashed = have.power === "crashed" ? { running: true } : {};
  const ref = { uuid: have.uuid, instance, ...(adopted ? { adopted } : {}) };
  const undefine = undefineDomain(ref, { ...activityOf(have), ...crashed });
  // Removed disks ask for consent themselves. Without disks, a label alone must not suffice to power a guest off.
  const alone = isUp(have.power) && !observed.of(disks).some(([, disk]) => ownerName(disk.owner) === instance && disk.disk !== undefined);
  const loss = (adopted ? adoptedLoss(have) : alone ? `the memory of running guest ${instance}` : undefined) ?? undefine.destroys;
  const recorded = [["snapshots", have.snapshots ?? []] as const, ["checkpoints", have.checkpoints ?? []] as const].filter(
    ([, names]) => names.length > 0,
  );
  const lost = [
    ...(loss === undefined ? [] : [loss]),
    ...recorded.map(([what, names]) => `${names.length === 1 ? what.slice(0, -1) : what} ${names.join(", ")} of ${instance}`),
  ];
  return {
    address,
    verb: "delete",
    cause: "config",
    reason: kept ? `${notConfigured}, but ${protectedBy}` : notConfigured,
    fields: [
      ...Object.entries(listedFields(have.fields)).map(([path, value]) => ({ path, old: value })),
      ...recorded.map(([path, names]) => ({ path, old: names.join(", ") })),
    ],
    actions: kept ? [] : [lost.length === 0 ? undefine : { ...undefine, destroys: lost.join("; ") }],
    before: describeDomain(have),
    after: null,
  };
}

function update(address: GuestAddress, target: DomainSpec, have: DomainState, observed: Observed, fresh: FreshDisks): Change | undefined {
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
  const { replaced, volumes: recreated } = fresh;
  if (isOffAsWanted(want, have, observed, fresh)) return undefined;
  const wanted = wantedFields(want);
  const renamed = have.earlier !== undefined;
  const differing = differingPaths(want, wanted, have).filter((path) => path !== "name" || !renamed);
  const needsRestart = differing.some((path) => laterOf(traitsOf(path).running) === "restart");
  const possible = planLive(want, wanted, have, differing);
  const awake = activityOf(have);
  const lost = awake.saved && missesDisks(want, have, observed);
  const waiting = want.restart === "when_needed" ? pendingFields(have).filter(({ path }) => !possible.drifted.includes(path)) : [];
  const isLeft = (path: string) => isNoticed(path, wanted, have) && !possible.paths.has(path);
  const restartsForChange = want.restart === "when_needed" && awake.running && (renamed || differing.some(isLeft));
  const isAwake = awake.running || awake.saved;
  const renewed = isAwake ? recreated : [];
  const must =
    lost || needsRestart || restartsForChange || waiting.length > 0 || renewed.length > 0 || detachesDisks(want, have, observed, possible);
  const restarts = must && isAwake;
  // A guest that is restarted takes everything from its new definition.
  const live = restarts ? nothingLive : possible;
  const memory: FieldChange[] =
    restarts && awake.saved ? [{ path: "saved_memory", old: true, new: false, effect: "none", cause: lost ? "drift" : "config" }] : [];
  const changed = new Set(differing);
  const due = restarts
    ? waiting
        .filter(({ path }) => !changed.has(path) && !(renamed && path === "name"))
        .map((field) => ({ ...field, effect: "restart" as const }))
    : [];
  const changes = [
    ...renaming(want, have, restarts),
    ...definitionChanges(differing, have, wanted, restarts, live),
    ...unwantedParts(want, have, wanted),
    ...due,
    ...memory,
  ];
  const setBack = live.drifted.map((path) => setBackField(path, have, wanted));
  const power = powerChange(want, have, observed, fresh);
  // Its directory is created again, and records the definition.
  const unlabelled = have.unlabelled === true;
  if (changes.length === 0 && setBack.length === 0 && power === undefined && !unlabelled && renewed.length === 0) return undefined;
  const fields = [...changes, ...setBack, ...(power === undefined ? [] : [power.field])];
  const stale = have.fields["power_state"] !== want.powerState || unlabelled;
  // What the guest takes while it runs is an action of its own.
  const stored = changes.flatMap(({ effect = "none" }) => (effect === "live" ? [] : [effect]));
  const define = defineDomain(want, strongestEffect(stored), have.definition);
  // Switched off before it is redefined: while the old definition exists, a later plan sees which disks the guest may have open.
  const offFirst: Action = { ...define, needs: [...define.needs, stopped(address)] };
  // The guest keeps running until everything that it restarts from exists.
  const bases = renewed.flatMap((volume) => volume.bases);
  const missing = needsRestart ? attachedTo(want).flatMap((one) => (isThere(one, observed) ? [] : [exists(one)])) : [];
  const off = switchOff(want, awake, [...missing, ...bases]);
  const onlyWaits = due.length > 0 && due.length === fields.length && !stale;
  const onlyRenewed = renewed.length > 0 && fields.length === due.length + memory.length && !stale;
  const actions = restarts
    ? [...off, ...(onlyWaits || onlyRenewed ? [] : [offFirst]), ...switchOnAgain(want, awake)]
    : inTurn(
        [...liveActions(want, live, observed), ...(changes.length > 0 || stale ? [define] : [])],
        power?.action === undefined ? [] : [power.action],
        awake.saved && !replaced,
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
      ? `${renewed.length === 1 ? "its volume" : "its volumes"} ${renewed.map(({ name }) => name).join(", ")} ${renewed.length === 1 ? "is" : "are"} recreated`
      : onlyWaits
        ? "it waits for a restart"
        : unlabelled && fields.length === 0
          ? "its directory is missing"
          : reasonFor(cause, fields, have),
    fields,
    actions,
    before: describeDomain(have),
    after: afterOf(want, listedFields(fieldsAfter(fields, have.fields, wanted))),
  };
  return { change, restarts };
}

/**
 * Paths in which a guest that is to be adopted is not what the configuration says: adopting it changes nothing but its label, so there
 * must be none. What virtform records in the label is not compared.
 */
export function adoptionDifferences(want: DomainSpec, have: DomainState): FieldChange[] {
  const wanted = wantedFields(want);
  const paths = differingPaths(want, wanted, have).filter((path) => path !== "prevent_destroy");
  return paths.map((path) => withoutUndefined({ path, old: have.fields[path], new: wanted[path] }));
}

/** One that differs is not adopted: `checkAdopted` reports it. */
function adoption(address: GuestAddress, want: DomainSpec, have: DomainState, observed: Observed): Change | undefined {
  if (adoptionDifferences(want, have).length > 0 || !have.persistent) return undefined;
  const power = powerAction(want, have, observed, { replaced: false });
  const then = power === undefined ? [] : [{ ...power, needs: [...power.needs, defined(address)] }];
  return {
    address,
    verb: "adopt",
    cause: "config",
    reason: power === undefined ? "labelled, nothing else changes" : `labelled; it is ${have.power} and should be ${want.powerState}`,
    fields: [],
    actions: [adoptDomain(want), ...then],
    before: describeDomain(have),
    after: afterOf(want, listedFields(have.fields)),
  };
}

/** What goes with the definition of a guest that other programs made. */
function adoptedLoss({ label, name, disks, fields }: DomainState): string {
  const kept = Object.values(disks);
  const variables = fields["uefi_variables"] === undefined ? "" : ", with its UEFI variables";
  const stay = kept.length === 0 ? "" : ` (its disks stay: ${kept.join(", ")})`;
  return `the definition of adopted guest ${label?.instance ?? name}${variables}${stay}`;
}

/** A saved guest is restored before it is redefined, because its memory belongs to the old definition. */
function inTurn(define: readonly Action[], power: readonly Action[], saved: boolean): Action[] {
  return saved ? [...power, ...define] : [...define, ...power];
}

/** Paths whose values differ, but for the power state, which `powerChange` compares. */
function differingPaths(want: DomainSpec, wanted: DomainFields, { fields, label }: DomainState): string[] {
  const differing = Object.keys(wanted).filter(
    (path) => fields[path] !== wanted[path] && !isSatisfied(traitsOf(path), fields[path], wanted[path]),
  );
  const others = Object.keys(fields).filter((path) => wanted[path] === undefined);
  const applied = others.length === 0 ? undefined : appliedFields(label);
  const unwanted = others.filter((path) => !staysUnwanted(path, want, wanted, applied));
  return [...differing, ...unwanted].filter((path) => path !== "power_state");
}

function definitionChanges(
  differing: readonly string[],
  have: DomainState,
  wanted: DomainFields,
  restarts: boolean,
  live: LivePlan,
): FieldChange[] {
  if (differing.length === 0) return [];
  const applied = appliedFields(have.label);
  return differing.map((path): FieldChange => {
    const [old, fresh] = [have.fields[path], wanted[path]];
    const traits = traitsOf(path);
    const { fixed, usual } = traits;
    // The label does not record fixed fields, which no configuration changes, nor the usual values of others.
    const last = fixed === true ? fresh : applied !== undefined && Object.hasOwn(applied, path) ? applied[path] : usual;
    // An alias that was applied is what the host made of it.
    const recorded = isSatisfied(traits, old, last) ? old : last;
    const cause: Cause = applied === undefined && fixed !== true ? "config" : causeOf(fresh ?? null, recorded ?? null, old ?? null);
    // A saved guest is restored with the definition that it was saved with.
    const later: Effect = restarts ? (isUp(have.power) ? "restart" : "none") : "next_boot";
    const awake = isUp(have.power) || have.power === "saved";
    const noticed = restarts ? canNotice(path) : isNoticed(path, wanted, have);
    const effect: Effect = live.paths.has(path) ? "live" : awake && noticed ? later : "none";
    const why = effect === "next_boot" ? live.reasons.get(path) : undefined;
    return withoutUndefined({ path, old, new: fresh, effect, why, cause });
  });
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
  return { path, ...(old === undefined ? {} : { old }), ...(fresh === undefined ? {} : { new: fresh }), effect: "live", cause: "drift" };
}

/** What is done to a guest that runs. A device goes before others come: it may be in the place of one. */
function liveActions(want: DomainSpec, { steps }: LivePlan, observed: Observed): Action[] {
  const [leaving, rest] = [steps.filter((step) => step.do === "detach"), steps.filter((step) => step.do !== "detach")];
  const words = (of: readonly LiveStep[]) => of.map(subjectOf).join(", ");
  return [
    ...(leaving.length === 0 ? [] : [releaseDevices(want, leaving, words(leaving))]),
    ...(rest.length === 0 ? [] : [adjustDomain(want, rest, words(rest), holdersOf(want, observed))]),
  ];
}

function canNotice(path: string): boolean {
  const { cosmetic, running } = traitsOf(path);
  return cosmetic !== true && running !== "none";
}

/** Whether a guest that runs would have another value. A device that was only stored, or a value that it runs with already, is nothing to it. */
function isNoticed(path: string, wanted: DomainFields, { active }: DomainState): boolean {
  if (active === null) return canNotice(path);
  // A maximum that is the same as the current value is absent.
  const current = { max_memory: "memory", max_vcpus: "vcpus" }[path];
  const value = (fields: DomainFields) => fields[path] ?? (current === undefined ? undefined : fields[current]);
  return canNotice(path) && value(active) !== value(wanted);
}

function powerChange(
  want: DomainSpec,
  have: DomainState,
  observed: Observed,
  fresh: Pick<FreshDisks, "replaced" | "restarted">,
): { readonly field: FieldChange; readonly action?: Action } | undefined {
  const last = have.fields["power_state"];
  const action = powerAction(want, have, observed, fresh);
  if (action === undefined && last === want.powerState) return undefined;
  const old = action === undefined ? (last ?? have.power) : have.power;
  const cause = last === want.powerState ? "drift" : "config";
  const field: FieldChange = { path: "power_state", old, new: want.powerState, effect: action?.effect ?? "none", cause };
  return action === undefined ? { field } : { field, action };
}

function powerAction(
  want: DomainSpec,
  have: DomainState,
  observed: Observed,
  { replaced, restarted = false }: Pick<FreshDisks, "replaced" | "restarted">,
): Action | undefined {
  if (want.powerState === "stopped") return isUp(have.power) ? stopDomain(want) : undefined;
  if (want.powerState === "ignore") return undefined;
  if (have.power === "paused") return restarted ? undefined : resumeDomain(want);
  if (have.power === "saved" && !replaced) return restoreDomain(want, missingFacts(want, observed));
  return isUp(have.power) ? undefined : startDomain(want);
}

/** Fields without a change keep the value that was found, also in another spelling: `pc-q35-7.2` for `q35`. */
function fieldsAfter(changes: readonly FieldChange[], found: DomainFields, wanted: DomainFields): DomainFields {
  const changed = new Set(changes.map(({ path }) => path));
  const after = Object.entries(wanted).filter(([path]) => changed.has(path));
  return { ...Object.fromEntries(Object.entries(found).filter(([path]) => !changed.has(path))), ...Object.fromEntries(after) };
}

function afterOf(want: DomainSpec, fields: DomainFields): Change["after"] {
  return { ...fields, uuid: want.uuid, persistent: true, power_state: want.powerState };
}

function reasonFor(cause: Cause, fields: readonly FieldChange[], have: DomainState): string {
  if (!have.persistent) return "undefined outside virtform while running";
  if (have.earlier !== undefined && fields.length === 1) return `it was ${have.earlier}`;
  const rescue = fields.find(({ path }) => path === "rescue");
  if (rescue !== undefined)
    return rescue.new === undefined
      ? "it leaves rescue"
      : rescue.old === undefined
        ? "it goes into rescue"
        : "it is rescued with another image";
  if (fields.every(({ path }) => path === "saved_memory" || path === "power_state") && fields.some(({ path }) => path === "saved_memory"))
    return "its saved memory belongs to a disk that is missing";
  const power = fields.find(({ path }) => path === "power_state");
  if (fields.length === 1 && power !== undefined) {
    if (have.power === "crashed") return "the guest crashed";
    if (have.failedStart === true) return "its last start failed, and it should be running";
    if ((have.plugging === true || have.unplugged === true) && power.new === "running")
      return have.power === "paused"
        ? "the last apply started it paused and did not resume it"
        : "its interfaces were not ready at its last start, and it should be running";
    if (have.power === "saved" && power.new === "running") return "its memory was saved, and it should be running";
    if (power.cause === "drift")
      return `it is ${have.power}${have.pausedBy === undefined ? "" : ` by ${have.pausedBy},`} and should be ${power.new}`;
    return "the configured power state changed";
  }
  if (cause === "drift") return "it was changed on the host after the last apply";
  return cause === "both" ? "both the configuration and the host changed" : "the configuration changed";
}
