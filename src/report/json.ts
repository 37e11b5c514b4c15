import type { Action } from "../model/action.ts";
import { addressKind, addressName } from "../model/address.ts";
import type { Change, FieldChange } from "../model/change.ts";
import { type Movement, movedBytes } from "../model/cost.ts";
import type { Diagnostic, Place } from "../model/diagnostic.ts";
import { type Forecast, forecastOf } from "../model/forecast.ts";
import type { Json } from "../model/json.ts";
import { applicablePlans, type IgnoredDrift, isErrored, type Pending, type Plan } from "../model/plan.ts";
import { presentationOf } from "../model/presentation.ts";
import type { UsedVariable } from "../model/used-variable.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import { effectOf } from "./describe-change.ts";
import { nested, nestPaths } from "./nest-paths.ts";

type JsonObject = { readonly [key: string]: Json };

const actionsOf: Readonly<Record<Change["verb"], readonly string[]>> = {
  create: ["create"],
  adopt: ["update"],
  update: ["update"],
  replace: ["delete", "create"],
  delete: ["delete"],
};

const reasonOf: Readonly<Partial<Record<Change["verb"], string>>> = {
  replace: "replace_because_cannot_update",
  delete: "delete_because_no_resource_config",
};

/** Who made a document, and when. */
export interface DocumentHead {
  readonly version: string;
  readonly now: Date;
}

/**
 * A plan as one JSON document: a subset of Terraform's plan representation, so that policies and summaries written for
 * it work unchanged. Additions of virtform are under `change.virtform`. But for the time, two runners print the same.
 */
export function planJson(plan: Plan, head: DocumentHead): JsonObject {
  const forecast = forecastOf(plan);
  const changed = plan.changes.map((change) => ({
    ...identity(change.address),
    ...indexed(change),
    ...previous(change),
    ...changeJson(change, forecast.secondsOf),
  }));
  const unchanged = plan.unchanged.map((one) => ({
    ...identity(one.address),
    ...indexed(one),
    ...previous(one),
    change: noChange(one.address, one.before),
  }));
  return {
    ...headJson(head),
    project: plan.project,
    ...(plan.hosts === undefined ? { target: targetJson(plan), ...eventHookJson(plan) } : { hosts: plan.hosts.map(hostJson) }),
    ...(plan.variables === undefined ? {} : { variables: Object.fromEntries(plan.variables.map(variableJson)) }),
    resource_changes: byAddress([...changed, ...unchanged]),
    resource_drift: byAddress(plan.changes.filter(({ cause }) => cause !== "config").map(driftJson)),
    unmanaged: plan.unmanaged.map((found) => ({ ...found })),
    pending: plan.pending.map(pendingJson),
    ...(plan.excluded === undefined ? {} : { excluded: [...plan.excluded] }),
    ...(plan.actions.length === 0 ? {} : { forecast: forecastJson(forecast) }),
    ...(plan.ignored === undefined ? {} : { ignored: plan.ignored.map(ignoredJson) }),
    diagnostics: plan.diagnostics.map(diagnosticJson),
    applyable: applicablePlans(plan).length > 0,
    complete: plan.complete,
    errored: isErrored(plan),
  };
}

/** As Terraform has it, with a mark instead of the value of a secret. */
function variableJson({ name, value, sensitive, from }: UsedVariable): [string, JsonObject] {
  return [name, sensitive ? { value: null, sensitive, from } : { value, from }];
}

function headJson({ version, now }: DocumentHead) {
  return { format_version: "1.2", virtform_version: version, timestamp: now.toISOString().replace(/\.\d+/, "") };
}

function targetJson({ target }: Plan): JsonObject {
  const { uri, instancesPath, imageCacheName } = target;
  return withoutUndefined({ uri, instances_path: instancesPath, image_cache_subdirectory_name: imageCacheName });
}

/** One of several hosts. */
function hostJson(plan: Plan): JsonObject {
  const { host, project, complete } = plan;
  const applyable = applicablePlans(plan).length > 0;
  return { host, project, target: targetJson(plan), ...eventHookJson(plan), applyable, complete, errored: isErrored(plan) };
}

function eventHookJson({ eventHook }: Plan): JsonObject {
  return eventHook === undefined ? {} : { event_hook: [...eventHook] };
}

/** The same document for a plan that could not be made at all. */
export function failedPlanJson(diagnostics: readonly Diagnostic[], head: DocumentHead): JsonObject {
  return {
    ...headJson(head),
    resource_changes: [],
    resource_drift: [],
    unmanaged: [],
    pending: [],
    diagnostics: diagnostics.map(diagnosticJson),
    applyable: false,
    complete: false,
    errored: true,
  };
}

/** A diagnostic as Terraform's machine-readable output has it, with its stable code. */
export function diagnosticJson(diagnostic: Diagnostic): JsonObject {
  const { severity, code, summary, detail, address, at } = diagnostic;
  return withoutUndefined({
    severity,
    code,
    summary,
    detail,
    address,
    range: at === undefined ? undefined : rangeJson(at),
    snippet: at?.text === undefined ? undefined : { code: at.text, start_line: at.line },
  });
}

/** From the first character that is meant to behind the last one. */
function rangeJson({ file, line, column, text = "" }: Place): JsonObject {
  return { filename: file, start: { line, column }, end: { line, column: column + text.length } };
}

/** The identity that an object had before it was adopted, as Terraform has that of an import. */
function idOf(before: Json): string {
  return typeof before === "object" && before !== null && "uuid" in before ? String(before["uuid"]) : "";
}

