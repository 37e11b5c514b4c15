import { makePlan } from "../../../src/engine/plan.ts";
import type { Config } from "../../../src/kinds/config.ts";
import { createChecks, createKinds } from "../../../src/kinds/index.ts";
import type { HostFacts } from "../../../src/model/host-facts.ts";
import type { Observed } from "../../../src/model/observed.ts";
import type { Plan } from "../../../src/model/plan.ts";
import type { HostSettings } from "../../../src/model/settings.ts";
import { hostFacts } from "../../support/host-facts.ts";
import { observedWith } from "../../support/observed.ts";

/** Root, whose guests are those of the system. */
export const runner = { root: true, dataHome: "/root/.local/share" };

/** A machine with room for everything. */
export function factsWith(drivers: HostFacts["drivers"] = {}, disk: Partial<HostFacts["disk"]> = {}): HostFacts {
  const facts = hostFacts({ drivers });
  return { ...facts, disk: { ...facts.disk, ...disk } };
}

/** What there is, and nothing else. */
export function observedOf(facts: HostFacts, states: ReadonlyMap<string, unknown> = new Map()): Observed {
  return observedWith(states, { facts });
}

/** The plan of project shop for what is observed. */
export function planFor(config: Config, settings: HostSettings, observed: Observed): Plan {
  return makePlan<Config>({
    kinds: createKinds(settings, () => undefined),
    checks: createChecks(settings),
    config,
    observed,
    host: "localhost",
    project: "shop",
    target: { uri: settings.uri, instancesPath: settings.instancesPath },
    targets: [],
    mode: "apply",
    fingerprints: false,
  });
}
