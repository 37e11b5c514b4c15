import type { Diagnostic } from "../model/diagnostic.ts";
import type { Event } from "../model/event.ts";
import type { Outcome } from "../model/outcome.ts";
import { isErrored, type Plan } from "../model/plan.ts";

/** A whole run, for reports that are written when it has ended. */
export interface RunRecord {
  /** The plan that was shown last. */
  readonly plan?: Plan;
  /** The files of a validated configuration. */
  readonly files?: readonly string[];
  /** What was reported outside of the plan, in order. */
  readonly diagnostics: readonly Diagnostic[];
  /** How the actions ended; absent if none was started. */
  readonly outcomes?: readonly Outcome[];
  /** How long the actions took; 0 if none was started. */
  readonly milliseconds: number;
}

/** A record to which nothing has happened yet. */
export const emptyRecord: RunRecord = { diagnostics: [], milliseconds: 0 };

/** The record after one more event. Pure. */
export function recordEvent(record: RunRecord, event: Event): RunRecord {
  switch (event.type) {
    case "plan":
      return { ...record, plan: event.plan };
    case "diagnostic":
      return { ...record, diagnostics: [...record.diagnostics, event.diagnostic] };
    case "failed":
      return { ...record, diagnostics: [...record.diagnostics, ...event.diagnostics] };
    case "result":
      return event.result.kind === "validation"
        ? { ...record, files: event.result.files, diagnostics: [...record.diagnostics, ...event.result.diagnostics] }
        : record;
    case "apply.end":
      return { ...record, plan: event.plan, outcomes: event.outcomes, milliseconds: event.milliseconds };
    default:
      return record;
  }
}

/** Every problem of a run: those of the plan, those outside of it, and those of failed actions with the address of the action. */
export function recordedDiagnostics({ plan, diagnostics, outcomes = [] }: RunRecord): readonly Diagnostic[] {
  const addresses = new Map(plan?.actions.map(({ id, address }) => [id, address]));
  const failures = outcomes.flatMap(({ action, diagnostics }) => {
    const address = addresses.get(action);
    return diagnostics.map((one) => (address === undefined ? one : { address, ...one }));
  });
  return [...(plan?.diagnostics ?? []), ...diagnostics, ...failures];
}

/** Whether the run found out what it was for. A run that ended before it had anything to show did not. */
export function succeeded(record: RunRecord): boolean {
  const { plan, files, outcomes = [] } = record;
  if (plan === undefined && files === undefined) return false;
  const failed = outcomes.some(({ status }) => status !== "done");
  return !failed && !(plan !== undefined && isErrored(plan)) && !record.diagnostics.some(({ severity }) => severity === "error");
}
