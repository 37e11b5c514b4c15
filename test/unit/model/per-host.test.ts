import assert from "node:assert/strict";
import { test } from "node:test";
import type { Host } from "../../../src/model/host.ts";
import { perHost } from "../../../src/model/per-host.ts";

test("state is made once for each host and shared with no other", () => {
  const [one, other] = [{ name: "one" }, { name: "other" }] as Host[];
  assert.ok(one !== undefined && other !== undefined);
  let made = 0;
  const counters = perHost((host) => {
    made += 1;
    return { of: host.name, seen: new Set<string>() };
  });
  counters(one).seen.add("x");
  assert.deepEqual([counters(one).seen.size, counters(other).seen.size, counters(other).of, made], [1, 0, "other", 2]);
  const nothing = perHost(() => undefined);
  assert.equal(nothing(one), undefined);
});
