import { observe } from "../engine/observe.ts";
import { plan } from "../reconcile.ts";
import { runsOf } from "../runs-of.ts";
import type { HostSession, Session } from "../session.ts";
import { profileJson } from "./host-profile.ts";

/** The phases of a plan that can be printed. */
export const phases = ["observe", "desired", "plan"] as const;

/** What one phase of a plan knows or decides, as plain data. Of several hosts: that of each, by its name in `hosts`; a plan is one for all. */
export async function phaseValue(phase: string, session: Session): Promise<unknown> {
  if (phase === "plan") return plan(runsOf(session, { targets: [], mode: () => ({ do: "apply" }) }));
  const values = await Promise.all(session.hosts.map(async (host) => [host.name, await valueOfHost(phase, host)] as const));
  const [only] = values;
  return only !== undefined && values.length === 1 ? only[1] : { hosts: Object.fromEntries(values) };
}

async function valueOfHost(phase: string, host: HostSession): Promise<unknown> {
  const observed = await observe(host.kinds, host.context, host.lookUpFacts(host.context));
  if (phase === "observe") return profileJson(observed, host);
  return host.kinds.flatMap((kind) => kind.desired(host.config, observed.facts));
}
