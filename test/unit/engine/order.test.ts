import assert from "node:assert/strict";
import { test } from "node:test";
import { order } from "../../../src/engine/order.ts";
import { action } from "./action.ts";

test("an action comes after every maker of what it needs, others stay as given", () => {
  const start = action("domain/web#start", { needs: ["disk/web.root", "base/1"] });
  const disk = action("disk/web.root#create", { needs: ["base/1"], makes: ["disk/web.root"] });
  const other = action("disk/other.root#create", {});
  const fetch = action("image/debian#fetch", { makes: ["base/1"] });
  const planned = order([start, disk, other, fetch]);
  assert.deepEqual(
    planned.map(({ id, after }) => [id, after]),
    [
      ["image/debian#fetch", []],
      ["disk/web.root#create", ["image/debian#fetch"]],
      ["domain/web#start", ["disk/web.root#create", "image/debian#fetch"]],
      ["disk/other.root#create", []],
    ],
  );
});

test("a fact that no action makes already holds", () => {
  assert.deepEqual(order([action("a/a#x", { needs: ["base/there"] })])[0]?.after, []);
});

test("the same action named by two changes is done once", () => {
  assert.equal(order([action("a/a#x", {}), action("a/a#x", {})]).length, 1);
});

test("the same action named by two changes waits for what either of them waits for", () => {
  const makers = [action("a/one#x", { makes: ["one"] }), action("a/two#x", { makes: ["two"] })];
  const planned = order([action("a/a#x", { needs: ["one"] }), action("a/a#x", { needs: ["one", "two"] }), ...makers]);
  assert.deepEqual(planned.find(({ id }) => id === "a/a#x")?.after, ["a/one#x", "a/two#x"]);
});

test("facts that go in a circle are a bug and say which actions", () => {
  const one = action("a/one#x", { needs: ["two"], makes: ["one"] });
  const two = action("a/two#x", { needs: ["one"], makes: ["two"] });
  assert.throws(() => order([one, two]), /a\/one#x → a\/two#x → a\/one#x/);
});

test("two different actions under one id are a bug, whichever comes first", () => {
  const [one, other] = [
    action("domain/a#start", { summary: "start" }),
    action("domain/a#start", { summary: "start from its saved memory" }),
  ];
  assert.throws(() => order([one, other]), /two different actions have the id domain\/a#start/);
  assert.throws(() => order([other, one]), /two different actions have the id domain\/a#start/);
});
