import assert from "node:assert/strict";
import { test } from "node:test";
import { restartChanges } from "../../src/kinds/guest/restart.ts";
import type { Machine } from "../fake-host/machine.ts";
import { guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

const web = (shutdown: string, power: "running" | "stopped" = "running") => guests({ power, more: `    shutdown: ${shutdown}\n` });
const plan = async (machine: Machine, yaml: string) => planOf(await runOn(machine.boot(), yaml));
const domain = (machine: Machine) => machine.libvirtd.find("web");

/** A world with a running guest that ignores its power button. */
async function withDeafGuest(shutdown: string): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, web(shutdown));
  machine.libvirtd.deaf.add("web");
  return machine;
}

test("a guest that does not shut down in time is powered off, where that is allowed; the plan says both", async () => {
  const machine = await withDeafGuest("{ timeout: 1s }");
  const stopped = web("{ timeout: 1s }", "stopped");
  assert.deepEqual(
    (await plan(machine, stopped)).actions.map(({ summary: words }) => words).filter((words) => words.startsWith("shut")),
    ["shut down within 1 s, else power off"],
  );
  await applied(machine, stopped);
  assert.equal(domain(machine)?.state, 5);
});

test("a guest that must not be powered off stays as it is when it does not shut down, or cannot", async () => {
  const shutdown = "{ timeout: 1s, force: false }";
  const machine = await withDeafGuest(shutdown);
  const { id } = domain(machine) ?? {};
  const stopped = web(shutdown, "stopped");
  const failures = async () => {
    const { verdict, outcomes } = await apply(await runOn(machine.boot(), stopped));
    assert.equal(verdict, "incomplete");
    assert.equal(domain(machine)?.id, id);
    return outcomes.flatMap(({ diagnostics }) => diagnostics.map(({ code, summary: words }) => [code, words]));
  };
  assert.deepEqual(await failures(), [["guest-not-shut-down", "web did not shut down within 1 s"]]);
  const running = domain(machine);
  assert.ok(running);
  machine.libvirtd.suspend(running);
  assert.deepEqual(await failures(), [["guest-not-shut-down", "web cannot shut down, because it is paused"]]);
  assert.equal(domain(machine)?.state, 3, "only what a plan says is resumed");
  machine.libvirtd.deaf.clear();
  machine.libvirtd.resume(running);
  await applied(machine, stopped);
});

test("a restart uses what was applied; how a guest is shut down is no change of it while it runs", async () => {
  const machine = await withDeafGuest("{ force: false }");
  const other = web("{ timeout: 1s, force: false }");
  const made = await plan(machine, other);
  assert.deepEqual(
    made.changes.flatMap(({ fields }) => fields.map(({ path, new: value, effect }) => [path, value, effect])),
    [["shutdown_timeout", 1, "none"]],
  );
  await applied(machine, other);
  assert.deepEqual((await plan(machine, other)).pending, []);
  const restart = await apply({
    ...(await runOn(machine.boot(), other)),
    mode: { do: "only", changes: (observed) => restartChanges(observed, { names: ["web"], pending: false }) },
  });
  assert.deepEqual(
    restart.outcomes.map(({ action, status, diagnostics }) => [action, status, diagnostics.map(({ code }) => code)]),
    [
      ["domain/web#stop", "failed", ["guest-not-shut-down"]],
      ["domain/web#start", "skipped", []],
    ],
  );
});

test("a guest with no time to shut down that must not be powered off is an error of the plan", async () => {
  const machine = createWorld();
  const made = await plan(machine, web("{ timeout: 0s, force: false }"));
  assert.deepEqual(
    made.diagnostics.map(({ code, severity }) => [code, severity]),
    [["hardware-impossible", "error"]],
  );
  assert.deepEqual(summary(await plan(machine, web("{ timeout: 0s }"))).length > 0, true);
});

test("a guest that was started and paused after the plan was made is not resumed by it", async () => {
  const machine = createWorld();
  await applied(machine, web("{}", "stopped"));
  const found = domain(machine);
  assert.ok(found);
  const { outcomes } = await apply(await runOn(machine.boot(), web("{}")), ({ type }) => {
    if (type !== "apply.start") return;
    machine.libvirtd.start(found);
    machine.libvirtd.suspend(found);
  });
  assert.deepEqual(
    outcomes.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code)),
    ["guest-paused"],
  );
  assert.equal(found.state, 3);
  await applied(machine, web("{}"));
  assert.equal(domain(machine)?.state, 1);
});

test("shutting down can be killed at each effect", async () => {
  const machine = createWorld();
  const shutdown = "{ timeout: 5m, force: false }";
  await applied(machine, web(shutdown));
  await killEverywhere({ from: machine, yaml: web(shutdown, "stopped") }, "kill -9");
});
