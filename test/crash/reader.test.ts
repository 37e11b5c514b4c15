import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError } from "../../src/model/errors.ts";
import { guests } from "./guests.ts";
import { apply, createWorld, planOf, runOn } from "./world.ts";

test("a session that only reads plans, and an apply of it is refused before it has changed anything (Nova GLA-08)", async () => {
  const reading = guests().replace("host: {", "host: { role: reader,");
  const machine = createWorld();
  const before = machine.snapshot();
  const planned = await planOf(await runOn(machine.boot(), reading));
  assert.ok(planned.changes.length > 0);
  assert.deepEqual(machine.snapshot(), before);
  for (const destroy of [false, true]) {
    await assert.rejects(
      async () => apply(await runOn(machine.boot(), reading, { destroy })),
      (error: unknown) => error instanceof CodedError && error.code === "read-only-role",
    );
  }
  assert.deepEqual(machine.snapshot(), before);
});
