import { createMeeting } from "./engine/meeting.ts";
import { type OneStream, oneStream } from "./engine/one-stream.ts";
import { CodedError } from "./model/errors.ts";
import type { Event } from "./model/event.ts";
import { failureDiagnostics } from "./model/failure-diagnostics.ts";
import { combinePlans, onHost } from "./model/on-host.ts";
import type { Outcome } from "./model/outcome.ts";
import { applicablePlans, canApply, hasChanges, type Plan } from "./model/plan.ts";

/** How an apply ended. */
export type Verdict = "nothing-to-do" | "done" | "incomplete" | "declined" | "refused";

/** How the apply ended on one host. */
export interface HostResult {
  readonly verdict: Verdict;
  readonly outcomes: readonly Outcome[];
}

/** What the part of a run on one host has of the others. */
export interface Seat {
  /** Resolves when the host may be locked. Hosts are locked one after another and always in the same order, so that two runs never wait for each other. */
  readonly turn: Promise<void>;
  /** Says that the host is locked. */
  locked(): void;
  /** Brings the plan of this host, and waits for the answer to the plans of all: to apply it, or how the run ends here. */
  agree(plan: Plan): Promise<"apply" | Verdict>;
  emit(event: Event): void;
}

/** One host, for the rest of the run. */
interface Member {
  readonly name: string;
  /** Its name is part of the addresses in output. */
  readonly qualified: boolean;
  /** Orders the locks. */
  readonly place: string;
  /** The plan of a host that could not be looked at. */
  readonly unseen: (error: CodedError) => Plan;
}

/** What happens once for all hosts. */
interface Common {
  emit(event: Event): void;
  /** Asks about what will be applied; `shown` also has what will not. */
  consent(question: { readonly shown: Plan; readonly applied: Plan }): Promise<boolean>;
}

/**
 * Runs the same work on every host at once, with one plan, one question and one stream of events for all. A host that fails is a problem
 * of that host as long as its name is in the output; otherwise, and for a bug, the run fails.
 */
export async function hostsTogether(
  members: readonly Member[],
  { emit, consent }: Common,
  work: (place: number, seat: Seat) => Promise<HostResult>,
): Promise<HostResult & { readonly plan: Plan }> {
  let shown: Plan | undefined;
  let stream: OneStream | undefined;
  const combined = (plans: readonly Plan[]) => (members.some(({ qualified }) => qualified) ? combinePlans(plans) : plans[0]) as Plan;

  const meeting = createMeeting(members.length, async (plans: readonly Plan[]): Promise<readonly ("apply" | Verdict)[]> => {
    shown = combined(plans);
    emit({ type: "plan", plan: shown });
    const applied = applicablePlans(shown);
    const agreed = applied.length > 0 && (await consent({ shown, applied: combined(applied) }));
    stream = oneStream(applied, emit);
    return plans.map((plan) => {
      if (!canApply(plan)) return "refused";
      return !hasChanges(plan) ? "nothing-to-do" : agreed ? "apply" : "declined";
    });
  });

  const turns = new Map(members.map((member) => [member, Promise.withResolvers<void>()]));
  const order = members.toSorted((one, other) => (one.place < other.place ? -1 : 1));
  const run = async (member: Member, place: number): Promise<HostResult> => {
    const previous = order[order.indexOf(member) - 1];
    const locked = () => turns.get(member)?.resolve();
    const say = (event: Event) => (member.qualified ? stream?.of(member.name)(event) : emit(event));
    const turn = (previous && turns.get(previous)?.promise) ?? Promise.resolve();
    const agree = async (plan: Plan) => (await meeting.attend(place, plan))[place] ?? "refused";
    const beforehand = (event: Event) => emit(event.type === "waiting" ? { ...event, holder: `${event.holder} on ${member.name}` } : event);
    try {
      return await work(place, {
        turn,
        locked,
        agree,
        emit: (event) => (member.qualified && stream === undefined ? beforehand(event) : say(event)),
      });
    } catch (error) {
      locked();
      if (!member.qualified || !(error instanceof CodedError) || error === meeting.failure?.error) {
        meeting.abandon(error);
        throw error;
      }
      if (!meeting.attended(place)) {
        await agree(member.unseen(error));
        return { verdict: "refused", outcomes: [] };
      }
      for (const diagnostic of failureDiagnostics(error) ?? [])
        emit({ type: "diagnostic", diagnostic: onHost(member.name).diagnostic(diagnostic) });
      return { verdict: "incomplete", outcomes: [] };
    }
  };

  const settled = await Promise.allSettled(members.map(run));
  const results = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = settled.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw meeting.failure?.error ?? failed.reason;
  if (shown === undefined) throw new Error("a run without hosts");
  const [first] = results;
  if (shown.hosts === undefined && first !== undefined) return { ...first, plan: shown };
  return {
    plan: shown,
    verdict: verdictOfAll(results.map(({ verdict }) => verdict)),
    outcomes: (stream as OneStream | undefined)?.end() ?? [],
  };
}

/** Done when everything is done that there was to do; otherwise incomplete as soon as one host has applied something. */
function verdictOfAll(verdicts: readonly Verdict[]): Verdict {
  const seen = new Set(verdicts.filter((verdict) => verdict !== "nothing-to-do"));
  if (seen.size === 0) return "nothing-to-do";
  if (seen.size === 1) return [...seen][0] as Verdict;
  return seen.has("declined") ? "declined" : "incomplete";
}
