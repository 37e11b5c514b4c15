import assert from "node:assert/strict";
import { test } from "node:test";
import { switchChanges } from "../../src/kinds/guest/switch.ts";
import { UserError } from "../../src/model/errors.ts";
import type { Machine } from "../fake-host/machine.ts";
import { shop } from "./shop.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

/** What `virtform start` and `virtform stop` do, as a new process. */
async function switched(machine: Machine, to: "running" | "stopped", ...names: string[]) {
  const run = await runOn(machine.boot(), shop(), { targets: names });
  return apply({ ...run, mode: { do: "only", changes: (observed) => switchChanges(observed, names, to) } });
}

const power = (machine: Machine) => ["web", "db"].map((name) => machine.libvirtd.find(name)?.state);

test("stop and start change the power of the guests that are named, and nothing else", async () => {
  const machine = createWorld();
  await applied(machine, shop());
  const running = power(machine);

  const stopped = await switched(machine, "stopped", "web");
  assert.equal(stopped.verdict, "done");
  assert.deepEqual(
    stopped.plan.actions.map(({ id, effect }) => [id, effect]),
    [["domain/web#stop", "restart"]],
  );
  assert.notDeepEqual(power(machine), running);
  assert.equal((await switched(machine, "stopped", "web")).verdict, "nothing-to-do");

  const started = await switched(machine, "running", "we*");
  assert.equal(started.verdict, "done");
  assert.deepEqual(power(machine), running);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), shop()))), []);
});

test("a guest that is paused is not started", async () => {
  const machine = createWorld();
  await applied(machine, shop());
  const web = machine.libvirtd.find("web");
  assert.ok(web !== undefined);
  machine.libvirtd.suspend(web);
  await assert.rejects(switched(machine, "running", "web"), (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.deepEqual(
      error.diagnostics.map(({ code, address }) => [code, address]),
      [["guest-is-paused", "domain/web"]],
    );
    return true;
  });
});
