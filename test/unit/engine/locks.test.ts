import assert from "node:assert/strict";
import { test } from "node:test";
import { apply } from "../../../src/engine/apply.ts";
import { defineAction } from "../../../src/model/action.ts";
import type { Context } from "../../../src/model/context.ts";
import type { Plan } from "../../../src/model/plan.ts";
import { action } from "./action.ts";

/** Applies actions by their ids and locks, and gives what was started and ended, in order. */
async function logOf(actions: readonly (readonly [id: string, ...locks: string[]])[], parallelism: number): Promise<string[]> {
  const log: string[] = [];
  const signal = new AbortController().signal;
  await apply({
    plan: { actions: actions.map(([id, ...locks]) => ({ ...action(id, { locks, args: { id } }), after: [] })) } as unknown as Plan,
    actionTypes: [
      defineAction<{ id: string }>("test", [], async (_context, { id }) => {
        log.push(`+${id}`);
        await new Promise<void>((resolve) => setImmediate(resolve));
        log.push(`-${id}`);
        if (id.startsWith("bad")) throw new Error("no");
      }),
    ],
    context: { signal } as Context,
    journal: { write: () => undefined, note: () => undefined },
    parallelism,
    stop: signal,
    emit: () => undefined,
  });
  return log;
}

const twoUnderOneLock = [
  ["a1", "a"],
  ["a2", "a"],
  ["b1", "b"],
] as const;

test("actions under the same lock run one after the other, others beside them", async () => {
  assert.deepEqual(await logOf(twoUnderOneLock, 3), ["+a1", "+b1", "-a1", "+a2", "-b1", "-a2"]);
});

test("an action that waits for a lock takes no place from one that can start", async () => {
  assert.deepEqual(await logOf(twoUnderOneLock, 2), ["+a1", "+b1", "-a1", "+a2", "-b1", "-a2"]);
});

test("several locks in any order are no deadlock, and a failure gives its locks back", async () => {
  const log = await logOf(
    [
      ["bad", "a", "b"],
      ["two", "b", "a"],
      ["three", "a", "a"],
    ],
    3,
  );
  assert.deepEqual(log, ["+bad", "-bad", "+two", "-two", "+three", "-three"]);
});
