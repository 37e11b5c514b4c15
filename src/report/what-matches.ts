import { hasDriftWhileRunning, type Plan } from "../model/plan.ts";
import { changingCommands } from "./changing-commands.ts";

/** What a plan without changes says, as a sentence. `drift --pending` fails where a guest waits, so drift does not say that everything matches then. */
export function whatMatches(plan: Plan, command: string): string {
  const nothing = changingCommands[plan.purpose ?? command]?.nothing;
  if (nothing !== undefined) return nothing;
  if (hasDriftWhileRunning(plan)) return "What is stored matches the configuration; a running guest differs.";
  if (plan.excluded !== undefined) return "All included objects match the configuration.";
  const { length } = plan.pending;
  if (command !== "drift" || length === 0) return "The host matches the configuration.";
  return `What is stored matches the configuration; ${length === 1 ? "1 guest waits" : `${length} guests wait`} for a restart.`;
}