function identity(address: Change["address"]) {
  return { address, mode: "managed", type: addressKind(address), name: addressName(address), provider_name: "virtform" };
}

/** As Terraform has it for copies of an entry. */
function indexed({ index }: Pick<Change, "index">): JsonObject {
  return index === undefined ? {} : { index };
}

/** As Terraform has it for what was moved to another address. */
function previous({ previousAddress }: Pick<Change, "previousAddress">): JsonObject {
  return previousAddress === undefined ? {} : { previous_address: previousAddress };
}

function byAddress<Entry extends { readonly address: string }>(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

function changeJson(change: Change, seconds: ReadonlyMap<string, number>) {
  const { verb, before, after, fields } = change;
  const destroys = change.actions.flatMap((action) => action.destroys ?? []);
  const sum = (ways: readonly Movement[]) => change.actions.reduce((total, action) => total + movedBytes(action, ways), 0);
  const overwrites = sum(["overwrite"]);
  const reason = change.requested === true ? "replace_by_request" : reasonOf[verb];
  return {
    change: {
      actions: actionsOf[verb],
      before: nested(before),
      after: nested(after),
      after_unknown: {},
      before_sensitive: sensitive(
        change.address,
        before,
        fields.filter(({ old }) => old !== undefined),
      ),
      after_sensitive: sensitive(
        change.address,
        after,
        fields.filter(({ new: wanted }) => wanted !== undefined),
      ),
      ...(verb === "adopt" ? { importing: { id: idOf(before) } } : {}),
      ...(verb === "replace" ? { replace_paths: replacePaths(fields) } : {}),
      virtform: {
        cause: change.cause,
        reason: change.reason,
        effect: effectOf(change),
        bytes: sum(["download", "copy", "convert"]),
        destroys,
        ...(overwrites === 0 ? {} : { overwrites }),
        fields: fields.map(fieldJson),
        actions: change.actions.map((action) => actionJson(action, seconds)),
      },
    },
    ...(reason === undefined ? {} : { action_reason: reason }),
  };
}

function actionJson({ id, type, summary, effect, cost }: Action, seconds: ReadonlyMap<string, number>): JsonObject {
  const { moves, takes } = cost ?? {};
  return {
    id,
    type,
    summary,
    effect,
    seconds: tenths(seconds.get(id) ?? 0),
    ...(moves === undefined || Object.keys(moves).length === 0 ? {} : { moves }),
    ...(takes === undefined ? {} : { takes: { thin: takes.thin, full: takes.full } }),
  };
}

function forecastJson({ download, write, overwrite, full, unknown, seconds, measured, downtime }: Forecast): JsonObject {
  return {
    download,
    write,
    overwrite,
    full,
    unknown,
    seconds: tenths(seconds),
    measured,
    downtime: downtime.map((guest) => ({ address: guest.address, seconds: tenths(guest.seconds) })),
  };
}

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}

/** What waits for a restart: `old` is what runs, `new` is what is stored. */
function pendingJson({ address, fields }: Pending): JsonObject {
  return { ...identity(address), fields: fields.map(fieldJson) };
}

function ignoredJson({ address, fields, reason, until }: IgnoredDrift): JsonObject {
  return { ...identity(address), fields: fields.map(fieldJson), ...withoutUndefined({ reason, until }) };
}

function fieldJson({ path, old, new: wanted, effect, cause, why, sensitive: isSecret }: FieldChange): JsonObject {
  const shown = (value: Json | undefined) => (isSecret === true && value !== undefined ? "(sensitive)" : value);
  return withoutUndefined({ path, old: shown(old), new: shown(wanted), effect, cause, why });
}

function noChange(address: Change["address"], state: Json) {
  const [shown, marks] = [nested(state), sensitive(address, state ?? {}, [])];
  return { actions: ["no-op"], before: shown, after: shown, after_unknown: {}, before_sensitive: marks, after_sensitive: marks };
}

/** Drift is shown in the opposite direction: `before` is what should be, `after` is what was found. */
function driftJson(change: Change) {
  const { before: found, after: wanted } = change;
  const actions = found === null ? ["delete"] : wanted === null ? ["create"] : ["update"];
  const fields = change.fields.filter(({ cause }) => cause !== "config").map(({ path }) => path);
  return {
    ...identity(change.address),
    ...indexed(change),
    change: {
      actions,
      before: nested(wanted),
      after: nested(found),
      after_unknown: {},
      before_sensitive: sensitive(change.address, wanted, change.fields),
      after_sensitive: sensitive(change.address, found, change.fields),
      virtform: { cause: change.cause, reason: change.reason, fields },
    },
  };
}

/** Which values of an object are secrets, as Terraform marks them: those that its kind names, and the fields of the change that are. */
function sensitive(address: Change["address"], state: Json, fields: readonly FieldChange[]): Json {
  if (state === null) return false;
  const { secrets = () => [] } = presentationOf(addressKind(address));
  const paths = [...secrets(state), ...fields.filter((field) => field.sensitive === true).map(({ path }) => path)];
  return nestPaths([...new Set(paths)].map((path) => [path, true]));
}

function replacePaths(fields: readonly FieldChange[]): (string | number)[][] {
  const forcing = fields.filter(({ effect }) => effect === "rebuild");
  return (forcing.length > 0 ? forcing : fields).map(({ path }) =>
    path.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step)),
  );
}
