import { addressKind, addressName } from "../model/address.ts";
import type { Change } from "../model/change.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Event, Reporter } from "../model/event.ts";
import type { ImageEvent } from "../model/image-event.ts";
import type { Json } from "../model/json.ts";
import type { Outcome } from "../model/outcome.ts";
import { countChanges, isErrored, type Plan, type PlannedAction } from "../model/plan.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import { isComplete, summarizeApply } from "./apply-summary.ts";
import { changingCommands } from "./changing-commands.ts";
import { formatDiagnostics } from "./diagnostics.ts";
import { diagnosticJson, failedPlanJson, planJson } from "./json.ts";
import { jsonLine, jsonText, resultText } from "./json-result.ts";
import type { ReporterOptions } from "./options.ts";
import { progressText } from "./progress-text.ts";
import { formatDuration } from "./quantities.ts";

/** Between two events about the progress of the same action. */
const progressEveryMs = 1000;

type Fields = { readonly [key: string]: Json };

/**
 * JSON on standard output and nothing else there: one event per line for commands that carry out a plan, one document for every other
 * command. The events are those of Terraform's machine-readable output; readers ignore types that they do not know.
 */
export function createJsonReporter(options: ReporterOptions): Reporter {
  const changes = Object.hasOwn(changingCommands, options.command);
  return { event: changes ? lines(options) : documents(options), close: async () => {} };
}

/** One document. Errors are also written to standard error, for the log of a pipeline. */
function documents({ command, stdout, stderr, color, version, now }: ReporterOptions): (event: Event) => void {
  const head = () => ({ version, now: now?.() ?? new Date() });
  const explain = (diagnostics: readonly Diagnostic[]) => {
    if (diagnostics.length > 0) stderr.write(formatDiagnostics(diagnostics, { color }));
  };
  return (event) => {
    switch (event.type) {
      case "plan":
        stdout.write(jsonText(planJson(event.plan, head())));
        if (isErrored(event.plan)) explain(event.plan.diagnostics.filter(({ severity }) => severity === "error"));
        return;
      case "result":
        stdout.write(resultText(event.result));
        return;
      case "diagnostic":
        explain([event.diagnostic]);
        return;
      case "failed":
        stdout.write(jsonText(isPlanned(command) ? failedPlanJson(event.diagnostics, head()) : failedJson(event.diagnostics)));
        explain(event.diagnostics);
        return;
      default:
    }
  };
}

function isPlanned(command: string): boolean {
  return command === "plan" || command === "drift";
}

/** The document of a command that ended without a result. */
function failedJson(diagnostics: readonly Diagnostic[]): Json {
  return { format_version: "1.0", errored: true, diagnostics: diagnostics.map(diagnosticJson) };
}

function lines(options: ReporterOptions): (event: Event) => void {
  const clock = options.now ?? (() => new Date());
  const write = (type: string, message: string, fields: Fields, level: "info" | "warn" | "error" = "info") => {
    const head = { "@level": level, "@message": message, "@module": "virtform.ui", "@timestamp": clock().toISOString(), type };
    options.stdout.write(jsonLine({ ...head, ...fields }));
  };
  write("version", `virtform ${options.version}`, { virtform: options.version, ui: "1.2" });
  return eventWriter(write, options.command === "destroy" ? "destroy" : "apply", () => clock().getTime());
}

type Write = (type: string, message: string, fields: Fields, level?: "info" | "warn" | "error") => void;

