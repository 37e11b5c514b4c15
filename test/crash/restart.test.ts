import assert from "node:assert/strict";
import { test } from "node:test";
import { restartChanges } from "../../src/kinds/guest/restart.ts";
import { UserError } from "../../src/model/errors.ts";
import type { Machine } from "../fake-host/machine.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { shop } from "./shop.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

/** What `virtform restart` does, as a new process. */
async function restart(machine: Machine, yaml: string, names: readonly string[], pending = false) {
  const run = await runOn(machine.boot(), yaml, { targets: names });
  return apply({ ...run, mode: { do: "only", changes: (observed) => restartChanges(observed, { names, pending }) } });
}

const plan = async (machine: Machine, yaml: string) => planOf(await runOn(machine.boot(), yaml));
const ids = (machine: Machine) => ["web", "db"].map((name) => machine.libvirtd.find(name)?.id);
const waiting = (yaml: string, name: string) => yaml.replace(`  ${name}:\n`, `  ${name}:\n    restart: when_needed\n`);

const before = shop();
const more = shop({ memory: "512MiB" });

test("a change that a guest cannot take is pending, which is no change; `restart --pending` restarts the guests that wait", async () => {
  const machine = createWorld();
  await applied(machine, before);
  const [web, db] = ids(machine);
  await applied(machine, more);
  assert.deepEqual(ids(machine), [web, db], "apply restarts nothing");

  const waits = await plan(machine, more);
  assert.deepEqual(summary(waits), []);
  assert.deepEqual(
    waits.pending.map(({ address, fields }) => [address, fields.map(({ path, old, new: stored }) => [path, old, stored])]),
    ["db", "web"].map((name) => [`domain/${name}`, [["memory", 256 * 2 ** 20, 512 * 2 ** 20]]]),
  );

  const one = await restart(machine, more, ["web"]);
  assert.equal(one.verdict, "done");
  assert.deepEqual(
    one.plan.actions.map(({ id, effect }) => [id, effect]),
    [
      ["domain/web#stop", "restart"],
      ["domain/web#start", "none"],
    ],
  );
  assert.notEqual(ids(machine)[0], web);
  assert.equal(ids(machine)[1], db, "the other guest runs on");
  const rest = await restart(machine, more, [], true);
  assert.deepEqual(summary(rest.plan), ["update domain/db: it waits for a restart"]);
  assert.deepEqual((await plan(machine, more)).pending, []);
  assert.equal((await restart(machine, more, [], true)).verdict, "nothing-to-do");
});

test("a guest that is named is restarted whether it waits or not; one that is off or unknown is an error", async () => {
  const machine = createWorld();
  await applied(machine, before);
  const [web, db] = ids(machine);
  const done = await restart(machine, before, ["domain/web"]);
  assert.deepEqual(summary(done.plan), ["update domain/web: its restart was requested"]);
  assert.notEqual(ids(machine)[0], web);
  assert.equal((await restart(machine, before, ["db"], true)).verdict, "nothing-to-do", "with --pending only what waits");
  assert.equal(ids(machine)[1], db);
  const found = machine.libvirtd.find("web");
  assert.ok(found);
  machine.libvirtd.destroy(found);
  await assert.rejects(restart(machine, before, ["web"]), (error: UserError) => error.diagnostics[0]?.code === "guest-is-off");
  await assert.rejects(restart(machine, before, ["wep"]), (error: UserError) => {
    assert.ok(error instanceof UserError);
    return error.diagnostics[0]?.code === "no-such-guest" && /Did you mean web\?/.test(error.diagnostics[0]?.detail ?? "");
  });
  await assert.rejects(restart(machine, before, ["seed/web"]), (error: UserError) => {
    const { code, detail = "" } = error.diagnostics[0] ?? {};
    return code === "no-such-guest" && /^seed\/web is no guest\./.test(detail);
  });
});

test("restart: when_needed restarts the guest for what it cannot take, and for nothing else", async () => {
  const machine = createWorld();
  const [first, second] = [waiting(before, "web"), waiting(more, "web")];
  await applied(machine, first);
  const [web, db] = ids(machine);
  assert.deepEqual(summary(await plan(machine, first)), []);
  const made = await plan(machine, second);
  const effects = made.changes.map(({ address, fields }) => [address, fields.map(({ effect }) => effect)]);
  assert.deepEqual(effects, [
    ["domain/web", ["restart"]],
    ["domain/db", ["next_boot"]],
  ]);
  await applied(machine, second);
  assert.notEqual(ids(machine)[0], web);
  assert.equal(ids(machine)[1], db);
  const late = waiting(second, "db");
  const due = await plan(machine, late);
  assert.deepEqual(summary(due), ["update domain/db: it waits for a restart"]);
  assert.deepEqual(due.pending, [], "what the plan restarts does not wait");
  assert.deepEqual(
    due.actions.map(({ id }) => id),
    ["domain/db#stop", "domain/db#start"],
  );
  await applied(machine, late);
  assert.deepEqual(summary(await plan(machine, late)), []);
});

test("what would wait for the next start takes effect with the restart of the same plan", async () => {
  const machine = createWorld();
  await applied(machine, waiting(before, "web"));
  const changed = waiting(shop({ memory: "512MiB", userData: "#cloud-config\n# other\n" }), "web");
  const made = await plan(machine, changed);
  const drive = made.changes.find(({ address }) => address === "seed/web");
  assert.deepEqual([...new Set(drive?.fields.map(({ effect }) => effect))], ["with_restart"]);
  assert.deepEqual(
    drive?.actions.map(({ effect }) => effect),
    ["with_restart"],
  );
  assert.deepEqual(made.changes.find(({ address }) => address === "domain/db")?.fields[0]?.effect, "next_boot");
});

test("an apply that restarts guests can be killed at each effect", async () => {
  const machine = createWorld();
  await applied(machine, waiting(before, "web"));
  await killEverywhere({ from: machine, yaml: waiting(more, "web") }, "kill -9");
});
