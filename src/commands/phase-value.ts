import { observe } from "../engine/observe.ts";
import { plan } from "../reconcile.ts";
import { runsOf } from "../runs-of.ts";
import { onlyHost, type Session } from "../session.ts";
import { profileJson } from "./host-profile.ts";

/** The phases of a plan that can be printed. */
export const phases = ["observe", "desired", "plan"] as const;

/** What one phase of a plan knows or decides, as plain data. */
export async function phaseValue(phase: string, session: Session): Promise<unknown> {
  if (phase === "plan") return plan(runsOf(session, { targets: [], mode: () => ({ do: "apply" }) }));
  const host = onlyHost(session);
  const observed = await observe(host.kinds, host.context, host.lookUpFacts(host.context));
  if (phase === "observe") return profileJson(observed, host);
  return host.kinds.flatMap((kind) => kind.desired(host.config, observed.facts));
}
