import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { watchLibvirt } from "../../../bin/lib/test/watch-libvirt.ts";

/** Watches a daemon that answers as given, then always, until it was asked so often. */
async function watched(given: readonly boolean[]) {
  const answers = [...given];
  const printed: string[] = [];
  const done: string[] = [];
  const watch = watchLibvirt(
    {
      answers: async () => answers.shift() ?? true,
      describe: async () => "thread 1 waits for thread 2",
      restart: async () => void done.push("restart"),
    },
    (text) => printed.push(text),
    1,
  );
  while (answers.length > 0) await sleep(1);
  await sleep(5);
  await watch.stop();
  return { printed, done, hangs: watch.hangs };
}

test("a daemon that answers, or misses a single question, is left alone", async () => {
  assert.deepEqual(await watched([true, false, true, true]), { printed: [], done: [], hangs: [] });
});

test("a daemon that leaves two questions unanswered is described, restarted and recorded", async () => {
  const { printed, done, hangs } = await watched([true, false, false, true]);
  assert.match(printed.join("\n"), /thread 1 waits for thread 2[\s\S]*restarted/);
  assert.deepEqual(done, ["restart"]);
  assert.equal(hangs.length, 1);
  assert.ok(hangs.every(({ from, to }) => from < to));
});
