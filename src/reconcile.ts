import { askConsent, asks, type ConsentOptions } from "./ask-consent.ts";
import { decide, look, lookOnly } from "./decide.ts";
import { apply } from "./engine/apply.ts";
import { type AllowDestroy, withConsent } from "./engine/consent.ts";
import { hookFailed, inOrder } from "./engine/event-hook.ts";
import { interruptedActions, openJournal } from "./engine/journal.ts";
import { keepRates } from "./engine/keep-rates.ts";
import { createMeter } from "./engine/meter.ts";
import { findMovedSince } from "./engine/moved.ts";
import { addNotes } from "./engine/notes.ts";
import { findStale, isSeenFor } from "./engine/stale.ts";
import { unseenPlan } from "./engine/unseen-plan.ts";
import { type HostResult, hostsTogether, type Seat } from "./hosts-together.ts";
import { allDone } from "./model/all-done.ts";
import type { Context } from "./model/context.ts";
import type { Diagnostic } from "./model/diagnostic.ts";
import { CodedError, UserError, userError } from "./model/errors.ts";
import type { ImageEvent } from "./model/image-event.ts";
import type { Observed } from "./model/kind.ts";
import { combinePlans } from "./model/on-host.ts";
import { type Plan, plansOfHosts } from "./model/plan.ts";
import { usualParallelism } from "./model/usual-parallelism.ts";
import { withoutUndefined } from "./model/without-undefined.ts";
import type { Reconciliation, Shown } from "./reconciliation.ts";

/** How an apply may go about it. */
export interface ApplyOptions extends ConsentOptions {
  /** Actions that run at the same time. Absent: as many as suit each host. */
  readonly parallelism?: number;
  readonly lockTimeoutMs: number;
  readonly stop: AbortSignal;
}

/** How an apply ended, with the plan for all hosts. */
export interface ApplyResult extends HostResult {
  readonly plan: Plan;
}

/**
 * Looks at each host and decides what to do. Takes no lock and writes nothing. A host that does not answer has an incomplete plan. `seen`: how a
 * host is looked at.
 */
export async function plan<Config>(
  runs: readonly Reconciliation<Config>[],
  seen: (run: Reconciliation<Config>) => Promise<Observed> = lookOnly,
): Promise<Plan> {
  const plans = await Promise.all(runs.map((run) => planOfHost(run, seen)));
  const [only] = plans;
  return only !== undefined && !runs.some(({ qualified }) => qualified) ? only : combinePlans(plans);
}

async function planOfHost<Config>(run: Reconciliation<Config>, seen: (run: Reconciliation<Config>) => Promise<Observed>): Promise<Plan> {
  try {
    return decide(run, await seen(run));
  } catch (error) {
    if (!(error instanceof CodedError) || (error instanceof UserError && !run.qualified)) throw error;
    return unseen(run, error);
  }
}

function unseen<Config>({ name, context, warnings }: Reconciliation<Config>, error: CodedError): Plan {
  const { uri, instancesPath } = context.settings;
  return unseenPlan({ host: name, project: context.project, target: { uri, instancesPath } }, [...warnings, ...error.diagnostics]);
}

/** Locks, looks and plans on each host, asks for consent to all of it, and applies. */
export async function reconcile<Config>(runs: readonly Reconciliation<Config>[], options: ApplyOptions): Promise<ApplyResult> {
  refuseReaders(runs);
  const members = runs.map((run) => ({
    name: run.name,
    qualified: run.qualified,
    place: `${run.context.settings.uri} ${run.name}`,
    unseen: (error: CodedError) => unseen(run, error),
  }));
  const emit = options.reporter.event.bind(options.reporter);
  return hostsTogether(members, { emit, consent: (question) => askConsent(question, options) }, (place, seat) =>
    reconcileHost(runs[place] as Reconciliation<Config>, options, seat),
  );
}

/** A reader changes nothing, and makes no plan that another session could apply (Nova GLA-08, the guard of read-only contexts). */
export function refuseReaders(runs: readonly { readonly name: string; readonly context: Pick<Context, "settings"> }[]): void {
  const readers = runs.filter(({ context }) => context.settings.role === "reader").map(({ name }) => name);
  if (readers.length === 0) return;
  throw userError(
    "read-only-role",
    `This configuration only reads ${readers.join(", ")}`,
    "It has `host.role: reader`: sessions with it plan, and neither apply nor save plans. Use a configuration, or the value of a variable, with the role admin.",
  );
}

