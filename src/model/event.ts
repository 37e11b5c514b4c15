import type { ActionProgress } from "./action.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { ImageEvent } from "./image-event.ts";
import type { Outcome } from "./outcome.ts";
import type { Plan, PlannedAction } from "./plan.ts";
import type { Result } from "./result.ts";
import type { StartedGuest } from "./started-guest.ts";

/** Everything a run has to say. Every form of output is made from this one stream. */
export type Event =
  /** Another process holds the lock; this one waits. */
  | { readonly type: "waiting"; readonly holder: string }
  | { readonly type: "diagnostic"; readonly diagnostic: Diagnostic }
  | { readonly type: "plan"; readonly plan: Plan }
  | { readonly type: "apply.start"; readonly plan: Plan; readonly actions: readonly PlannedAction[]; readonly parallelism: number }
  | { readonly type: "action.start"; readonly id: string }
  | { readonly type: "action.progress"; readonly id: string; readonly progress: ActionProgress }
  | { readonly type: "action.end"; readonly id: string; readonly outcome: Outcome }
  /** A step in the life of an image, by the action of this id. */
  | { readonly type: "image"; readonly id: string; readonly image: ImageEvent }
  /** What a command other than a plan or an apply found out. */
  | { readonly type: "result"; readonly result: Result }
  /** The command ends here with exit code 1, for these reasons. */
  | { readonly type: "failed"; readonly diagnostics: readonly Diagnostic[] }
  /** The user asked to stop: running actions finish, nothing new starts. */
  | { readonly type: "apply.stopping" }
  | { readonly type: "apply.end"; readonly plan: Plan; readonly outcomes: readonly Outcome[]; readonly milliseconds: number }
  /** After a complete apply: the guests that it made and started. `before` and `behind`: the words around a command that reach the same configuration. */
  | {
      readonly type: "guests.started";
      readonly guests: readonly StartedGuest[];
      readonly before: readonly string[];
      readonly behind: readonly string[];
    };

/** Shows a run. `confirm` is absent without a terminal to ask. */
export interface Reporter {
  event(event: Event): void;
  /** Asks for consent to the plan last shown. */
  confirm?(question: { readonly plan: Plan; readonly destroys: readonly string[] }): Promise<boolean>;
  close(): Promise<void>;
}
