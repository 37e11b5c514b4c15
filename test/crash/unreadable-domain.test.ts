import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { shop } from "./shop.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

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
