import type { Event, Reporter } from "../model/event.ts";
import type { Plan, PlannedAction } from "../model/plan.ts";
import { applySummaryLines } from "./apply-summary.ts";
import { ask, type Question } from "./ask.ts";
import { formatDiagnostics, formatPlanDiagnostics } from "./diagnostics.ts";
import { fitLines } from "./fit-lines.ts";
import { nextSteps } from "./next-steps.ts";
import type { ReporterOptions } from "./options.ts";
import { type Pace, paceAfter } from "./pace.ts";
import { planBody, planClosing } from "./plan-text.ts";
import { endLine, progressLine, startLine } from "./progress-text.ts";
import { count } from "./quantities.ts";
import { type Line, paint, span } from "./style.ts";
import { showResult } from "./text-result.ts";

/** Between two lines about the progress of the same action. */
const progressEveryMs = 5000;

/** Plain text: the plan and the summary on standard output, everything else on standard error. */
export function createTextReporter(options: ReporterOptions): Reporter {
  const { stdout, stderr, color, command } = options;
  const now = () => (options.now?.() ?? new Date()).getTime();
  const actions = new Map<string, PlannedAction>();
  const reported = new Map<string, { readonly started: number; last: number; pace?: Pace; retry?: number | undefined }>();
  let question: Question | undefined;
  const say = (...lines: readonly Line[]) => stderr.write(paint(lines, color));

  const event = (event: Event): void => {
    switch (event.type) {
      case "waiting":
        say([span(`Waiting for ${event.holder}.`)]);
        return;
      case "diagnostic":
        stderr.write(formatDiagnostics([event.diagnostic], { color }));
        return;
      case "failed":
        stderr.write(formatDiagnostics(event.diagnostics, { color }));
        return;
      case "result":
        showResult(event.result, options);
        return;
      case "plan":
        showPlan(event.plan, options);
        return;
      case "apply.start":
        for (const action of event.actions) actions.set(action.id, action);
        return;
      case "action.start": {
        const action = actions.get(event.id);
        reported.set(event.id, { started: now(), last: now() });
        if (action !== undefined) say(startLine(action));
        return;
      }
      case "action.progress": {
        const action = actions.get(event.id);
        const seen = reported.get(event.id);
        const time = now();
        if (action === undefined || seen === undefined) return;
        seen.pace = paceAfter(seen.pace, event.progress, time);
        const attempt = event.progress.retry?.attempt;
        // A further try is said at once.
        const isNew = attempt !== undefined && attempt !== seen.retry;
        seen.retry = attempt;
        if (!isNew && time - seen.last < progressEveryMs) return;
        seen.last = time;
        say(progressLine(action, event.progress, time - seen.started, seen.pace));
        return;
      }
      case "action.end": {
        const action = actions.get(event.id);
        if (action !== undefined) say(...endLine(action, event.outcome));
        return;
      }
      case "apply.stopping":
        if (question !== undefined) question.cancel();
        else say([span("Stopping after running actions finish. Press Ctrl-C again to abort now.", "warning")]);
        return;
      case "apply.end": {
        const { plan, outcomes, milliseconds } = event;
        stdout.write(paint(fitLines([[], ...applySummaryLines(plan, outcomes, { command, milliseconds })], stdout), color));
        return;
      }
      case "guests.started":
        stdout.write(paint(fitLines(nextSteps(event), stdout), color));
        return;
    }
  };

  const confirm: NonNullable<Reporter["confirm"]> = async ({ destroys }) => {
    const verb = command === "destroy" ? "Destroy all of this" : "Apply these changes";
    const warning: Line[] =
      destroys.length === 0
        ? []
        : [[span(`The data of ${count(destroys.length, "object")} will be permanently deleted, as listed above.`, "remove")]];
    say([], ...warning);
    question = ask(`${verb}? Type "yes" to continue: `, options.stdin ?? process.stdin, stderr);
    const answer = await question.answer;
    question = undefined;
    if (answer === "yes") {
      say([]);
      return true;
    }
    say(...(answer === undefined ? [[]] : []), [span("Not confirmed: nothing has been done.")]);
    return false;
  };

  return { event, ...(options.interactive ? { confirm } : {}), close: async () => {} };
}

/** Writes the plan to standard output, and its diagnostics to standard error just before the closing line. */
export function showPlan(
  plan: Plan,
  options: Pick<ReporterOptions, "stdout" | "stderr" | "color" | "command" | "each" | "warnings">,
): void {
  const { stdout, stderr, color, command } = options;
  stdout.write(paint(fitLines(planBody(plan, options), stdout), color));
  if (plan.diagnostics.length > 0) stderr.write(formatPlanDiagnostics(plan.diagnostics, options));
  stdout.write(paint(fitLines(planClosing(plan, command), stdout), color));
}
