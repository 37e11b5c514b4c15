import assert from "node:assert/strict";
import { test } from "node:test";
import { restartChanges } from "../../src/kinds/guest/restart.ts";
import { switchChanges } from "../../src/kinds/guest/switch.ts";
import type { Change } from "../../src/model/change.ts";
import type { Observed } from "../../src/model/observed.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Machine } from "../fake-host/machine.ts";
import { shop } from "./shop.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

const errorsOf = ({ diagnostics }: Plan) =>
  diagnostics.filter(({ severity }) => severity === "error").map(({ code, address }) => `${code} ${address}`);

/** Makes libvirt answer something odd for the definition of one domain. */
function garble(machine: Machine, name: string): Disposable {
  const { document } = machine.libvirtd;
  machine.libvirtd.document = (domain, inactive) => {
    const text = document(domain, inactive);
    return domain.name === name ? text.replace("<os>", "<os") : text;
  };
  return {
    [Symbol.dispose]() {
      machine.libvirtd.document = document;
    },
  };
}

test("an unreadable domain of the project is named and not planned; others are planned", async () => {
  const machine = createWorld();
  await applied(machine, shop());
  const changed = shop({ memory: "512MiB" });
  {
    using _garbled = garble(machine, "web");
    const plan = await planOf(await runOn(machine.boot(), changed));
    assert.equal(plan.complete, false);
    assert.deepEqual(
      plan.diagnostics.filter(({ severity }) => severity === "error").map(({ code, address, summary: words }) => [code, address, words]),
      [["domain-unreadable", "domain/web", "The definition of domain web cannot be read"]],
    );
    assert.deepEqual(summary(plan), ["update domain/db: the configuration changed"]);
    const { verdict } = await apply(await runOn(machine.boot(), changed));
    assert.equal(verdict, "refused");
  }
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), shop()))), []);
});

test("a run that leaves an unreadable domain out changes others, and refuses what could collide with it", async () => {
  const machine = createWorld();
  await applied(machine, shop());
  const changed = shop({ memory: "512MiB" });
  const before = machine.libvirtd.find("web");
  const definition = JSON.stringify(before?.stored);
  using _garbled = garble(machine, "web");
  const whole = await planOf(await runOn(machine.boot(), changed));
  assert.match(whole.diagnostics.find(({ code }) => code === "domain-unreadable")?.detail ?? "", /`virtform apply --exclude web`\.$/);
  const qualified = await planOf({ ...(await runOn(machine.boot(), changed)), qualified: true });
  assert.match(JSON.stringify(qualified.diagnostics), /`virtform apply --exclude localhost\/web`/);
  const left = await planOf(await runOn(machine.boot(), changed, { exclude: ["web"] }));
  assert.deepEqual([left.complete, summary(left)], [true, ["update domain/db: the configuration changed"]]);
  assert.deepEqual(errorsOf(left), []);
  assert.equal(left.diagnostics.find(({ code }) => code === "domain-unreadable")?.severity, "warning");
  const disks = await planOf(await runOn(machine.boot(), shop({ disk: "2GiB" }), { exclude: ["web"] }));
  assert.deepEqual(errorsOf(disks), ["unread-may-use disk/db.root"]);
  assert.match(disks.diagnostics.find(({ code }) => code === "unread-may-use")?.detail ?? "", /--exclude web --exclude db`/);
  const { verdict } = await apply(await runOn(machine.boot(), changed, { targets: ["db"] }));
  assert.equal(verdict, "done");
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), changed))), []);
  assert.equal(JSON.stringify(machine.libvirtd.find("web")?.stored), definition);
  for (const targets of [["web"], ["domain/web"], ["*"]])
    assert.equal((await apply(await runOn(machine.boot(), changed, { targets }))).verdict, "refused", String(targets));
  const part = await planOf(await runOn(machine.boot(), shop({ disk: "2GiB" }), { targets: ["disk/web.root"] }));
  assert.deepEqual(errorsOf(part), ["unread-needed disk/web.root"]);
});

test("beside an unreadable domain no guest is created, and none is removed", async () => {
  const machine = createWorld();
  await applied(machine, shop({ instances: ["web"] }));
  {
    using _garbled = garble(machine, "web");
    const made = await planOf(await runOn(machine.boot(), shop(), { exclude: ["web"] }));
    assert.ok(errorsOf(made).includes("unread-may-use disk/db.root"), String(errorsOf(made)));
  }
  await applied(machine, shop());
  using _garbled = garble(machine, "web");
  const snapshot = machine.snapshot();
  const gone = await runOn(machine.boot(), shop({ instances: ["web"] }), { exclude: ["web"] });
  const { verdict, plan } = await apply(gone);
  assert.equal(verdict, "refused");
  assert.ok(errorsOf(plan).includes("unread-may-use domain/db"), String(errorsOf(plan)));
  // What the configuration no longer declares is not known to have room, names and addresses of its own.
  const dropped = await planOf(await runOn(machine.boot(), shop({ instances: ["db"] }), { targets: ["db"] }));
  assert.deepEqual([dropped.complete, errorsOf(dropped)], [false, ["domain-unreadable domain/web"]]);
  assert.deepEqual(
    machine.snapshot().filter((line) => !snapshot.includes(line)),
    [],
  );
});

test("start, stop and restart of one guest do not need the definition of another", async () => {
  const machine = createWorld();
  await applied(machine, shop());
  using _garbled = garble(machine, "web");
  const only = async (name: string, changes: (observed: Observed) => readonly Change[]) =>
    apply({ ...(await runOn(machine.boot(), shop(), { targets: [name] })), mode: { do: "only", changes } });
  const switched = (name: string, to: "running" | "stopped") => only(name, (observed) => switchChanges(observed, [name], to));
  assert.equal((await switched("db", "stopped")).verdict, "done");
  assert.equal(machine.libvirtd.find("db")?.live, undefined);
  assert.equal((await switched("db", "running")).verdict, "done");
  assert.notEqual(machine.libvirtd.find("db")?.live, undefined);
  const restarted = await only("db", (observed) => restartChanges(observed, { names: ["db"], pending: false }));
  assert.equal(restarted.verdict, "done");
});

test("a foreign domain that cannot be read is named, and stops nothing", async () => {
  const machine = createWorld();
  using _garbled = garble(machine, "stranger");
  await applied(machine, shop());
  const plan = await planOf(await runOn(machine.boot(), shop()));
  assert.deepEqual(
    plan.diagnostics.map(({ severity, code }) => [severity, code]).filter(([, code]) => code === "domain-unreadable"),
    [["warning", "domain-unreadable"]],
  );
  assert.ok(plan.unmanaged.some(({ what, name }) => what === "domain" && name === "stranger"));
  assert.deepEqual([plan.complete, summary(plan)], [true, []]);
});
