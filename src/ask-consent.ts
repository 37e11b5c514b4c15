import { type AllowDestroy, destroysOf, missingConsent } from "./engine/consent.ts";
import { UserError } from "./model/errors.ts";
import type { Reporter } from "./model/event.ts";
import type { Plan } from "./model/plan.ts";
import { problem } from "./model/problem.ts";

/** What consent to a plan depends on. */
export interface ConsentOptions {
  readonly reporter: Reporter;
  readonly autoApprove: boolean;
  readonly allowDestroy: AllowDestroy;
  /** Carry out exactly this, unless the world has moved since. */
  readonly savedPlan?: Plan;
}

/** Whether a person is asked, which takes any time. */
export function asks({ autoApprove, savedPlan }: ConsentOptions): boolean {
  return !autoApprove && savedPlan === undefined;
}

/** Asks on a terminal; elsewhere only what was allowed in advance counts as consent. */
export async function askConsent(
  { shown, applied }: { readonly shown: Plan; readonly applied: Plan },
  options: ConsentOptions,
): Promise<boolean> {
  if (asks(options)) {
    const { confirm } = options.reporter;
    const destroys = destroysOf(applied).map(({ what }) => what);
    if (confirm === undefined) {
      const flags = destroys.length === 0 ? "--auto-approve" : "--auto-approve --allow-destroy";
      const save = applied.purpose === "destroy" ? "`virtform plan --destroy --out FILE`" : "`virtform plan --out FILE`";
      throw new UserError([
        problem("no-terminal", {
          summary: "There is no terminal to ask for consent",
          detail: `Nothing has been done. Read the plan, then run the same command with ${flags}, or save it with ${save} and apply the file${destroys.length === 0 ? "" : " with --allow-destroy"}.`,
        }),
      ]);
    }
    return confirm.call(options.reporter, { plan: shown, destroys });
  }
  const missing = missingConsent(applied, options.allowDestroy);
  if (missing !== undefined) throw new UserError([missing]);
  return true;
}
