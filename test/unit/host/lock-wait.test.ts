import assert from "node:assert/strict";
import { test } from "node:test";
import { createLockWait, type Sighting, sight } from "../../../src/host/lock-wait.ts";
import { UserError } from "../../../src/model/errors.ts";

const staleMs = 10_000;
const watch = (looks: readonly (readonly [state: string, now: number])[]): Sighting | undefined =>
  looks.reduce<Sighting | undefined>((sighting, [state, now]) => sight(sighting, state, { now, staleMs }), undefined);
const every = (stepMs: number, untilMs: number) =>
  Array.from({ length: untilMs / stepMs + 1 }, (_, index) => ["a", index * stepMs] as const);

test("a lock that does not change while it is watched is abandoned after a while", () => {
  assert.equal(watch(every(250, 10_000))?.abandoned, false);
  assert.equal(watch(every(250, 10_250))?.abandoned, true);
  // Over a slow connection as well.
  assert.equal(watch(every(2_000, 12_000))?.abandoned, true);
});

test("any change restarts the watch", () => {
  const renewed = [...every(250, 10_250), ["b", 10_500] as const];
  assert.deepEqual(watch(renewed), { state: "b", since: 10_500, last: 10_500, abandoned: false });
});

test("who was away says nothing about the time between", () => {
  assert.equal(watch([...every(250, 9_000), ["a", 60_000]])?.abandoned, false);
});

test("a lock without a record is watched for longer than the request says, and the error says for how long", async () => {
  const wait = createLockWait({ path: "/x/locks/apply-shop", purpose: "apply", timeoutMs: 1 }, 200);
  const failed = async () => {
    for (;;) await wait(undefined, true);
  };
  await assert.rejects(failed, (error) => error instanceof UserError && /Waited 1\.2 s for it/.test(error.diagnostics[0]?.detail ?? ""));
});