function eventWriter(write: Write, command: "apply" | "destroy", now: () => number): (event: Event) => void {
  const hooks = new Map<string, Fields>();
  const actions = new Map<string, PlannedAction>();
  const reported = new Map<string, { readonly started: number; last: number }>();

  const diagnostic = (given: Diagnostic) => {
    const level = { error: "error", warning: "warn", note: "info" } as const;
    const label = { error: "Error", warning: "Warning", note: "Note" } as const;
    write("diagnostic", `${label[given.severity]}: ${given.summary}`, { diagnostic: diagnosticJson(given) }, level[given.severity]);
  };

  const end = (id: string, outcome: Outcome) => {
    const action = actions.get(id);
    const hook = hooks.get(id);
    if (action === undefined || hook === undefined) return;
    const elapsed = { elapsed_seconds: outcome.milliseconds / 1000 };
    const name = `${action.address}: ${action.summary}`;
    if (outcome.status === "done") {
      write("apply_complete", `${name}: done in ${formatDuration(outcome.milliseconds)}`, { hook: { ...hook, ...elapsed } });
    } else if (outcome.status === "failed") {
      const error = outcome.diagnostics.map(({ summary }) => summary).join("; ");
      write("apply_errored", `${name}: failed`, { hook: { ...hook, ...elapsed, error } }, "error");
      for (const why of outcome.diagnostics) diagnostic({ address: action.address, ...why });
    } else {
      const because = outcome.because === undefined ? {} : { because: outcome.because };
      write("apply_skipped", `${name}: ${outcome.status}`, { hook: { ...hook, ...elapsed, status: outcome.status, ...because } }, "warn");
    }
  };

  return (event) => {
    switch (event.type) {
      case "waiting":
        write("log", `Waiting for ${event.holder}`, {});
        return;
      case "diagnostic":
        diagnostic(event.diagnostic);
        return;
      case "failed":
        for (const given of event.diagnostics) diagnostic(given);
        return;
      case "result":
        return;
      case "plan":
        for (const given of event.plan.diagnostics) diagnostic(given);
        plannedChanges(write, event.plan);
        return;
      case "apply.start": {
        const owners = new Map<string, Change>();
        for (const change of event.plan.changes) for (const { id } of change.actions) if (!owners.has(id)) owners.set(id, change);
        for (const action of event.actions) {
          const { id, address, type, summary } = action;
          actions.set(id, action);
          hooks.set(id, { resource: resource(address), action: owners.get(id)?.verb ?? "update", id, type, summary });
        }
        return;
      }
      case "action.start": {
        const action = actions.get(event.id);
        reported.set(event.id, { started: now(), last: Number.NEGATIVE_INFINITY });
        if (action !== undefined) write("apply_start", `${action.address}: ${action.summary} ...`, { hook: hooks.get(event.id) ?? {} });
        return;
      }
      case "action.progress": {
        const action = actions.get(event.id);
        const seen = reported.get(event.id);
        const time = now();
        if (action === undefined || seen === undefined || time - seen.last < progressEveryMs) return;
        seen.last = time;
        const { done, total, phase, waits } = event.progress;
        const bytes =
          waits === undefined
            ? withoutUndefined({ bytes_done: done, bytes_total: total, phase })
            : { conditions_met: done, conditions: total ?? 0, waits_for: waits };
        const elapsed = { elapsed_seconds: Math.floor((time - seen.started) / 1000) };
        write("apply_progress", `${action.address}: ${progressText(event.progress)}`, {
          hook: { ...hooks.get(event.id), ...elapsed, ...bytes },
        });
        return;
      }
      case "image":
        write(event.image.event.replace(".", "_"), `Image ${event.image.image}: ${imageWords[event.image.event]}${mirrorOf(event.image)}`, {
          image: { ...event.image },
        });
        return;
      case "action.end":
        end(event.id, event.outcome);
        return;
      case "apply.stopping":
        write("log", "Stopping after running actions finish", {}, "warn");
        return;
      case "apply.end": {
        const summary = summarizeApply(event.plan, event.outcomes);
        const { add, change, destroy } = summary;
        const name = command === "destroy" ? "Destroy" : "Apply";
        const counts = changeCounts({ add, change, destroy }, command);
        const message = `${name} ${isComplete(summary) ? "complete! Resources:" : "incomplete:"} ${add} added, ${change} changed, ${destroy} destroyed`;
        write("change_summary", message, { changes: counts }, isComplete(summary) ? "info" : "error");
        return;
      }
    }
  };
}

const imageWords = {
  "image.prepare": "fetch begins",
  "image.upload": "its bytes are here",
  "image.activate": "its base image is published",
  "image.error": "its fetch failed",
} as const;

/** The mirror that gave an image, as the end of a sentence. */
function mirrorOf({ event, mirror }: ImageEvent): string {
  return mirror === undefined || event !== "image.upload" ? "" : `, from the mirror ${mirror}`;
}

function plannedChanges(write: Write, plan: Plan): void {
  for (const change of plan.changes) {
    const { address, verb, cause, reason } = change;
    write("planned_change", `${address}: plan to ${verb}`, { change: { resource: resource(address), action: verb, cause, reason } });
  }
  const counts = countChanges(plan.changes);
  const message = `Plan: ${counts.add} to add, ${counts.change} to change, ${counts.destroy} to destroy`;
  write("change_summary", message, { changes: changeCounts(counts, "plan") });
}

function changeCounts(counts: { add: number; change: number; destroy: number }, operation: string): Fields {
  return { add: counts.add, change: counts.change, import: 0, remove: counts.destroy, operation };
}

function resource(address: Change["address"]): Fields {
  return {
    addr: address,
    module: "",
    resource: address,
    resource_type: addressKind(address),
    resource_name: addressName(address),
    resource_key: null,
  };
}
