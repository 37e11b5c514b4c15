import type { Address } from "./address.ts";
import type { Context } from "./context.ts";
import type { Cost } from "./cost.ts";
import type { Effect } from "./effect.ts";
import type { Fact, FactType } from "./fact.ts";
import type { Json } from "./json.ts";

export type { Fact } from "./fact.ts";

/** One step of a plan as plain data. `type` selects the code that performs it. */
export interface Action {
  /** `<address>#<verb>`: the same in every plan of the same change. */
  readonly id: string;
  readonly type: string;
  readonly address: Address;
  /** A short line for people, present tense: `create 20GiB qcow2 overlay`. */
  readonly summary: string;
  readonly args: Json;
  readonly needs: readonly Fact[];
  readonly makes: readonly Fact[];
  /**
   * Kept apart within this process: taken by the executor in sorted order, before the action runs. What other processes share, base
   * images, an action locks on the host itself, one at a time and within these.
   */
  readonly locks: readonly string[];
  readonly effect: Effect;
  /** Data that is permanently deleted, in words: `20GiB disk web-0.root`. An action that has this needs consent. */
  readonly destroys?: string;
  /** Left out where the same plan restarts the guest, which has the same result. */
  readonly withoutRestart?: true;
  /** It only waits, so it takes no place among the actions that run at the same time. */
  readonly idle?: true;
  /** What it moves and takes, for the forecast. Absent: next to nothing. */
  readonly cost?: Cost;
}

/** How far a running action is. `total` is absent while it is not known. */
export interface ActionProgress {
  readonly done: number;
  readonly total?: number | undefined;
  /** What the bytes are: `download`, `convert`. */
  readonly phase?: string;
  /** It moves no bytes and waits for conditions, of which `done` are so: what the others lack, in words. */
  readonly waits?: string;
  /** A transfer that failed is tried again: which try this is, of how many at most in a row, and why the one before ended. */
  readonly retry?: Retry;
}

/** A further try of a transfer. */
export interface Retry {
  readonly attempt: number;
  /** Absent: the time is limited, and not the number. */
  readonly of?: number;
  readonly because: string;
}

/** Called by a running action as often as it likes; the receiver throttles. */
export type ReportProgress = (progress: ActionProgress) => void;

/** What a type of action does. Performing it twice must be harmless, and killing it anywhere must leave nothing trusted that is half made. */
export interface ActionType {
  readonly type: string;
  /** All types of facts that actions of this type may make. */
  readonly makes: readonly FactType[];
  readonly run: (context: Context, args: Json, report: ReportProgress) => Promise<void>;
}

/** Binds the arguments' type where an action type is defined; plans hold them as plain JSON. `makes`: every type of fact that it may make. */
export function defineAction<Args>(
  type: string,
  makes: readonly FactType[],
  run: (context: Context, args: Args, report: ReportProgress) => Promise<void>,
): ActionType {
  return { type, makes, run: (context, args, report) => run(context, args as Args, report) };
}
