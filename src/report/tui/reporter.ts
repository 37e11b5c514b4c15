import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Event, Reporter } from "../../model/event.ts";
import { applicablePlans, type Plan } from "../../model/plan.ts";
import { applySummaryLines } from "../apply-summary.ts";
import { changingCommands } from "../changing-commands.ts";
import { formatDiagnostics, formatPlanDiagnostics } from "../diagnostics.ts";
import { fitLines } from "../fit-lines.ts";
import { nextSteps } from "../next-steps.ts";
import type { ReporterOptions } from "../options.ts";
import { planBody, planClosing } from "../plan-text.ts";
import { type Line, paint, span } from "../style.ts";
import { showPlan } from "../text.ts";
import { showResult } from "../text-result.ts";
import { applyViewLines } from "./apply-lines.ts";
import { type ApplyViewEvent, openApplyView, reduceApplyView } from "./apply-view.ts";
import { keepHeapSmall } from "./keep-heap-small.ts";
import type { Key } from "./keys.ts";
import { type Mounted, mount, sizeOf } from "./mount.ts";
import { openPlanView, type PlanViewEvent, type PlanViewState, planViewLines, reducePlanView } from "./plan-view.ts";

/** Between two frames while an apply runs; more often than this is too fast to read. */
const frameEveryMs = 200;

/**
 * The terminal interface: the plan as a tree with its question, then the actions as they run; of a command that only plans, the plan to be looked
 * at. Each leaves the terminal when it is over; the plan as text and the summary stay in the scrollback.
 */
export function createTuiReporter(options: ReporterOptions): Reporter {
  const { stdout, stderr, color, command } = options;
  const small = keepHeapSmall();
  const now = () => (options.now?.() ?? new Date()).getTime();
  const interrupt = options.onInterrupt ?? (() => process.kill(process.pid, "SIGINT"));
  const say = (...lines: readonly Line[]) => stderr.write(paint(lines, color));
  /** Seen, but not yet shown in any form. */
  let unseen: Plan | undefined;
  /** Said while a view had the terminal. */
  const held: Diagnostic[] = [];
  let cancelQuestion: (() => void) | undefined;
  let running: ReturnType<typeof startApplyView> | undefined;
  const ending: Promise<void>[] = [];
  /** The command makes a plan only to be looked at. */
  const browses = changingCommands[command] === undefined;

  const report = (diagnostics: readonly Diagnostic[]) => {
    if (running === undefined && cancelQuestion === undefined) stderr.write(formatDiagnostics(diagnostics, { color }));
    else held.push(...diagnostics);
  };
  const showUnseen = () => {
    if (unseen !== undefined) showPlan(unseen, options);
    unseen = undefined;
  };

  const confirm: NonNullable<Reporter["confirm"]> = async ({ plan, destroys }) => {
    unseen = undefined;
    if (plan.diagnostics.length > 0) stderr.write(formatPlanDiagnostics(plan.diagnostics, options));
    const onOpen = (cancel: () => void) => {
      cancelQuestion = cancel;
    };
    const answer = await view(plan, destroys.length, "ask", options, { interrupt, onOpen });
    cancelQuestion = undefined;
    stdout.write(paint(fitLines([...planBody(plan, options), ...planClosing(plan, command)], stdout), color));
    if (!answer) say([span("Not confirmed: nothing has been done.")]);
    return answer;
  };

  const event = (event: Event): void => {
    switch (event.type) {
      case "waiting":
        say([span(`Waiting for ${event.holder}.`)]);
        return;
      case "diagnostic":
        report([event.diagnostic]);
        return;
      case "failed":
        report(event.diagnostics);
        return;
      case "result":
        showResult(event.result, options);
        return;
      case "plan":
        unseen = event.plan;
        if (browses) return;
        if (applicablePlans(event.plan).length === 0) showUnseen();
        return;
      case "apply.start":
        showUnseen();
        running = startApplyView(event, options, now, interrupt);
        return;
      case "apply.stopping":
        cancelQuestion?.();
        running?.dispatch(event);
        return;
      case "apply.end": {
        if (running !== undefined) ending.push(running.end());
        running = undefined;
        const { plan, outcomes, milliseconds } = event;
        if (held.length > 0) stderr.write(formatDiagnostics(held.splice(0), { color }));
        stdout.write(paint([[], ...applySummaryLines(plan, outcomes, { command, milliseconds, width: sizeOf(options).columns })], color));
        return;
      }
      case "guests.started":
        stdout.write(paint(fitLines(nextSteps(event), stdout), color));
        return;
      default:
        running?.dispatch(event);
    }
  };

  const close = async () => {
    cancelQuestion?.();
    if (running !== undefined) ending.push(running.end());
    running = undefined;
    await Promise.all(ending);
    if (browses && unseen !== undefined && unseen.changes.length > 0) await browsePlan(unseen, options);
    small[Symbol.dispose]();
    showUnseen();
    if (held.length > 0) stderr.write(formatDiagnostics(held.splice(0), { color }));
  };

  return { event, ...(options.interactive ? { confirm } : {}), close };
}

/** Shows the plan until it is answered. `onOpen` is given what answers "no" from outside. */
async function view(
  plan: Plan,
  destroys: number,
  purpose: PlanViewState["purpose"],
  options: ReporterOptions,
  { interrupt, onOpen }: { readonly interrupt: () => void; readonly onOpen: (cancel: () => void) => void },
): Promise<boolean> {
  const { command, each = false } = options;
  let state = openPlanView(plan, { command, destroys, size: sizeOf(options), purpose, each });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const dispatch = (event: PlanViewEvent) => {
    state = reducePlanView(state, event);
    if (state.answer === undefined) mounted.show(planViewLines(state));
    else resolve(state.answer);
  };
  const mounted: Mounted = mount(options, planViewLines(state), {
    key: (key) => {
      dispatch({ type: "key", key });
      if (key.name === "interrupt") interrupt();
    },
    resize: (size) => dispatch({ type: "resize", size }),
  });
  onOpen(() => resolve(false));
  const answer = await promise;
  await mounted.unmount();
  return answer;
}

/** Shows a plan until the user has seen enough of it. */
function browsePlan(plan: Plan, options: ReporterOptions): Promise<unknown> {
  return view(plan, 0, "browse", options, { interrupt: () => {}, onOpen: () => {} });
}

/** Shows the actions until `end` is called. The rate of frames does not depend on the rate of events. */
function startApplyView(
  event: Extract<Event, { type: "apply.start" }>,
  options: ReporterOptions,
  now: () => number,
  interrupt: () => void,
) {
  let state = openApplyView(event, options.command, sizeOf(options), now());
  const show = () => mounted.show(applyViewLines(state, now()));
  const dispatch = (event: ApplyViewEvent) => {
    state = reduceApplyView(state, event, now());
  };
  const mounted: Mounted = mount(options, applyViewLines(state, now()), {
    key: (key: Key) => {
      dispatch({ type: "key", key });
      if (key.name === "interrupt") interrupt();
      show();
    },
    resize: (size) => {
      dispatch({ type: "resize", size });
      show();
    },
  });
  const timer = setInterval(show, options.frameEveryMs ?? frameEveryMs);
  const end = () => {
    clearInterval(timer);
    return mounted.unmount();
  };
  return { dispatch, end };
}
