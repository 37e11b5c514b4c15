import type { ActionType } from "../model/action.ts";
import type { Context } from "../model/context.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { type Places, withPlaces } from "../model/diagnostic-places.ts";
import type { Event } from "../model/event.ts";
import { diagnosticsOf, failureDiagnostics } from "../model/failure-diagnostics.ts";
import type { ImageEvent } from "../model/image-event.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Plan, PlannedAction } from "../model/plan.ts";
import { allTaken } from "./event-hook.ts";
import type { Journal } from "./journal.ts";
import type { Meter } from "./meter.ts";

/** How a plan is carried out. */
interface ApplyRequest {
  readonly plan: Plan;
  readonly actionTypes: readonly ActionType[];
  readonly context: Context;
  readonly journal: Pick<Journal, "write" | "note">;
  /** Absent: nothing is measured. */
  readonly meter?: Meter;
  /** Finds the places of problems in the files of the configuration. Absent: they have none. */
  readonly places?: Places;
  /** How many actions run at the same time. */
  readonly parallelism: number;
  /** Aborted when the user asks to stop: what runs is finished, nothing new is started. */
  readonly stop: AbortSignal;
  readonly emit: (event: Event) => void;
  /** Gets each event of an image. Absent: no program does. */
  readonly hook?: (event: ImageEvent, signal: AbortSignal) => Promise<Diagnostic | undefined>;
}

/**
 * Carries out a plan, deciding nothing. After a failure what depends on it is skipped, what does not is finished, and
 * nothing is rolled back: looking again and planning again is how it goes on. Never throws for a failed action, not for a bug in one either.
 */
export async function apply(request: ApplyRequest): Promise<Outcome[]> {
  const { plan, context, journal, meter, emit, stop } = request;
  const started = Date.now();
  const types = new Map(request.actionTypes.map((actionType) => [actionType.type, actionType]));
  const outcomes = new Map<string, Outcome>();
  const waiting = new Set(plan.actions);
  const running = new Set<Promise<void>>();
  /** Of the actions that run. Another one under such a name starts later, and does not take a place among `parallelism` while it waits. */
  const locked = new Set<string>();
  /** Actions that run and are not idle. */
  let busy = 0;
  const hasPlace = ({ idle }: PlannedAction) => idle === true || busy < request.parallelism;
  emit({ type: "apply.start", plan, actions: plan.actions, parallelism: request.parallelism });

  let failed = false;
  const end = (action: PlannedAction, outcome: Outcome) => {
    outcomes.set(action.id, outcome);
    failed ||= outcome.status !== "done";
    emit({ type: "action.end", id: action.id, outcome });
  };
  const announced: Promise<void>[] = [];
  const giveUp = new AbortController();
  const notify = (id: string) => (image: ImageEvent) => {
    journal.note(image);
    emit({ type: "image", id, image });
    const told = request
      .hook?.(image, giveUp.signal)
      .then((trouble) => trouble !== undefined && emit({ type: "diagnostic", diagnostic: trouble }));
    if (told !== undefined) announced.push(told.then(() => undefined));
  };
  const carryOut = async (action: PlannedAction): Promise<void> => {
    emit({ type: "action.start", id: action.id });
    const started = Date.now();
    const record = (status: Outcome["status"], diagnostics: readonly Diagnostic[]): Outcome => ({
      action: action.id,
      status,
      milliseconds: Date.now() - started,
      diagnostics,
    });
    const about = (told: readonly Diagnostic[]): readonly Diagnostic[] => {
      const addressed = told.map((diagnostic) => ({ address: action.address, ...diagnostic }));
      return request.places === undefined ? addressed : withPlaces(addressed, request.places);
    };
    const warn = (given: Diagnostic) => {
      for (const diagnostic of about([given])) emit({ type: "diagnostic", diagnostic });
    };
    try {
      const actionType = types.get(action.type);
      if (actionType === undefined) throw new Error(`no action type ${action.type}`);
      journal.write({ action: action.id, status: "started" });
      meter?.start(action);
      await actionType.run({ ...context, warn, notify: notify(action.id) }, action.args, (progress) => {
        meter?.progress(action, progress);
        emit({ type: "action.progress", id: action.id, progress });
      });
      meter?.done(action);
      journal.write({ action: action.id, status: "done" });
      end(action, record("done", []));
    } catch (error) {
      const status = context.signal.aborted ? "cancelled" : "failed";
      // What throws because it was stopped is no bug.
      const diagnostics = about(status === "cancelled" ? (failureDiagnostics(error) ?? []) : diagnosticsOf(error));
      journal.write({ action: action.id, status, diagnostics });
      end(action, record(status, diagnostics));
    }
  };

  const mayStart = ({ after, locks }: PlannedAction) => after.every((id) => outcomes.has(id)) && !locks.some((lock) => locked.has(lock));

  while (waiting.size > 0 || running.size > 0) {
    for (const action of waiting) {
      // With thousands waiting, looking through all of them after each one that ends would take longer than doing them.
      if (busy >= request.parallelism && !stop.aborted && !failed) break;
      const broken = action.after.find((id) => outcomes.has(id) && outcomes.get(id)?.status !== "done");
      if (broken !== undefined) {
        waiting.delete(action);
        const because = outcomes.get(broken);
        const status = because?.status === "cancelled" ? "cancelled" : "skipped";
        end(action, { action: action.id, status, milliseconds: 0, diagnostics: [], because: because?.because ?? broken });
      } else if (stop.aborted) {
        waiting.delete(action);
        end(action, { action: action.id, status: "cancelled", milliseconds: 0, diagnostics: [] });
      } else if (hasPlace(action) && mayStart(action)) {
        waiting.delete(action);
        for (const lock of action.locks) locked.add(lock);
        const place = action.idle === true ? 0 : 1;
        busy += place;
        const run: Promise<void> = carryOut(action).finally(() => {
          running.delete(run);
          busy -= place;
          for (const lock of action.locks) locked.delete(lock);
        });
        running.add(run);
      }
    }
    if (running.size > 0) await Promise.race(running);
  }
  await allTaken(announced, { stop, end: context.signal, giveUp });
  const all = plan.actions.map((action) => outcomes.get(action.id)).filter((outcome) => outcome !== undefined);
  emit({ type: "apply.end", plan, outcomes: all, milliseconds: Date.now() - started });
  return all;
}
