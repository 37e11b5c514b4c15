import { addressKind, addressName } from "../model/address.ts";
import type { Change, FieldChange } from "../model/change.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Json } from "../model/json.ts";
import { applicablePlans, isErrored, type Pending, type Plan } from "../model/plan.ts";
import type { UsedVariable } from "../model/used-variable.ts";
import { effectOf } from "./describe-change.ts";

type JsonObject = { readonly [key: string]: Json };

const actionsOf: Readonly<Record<Change["verb"], readonly string[]>> = {
  create: ["create"],
  update: ["update"],
  replace: ["delete", "create"],
  delete: ["delete"],
};

const reasonOf: Readonly<Partial<Record<Change["verb"], string>>> = {
  replace: "replace_because_cannot_update",
  delete: "delete_because_no_resource_config",
};

/**
 * A plan as one JSON document: a subset of Terraform's plan representation, so that policies and summaries written for
 * it work unchanged. Additions of virtform are under `change.virtform`. It holds no time, so two runners print the same.
 */
export function planJson(plan: Plan, version: string): JsonObject {
  const changed = plan.changes.map((change) => ({ ...identity(change.address), ...previous(change), ...changeJson(change) }));
  const unchanged = plan.unchanged.map((one) => ({ ...identity(one.address), ...previous(one), change: noChange(one.before) }));
  return {
    format_version: "1.2",
    virtform_version: version,
    project: plan.project,
    ...(plan.hosts === undefined ? { target: targetJson(plan) } : { hosts: plan.hosts.map(hostJson) }),
    ...(plan.variables === undefined ? {} : { variables: Object.fromEntries(plan.variables.map(variableJson)) }),
    resource_changes: byAddress([...changed, ...unchanged]),
    resource_drift: byAddress(plan.changes.filter(({ cause }) => cause !== "config").map(driftJson)),
    unmanaged: plan.unmanaged.map((found) => ({ ...found })),
    pending: plan.pending.map(pendingJson),
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

function targetJson({ target }: Plan): JsonObject {
  return { uri: target.uri, instances_path: target.instancesPath };
}

/** One of several hosts. */
function hostJson(plan: Plan): JsonObject {
  const { host, project, complete } = plan;
  return { host, project, target: targetJson(plan), applyable: applicablePlans(plan).length > 0, complete, errored: isErrored(plan) };
}

/** The same document for a plan that could not be made at all. */
export function failedPlanJson(diagnostics: readonly Diagnostic[], version: string): JsonObject {
  return {
    format_version: "1.2",
    virtform_version: version,
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
  const start = at === undefined ? undefined : { line: at.line, column: at.column };
  return {
    severity,
    code,
    summary,
    detail: detail ?? "",
    ...(address === undefined ? {} : { address }),
    ...(at === undefined || start === undefined ? {} : { range: { filename: at.file, start, end: start } }),
    ...(at?.text === undefined ? {} : { snippet: { code: at.text, start_line: at.line } }),
  };
}

function identity(address: Change["address"]) {
  return { address, mode: "managed", type: addressKind(address), name: addressName(address) };
}

/** As Terraform has it for what was moved to another address. */
function previous({ previousAddress }: Pick<Change, "previousAddress">): JsonObject {
  return previousAddress === undefined ? {} : { previous_address: previousAddress };
}

function byAddress<Entry extends { readonly address: string }>(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

function changeJson(change: Change) {
  const { verb, before, after, fields } = change;
  const destroys = change.actions.flatMap((action) => action.destroys ?? []);
  const overwrites = change.actions.reduce((sum, action) => sum + (action.overwrites ?? 0), 0);
  const reason = reasonOf[verb];
  return {
    change: {
      actions: actionsOf[verb],
      before,
      after,
      after_unknown: {},
      before_sensitive: before === null ? false : sensitive(fields.filter(({ old }) => old !== undefined)),
      after_sensitive: after === null ? false : sensitive(fields.filter(({ new: wanted }) => wanted !== undefined)),
      ...(verb === "replace" ? { replace_paths: replacePaths(fields) } : {}),
      virtform: {
        cause: change.cause,
        reason: change.reason,
        effect: effectOf(change),
        bytes: change.actions.reduce((sum, action) => sum + (action.bytes ?? 0), 0),
        destroys,
        ...(overwrites === 0 ? {} : { overwrites }),
        fields: fields.map(fieldJson),
        actions: change.actions.map(({ id, type, summary, effect }) => ({ id, type, summary, effect })),
      },
    },
    ...(reason === undefined ? {} : { action_reason: reason }),
  };
}

/** What waits for a restart: `old` is what runs, `new` is what is stored. */
function pendingJson({ address, fields }: Pending): JsonObject {
  return { ...identity(address), fields: fields.map(fieldJson) };
}

function fieldJson(field: FieldChange): JsonObject {
  const { path, effect, cause } = field;
  const shown = (value: Json) => (field.sensitive === true ? "(sensitive)" : value);
  return {
    path,
    ...(field.old === undefined ? {} : { old: shown(field.old) }),
    ...(field.new === undefined ? {} : { new: shown(field.new) }),
    ...(effect === undefined ? {} : { effect }),
    ...(cause === undefined ? {} : { cause }),
    ...(field.why === undefined ? {} : { why: field.why }),
  };
}

function noChange(state: Json) {
  return { actions: ["no-op"], before: state, after: state, after_unknown: {}, before_sensitive: {}, after_sensitive: {} };
}

/** Drift is shown in the opposite direction: `before` is what should be, `after` is what was found. */
function driftJson(change: Change) {
  const { before: found, after: wanted } = change;
  const actions = found === null ? ["delete"] : wanted === null ? ["create"] : ["update"];
  const fields = change.fields.filter(({ cause }) => cause !== "config").map(({ path }) => path);
  return {
    ...identity(change.address),
    change: {
      actions,
      before: wanted,
      after: found,
      after_unknown: {},
      before_sensitive: wanted === null ? false : sensitive(change.fields),
      after_sensitive: found === null ? false : sensitive(change.fields),
      virtform: { cause: change.cause, reason: change.reason, fields },
    },
  };
}

/** `metadata.role` as the nested object `{ metadata: { role: true } }`. */
function sensitive(fields: readonly FieldChange[]): JsonObject {
  const root: Record<string, Json> = {};
  for (const { path } of fields.filter((field) => field.sensitive === true)) {
    const steps = path.split(".");
    let level = root;
    for (const step of steps.slice(0, -1)) {
      const next = level[step];
      const deeper: Record<string, Json> = typeof next === "object" && next !== null ? (next as Record<string, Json>) : {};
      level[step] = deeper;
      level = deeper;
    }
    level[steps.at(-1) ?? path] = true;
  }
  return root;
}

function replacePaths(fields: readonly FieldChange[]): (string | number)[][] {
  const forcing = fields.filter(({ effect }) => effect === "rebuild");
  return (forcing.length > 0 ? forcing : fields).map(({ path }) =>
    path.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step)),
  );
}
