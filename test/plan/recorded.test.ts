import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decide } from "../../src/decide.ts";
import { hostSettings } from "../../src/kinds/host/settings.ts";
import { createChecks, createKinds } from "../../src/kinds/index.ts";
import type { Context } from "../../src/model/context.ts";
import type { Json } from "../../src/model/json.ts";
import { observedOfJson } from "../../src/model/observed.ts";
import { configOf } from "../crash/world.ts";
import { assertGolden } from "../support/golden.ts";
import { textOf } from "./text-of.ts";

const read = (name: string) => readFileSync(new URL(`recorded/${name}`, import.meta.url), "utf8");

/** What `virtform debug observe` printed on a host, and a configuration that was written for it since. */
test("a recorded host gives the same plan as the host", async () => {
  const { config, warnings } = await configOf(read("virtform.yaml"));
  const settings = hostSettings(config, { root: true, dataHome: "/root/.local/share" });
  const unavailable = () => assert.fail("a plan from what was recorded reads no secret and no host");
  const context: Context = {
    get host(): Context["host"] {
      return unavailable();
    },
    get layout(): Context["layout"] {
      return unavailable();
    },
    settings,
    project: config.project ?? "default",
    secret: unavailable,
    signal: new AbortController().signal,
  };
  const kinds = createKinds(settings, unavailable, config);
  const run = {
    name: "localhost",
    qualified: false,
    kinds,
    checks: createChecks(settings),
    config,
    context,
    lookUpFacts: unavailable,
    warnings,
    targets: [],
    mode: { do: "apply" } as const,
  };
  const plan = decide(run, observedOfJson(JSON.parse(read("observed.json")) as Json));
  assertGolden(new URL("recorded/plan.txt", import.meta.url), textOf(plan, "plan"));
});
