import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOf } from "../../../src/model/address.ts";
import { observedWith } from "../../support/observed.ts";

const boxes = kindOf<{ readonly size: number }>("box");

test("states are found by address and by kind, with their type", () => {
  const observed = observedWith({ "box/a": { size: 1 }, "lid/a": {}, "box/b": { size: 2 } });
  assert.equal(observed.get(boxes.at("b"))?.size, 2);
  assert.equal(observed.get(boxes.at("c")), undefined);
  assert.deepEqual(
    observed.of(boxes).map(([address, { size }]) => [address, size]),
    [
      ["box/a", 1],
      ["box/b", 2],
    ],
  );
  assert.deepEqual(observed.of(kindOf("tin")), []);
});