/** The part on one host. If its lock is lost, running actions are aborted and no others start. */
async function reconcileHost<Config>(run: Reconciliation<Config>, options: ApplyOptions, seat: Seat): Promise<HostResult> {
  const { context } = run;
  const { emit } = seat;
  const lock = {
    path: context.layout.lock(`apply-${context.project}`),
    purpose: `${run.mode.do === "destroy" ? "destroy" : "apply"} of project ${context.project}`,
    timeoutMs: options.lockTimeoutMs,
    signal: options.stop,
    onWait: (holder: string) => emit({ type: "waiting", holder }),
  };
  await seat.turn;
  return context.host.lock(lock, async (lost, endLock) => {
    seat.locked();
    const held = { ...context, signal: AbortSignal.any([context.signal, lost]) };
    const stop = AbortSignal.any([options.stop, lost]);
    const sweeps = run.mode.do !== "only" || run.mode.keepLeftovers !== true;
    // All at once: on a host elsewhere each turn is a round trip.
    const sweeping = (sweeps ? run.kinds : []).map(async (kind) => kind.sweep?.(held));
    // It never fails, and the look does not wait for it.
    const interrupting = interruptedActions(held);
    const [seen] = await allDone([Promise.resolve(run.room?.seen(held)), ...sweeping]);
    const saved = options.savedPlan === undefined ? undefined : savedPlanOf(options.savedPlan, run);
    const lookAndPlan = async () => {
      const [observed, interrupted] = await allDone([look({ ...run, context: held }), interrupting]);
      const made =
        saved === undefined
          ? addNotes(decide(run, observed), interrupted, [])
          : addNotes(
              { ...saved, complete: saved.complete && isSeenFor(saved, observed) },
              interrupted,
              contradictions(saved, run, observed),
            );
      return { observed, plan: withConsent(made, allowedOn(run, options.allowDestroy)) };
    };
    let shown = await lookAndPlan();
    const warns = { ...held, warn: (diagnostic: Diagnostic) => emit({ type: "diagnostic", diagnostic }) };
    await using claims = new AsyncDisposableStack();
    claims.use(
      await run.room?.claim(warns, seen ?? { text: "", device: "" }, shown, async () => {
        shown = await lookAndPlan();
        return shown;
      }),
    );
    const { observed, plan } = shown;
    const answer = await Promise.race([seat.agree(plan), rejectionOf(lost)]);
    if (answer === "nothing-to-do") await claimProject(run, held, observed, emit);
    if (answer !== "apply") return { verdict: answer, outcomes: [] };
    const moved = asks(options) ? await movedSince({ ...run, context: held }, { observed, plan }) : [];
    if (moved.length > 0) {
      for (const diagnostic of moved) emit({ type: "diagnostic", diagnostic });
      return { verdict: "refused", outcomes: [] };
    }
    const parallelism = options.parallelism ?? usualParallelism(plan);
    for (const kind of run.kinds) kind.prepare?.(held, plan.actions, parallelism);
    await claimProject(run, held, observed, emit);
    const { journals } = await interrupting;
    const journal = await openJournal(held, journals, (diagnostic) => emit({ type: "diagnostic", diagnostic }));
    const actionTypes = run.kinds.flatMap((kind) => kind.actions);
    const meter = createMeter(() => performance.now());
    const { places } = run;
    const outcomes = await apply(
      withoutUndefined({ plan, actionTypes, context: held, journal, meter, parallelism, places, stop, emit, hook: announcing(run) }),
    );
    const done = outcomes.every(({ status }) => status === "done");
    try {
      const settling = run.kinds.map(async (kind) => kind.settle?.(held));
      // The claimed room is in use by now, so its claims end at the same time: over ssh each step is a round trip.
      await allDone([keepRates(held, observed.facts.rates, meter.rates()), ...settling, claims.disposeAsync(), journal.halt()]);
      const isWholeDestroy = done && run.mode.do === "destroy" && run.targets.length === 0 && (run.exclude ?? []).length === 0;
      const claim = isWholeDestroy ? run.claim : undefined;
      if (endLock !== undefined && claim === undefined) {
        await journal.end(endLock);
      } else {
        await context.host.files.settle();
        await claim?.release(held);
        await journal.end();
      }
    } catch (error) {
      await journal.leave();
      throw error;
    }
    return { verdict: done ? "done" : "incomplete", outcomes };
  });
}

/** Records that the project is this configuration's, unless that is recorded. */
async function claimProject<Config>({ claim, mode }: Reconciliation<Config>, held: Context, { facts }: Observed, emit: Seat["emit"]) {
  if (mode.do !== "apply" || facts.project === undefined || facts.project.owner === facts.project.origin) return;
  await claim?.take({ ...held, warn: (diagnostic) => emit({ type: "diagnostic", diagnostic }) });
}

/** Hands the events of images to the program of the configuration. */
function announcing<Config>({ hook, name, context }: Reconciliation<Config>) {
  if (hook === undefined) return undefined;
  const ordered = inOrder(hook);
  return async (event: ImageEvent, signal: AbortSignal): Promise<Diagnostic | undefined> => {
    const why = await ordered({ ...event, at: context.host.now().toISOString(), host: name, project: context.project }, signal);
    return why === undefined ? undefined : hookFailed(event, why);
  };
}

/** Looks again: why the plan must no longer be carried out. */
async function movedSince<Config>(run: Reconciliation<Config>, shown: Shown): Promise<Diagnostic[]> {
  const observed = await look(run);
  return findMovedSince(run.kinds, shown, { observed, plan: decide(run, observed) });
}

/** The part of a saved plan that is for this host. Throws a UserError when there is none. */
function savedPlanOf<Config>(saved: Plan, { name, qualified }: Reconciliation<Config>): Plan {
  const found = qualified ? plansOfHosts(saved).find(({ host }) => host === name) : saved;
  if (found !== undefined) return found;
  throw userError(
    "stale-plan",
    `The saved plan has nothing for host ${name}`,
    "Nothing has been done there. Make a new plan, read it, and apply that one.",
  );
}

/** What was allowed in advance, in the addresses of one host. */
function allowedOn<Config>({ name, qualified }: Reconciliation<Config>, allowed: AllowDestroy): AllowDestroy {
  if (!qualified || allowed === "all") return allowed;
  return allowed.flatMap((address) => (address.startsWith(`${name}/`) ? [address.slice(name.length + 1)] : []));
}

/** Rejects when the signal is aborted: abandons the prompt once the lock is lost. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Why a saved plan must not be carried out. After an incomplete look it is that one: what was not seen would seem to be gone. */
function contradictions<Config>(saved: Plan, { kinds }: Reconciliation<Config>, observed: Observed): Diagnostic[] {
  if (isSeenFor(saved, observed)) return findStale(saved, kinds, observed);
  return observed.diagnostics.filter(({ severity }) => severity === "error");
}
