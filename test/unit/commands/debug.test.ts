import assert from "node:assert/strict";
import { test } from "node:test";
import { phaseValue } from "../../../src/commands/phase-value.ts";
import { openSession } from "../../../src/index.ts";
import { guests } from "../../crash/guests.ts";
import { applied, configOf, createWorld } from "../../crash/world.ts";
import type { Machine } from "../../fake-host/machine.ts";
import { runMain } from "./run-main.ts";

async function openOn(machine: Machine) {
  const { config, warnings } = await configOf(guests());
  const surroundings = { runner: { root: true, dataHome: "/root/.local/share" }, lookUpSecret: () => undefined };
  return openSession({ config, diagnostics: warnings }, { ...surroundings, openHost: async () => machine.boot() });
}

/** What the command prints. */
async function printed(machine: Machine, phase: string): Promise<string> {
  await using session = await openOn(machine);
  return JSON.stringify(await phaseValue(phase, session));
}

test("each phase is printed as JSON", async () => {
  const machine = createWorld();
  await applied(machine, guests());
  const { facts, states, complete } = JSON.parse(await printed(machine, "observe"));
  assert.equal(complete, true);
  assert.equal(facts.arch, "x86_64");
  assert.ok(Object.keys(states).includes("domain/web"));
  const desired: { address: string; spec: Record<string, unknown> }[] = JSON.parse(await printed(machine, "desired"));
  assert.deepEqual(
    desired.map(({ address }) => address),
    ["image/debian", "disk/web.root", "seed/web", "domain/web"],
  );
  assert.match(JSON.stringify(desired.at(-1)?.spec), /"vcpus":1/);
  const plan = JSON.parse(await printed(machine, "plan"));
  assert.deepEqual([plan.host, plan.changes, plan.complete], ["localhost", [], true]);
});

test("a phase that does not exist is an error that names those that do", async (t) => {
  for (const argv of [["debug"], ["debug", "nothing"]]) {
    const { code, stdout, stderr } = await runMain(t, argv, { "virtform.yaml": guests() });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /observe\|desired\|plan|observe, desired/);
  }
});
