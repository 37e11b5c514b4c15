import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusedError } from "../../src/model/errors.ts";
import { shop } from "./shop.ts";
import { applied, createWorld, layout, planOf, runOn, summary } from "./world.ts";

test("a plan and an apply work with a file of measured speeds that cannot be read or written", async () => {
  const machine = createWorld();
  const host = machine.boot();
  await host.files.makeDirectory(layout.rates);
  await applied(machine, shop());
  const plan = await planOf(await runOn(machine.boot(), shop()));
  assert.deepEqual(summary(plan), []);
  const broken = machine.boot();
  const run = await runOn(broken, shop().replace("512MiB", "768MiB"));
  const readMany: typeof broken.files.readMany = async (requests) => {
    if (requests.some(({ path }) => path === layout.rates)) throw new RefusedError("permission-denied", "Cannot read it", "");
    return broken.files.readMany(requests);
  };
  const unreadable = await planOf({ ...run, context: { ...run.context, host: { ...broken, files: { ...broken.files, readMany } } } });
  assert.deepEqual(
    unreadable.diagnostics.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.equal(unreadable.complete, true);
});
