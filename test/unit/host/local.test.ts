import assert from "node:assert/strict";
import { test } from "node:test";
import { createLocalHost } from "../../../src/host/local/local.ts";

test("what is open is ended in reverse order, once, and all of it even when one fails", async () => {
  const host = createLocalHost();
  const ended: string[] = [];
  host.onClose(async () => void ended.push("first"));
  host.onClose(() => Promise.reject(new Error("of the second")));
  host.onClose(async () => void ended.push("third"));
  await assert.rejects(host.close(), /of the second/);
  assert.deepEqual(ended, ["third", "first"]);
  await host.close();
  assert.equal(ended.length, 2);
});

test("this machine runs programs and has a clock", async () => {
  const host = createLocalHost();
  assert.equal(host.name, "this machine");
  const { stdout } = await host.run({ program: "date", args: ["+%s"], timeoutMs: 10_000 });
  assert.ok(Math.abs(Number(stdout) * 1000 - host.now().getTime()) < 10_000);
});
