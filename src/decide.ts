import { observe } from "./engine/observe.ts";
import { makePlan } from "./engine/plan.ts";
import type { Change } from "./model/change.ts";
import { withPlaces } from "./model/diagnostic-places.ts";
import type { Json } from "./model/json.ts";
import type { Observed } from "./model/kind.ts";
import { markKnown } from "./model/mark-known.ts";
import type { Plan } from "./model/plan.ts";
import type { HostSettings } from "./model/settings.ts";
import { withoutUndefined } from "./model/without-undefined.ts";
import type { Mode, Reconciliation } from "./reconciliation.ts";

/** Everything that is to be known before deciding. Read-only. */
export async function look<Config>(run: Reconciliation<Config>): Promise<Observed> {
  const observed = await observe(run.kinds, run.context, run.lookUpFacts(run.context));
  return { ...observed, diagnostics: [...run.warnings, ...observed.diagnostics] };
}

/** Everything on a host that is about to be planned for, and not changed. */
export function lookOnly<Config>(run: Reconciliation<Config>): Promise<Observed> {
  return look({ ...run, context: { ...run.context, looksOnly: true } });
}

/** Decides what to do about what was seen. Pure: neither the host nor files or the environment are read. */
export function decide<Config>(run: Reconciliation<Config>, observed: Observed): Plan {
  const { variables = [], sought, fingerprints = false } = run;
  const { project, settings } = run.context;
  const plan = makePlan({
    kinds: run.kinds,
    checks: run.checks,
    config: run.config,
    observed,
    host: run.name,
    qualified: run.qualified,
    project,
    target: targetOf(settings),
    targets: run.targets,
    exclude: run.exclude ?? [],
    replace: run.replace ?? [],
    ...withoutUndefined({ indexOf: run.indexOf, guard: run.guard }),
    mode: run.mode.do,
    fingerprints,
    extraChanges: furtherChanges(run.mode, observed),
  });
  const diagnostics = [...plan.diagnostics, ...(run.mode.do === "apply" ? [] : (run.mode.notes?.(observed) ?? []))];
  const { eventHook } = run.context.settings;
  return {
    ...plan,
    ...withoutUndefined({
      eventHook,
      sought: fingerprints ? sought : undefined,
      purpose: run.mode.do === "destroy" ? ("destroy" as const) : undefined,
      variables: variables.length === 0 ? undefined : variables,
    }),
    diagnostics: markKnown(run.places === undefined ? diagnostics : withPlaces(diagnostics, run.places), plan, run.places),
  };
}

function furtherChanges(mode: Mode, observed: Observed): readonly Change[] {
  if (mode.do === "only") return mode.changes(observed);
  return mode.do === "destroy" ? (mode.more?.(observed) ?? []) : [];
}

function targetOf({ uri, instancesPath, imageCacheName, drivers }: HostSettings): Plan["target"] {
  return {
    uri,
    instancesPath,
    ...(imageCacheName === undefined ? {} : { imageCacheName }),
    ...(drivers as Readonly<Record<string, Json>> | undefined),
  };
}
