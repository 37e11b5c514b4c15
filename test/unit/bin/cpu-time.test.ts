import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { endedChildren, guestTimes } from "../../../bin/lib/test/cpu-time.ts";

test("the CPU time of a child counts once it has ended, and so does that of its own children", () => {
  const before = endedChildren();
  const busy = "const { cpuUsage } = process; while (cpuUsage().user + cpuUsage().system < 3e5);";
  execFileSync(process.execPath, ["-e", `require("child_process").execFileSync(process.execPath, ["-e", ${JSON.stringify(busy)}])`]);
  const spent = endedChildren() - before;
  assert.ok(spent >= 0.25, `${spent} s`);
});

test("only emulators that have a guest's name are guests", () => {
  for (const { guest, seconds } of guestTimes().values()) {
    assert.notEqual(guest, "");
    assert.ok(seconds >= 0);
  }
});
