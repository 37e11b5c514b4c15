import assert from "node:assert/strict";
import { test } from "node:test";
import { checkFacts } from "../../../src/engine/check-facts.ts";
import { defineAction } from "../../../src/model/action.ts";
import { kindOf } from "../../../src/model/address.ts";
import { existence, exists, factType, typeOfFact } from "../../../src/model/fact.ts";
import { action } from "./action.ts";

const boxes = kindOf<{ readonly size: number }>("box");
const boxExists = existence(boxes);
const boxGone = factType(boxes, "gone");
const types = [defineAction("test", [boxExists, boxGone], async () => undefined)];

test("a fact is text with its object and its type", () => {
  assert.equal(boxGone(boxes.at("a.b")), "box/a.b:gone");
  assert.equal(exists(boxes.at("a.b")), "box/a.b");
  assert.deepEqual([typeOfFact(boxGone(boxes.at("a/b"))), typeOfFact(exists("box/a"))], ["box:gone", "box"]);
});

test("a needed fact that some action type makes is no bug, whether this plan makes it or not", () => {
  checkFacts([action("box/a#make", { needs: ["box/b:gone"], makes: ["box/a"] })], types);
});

test("a needed fact that no action type makes is a bug", () => {
  const typo = action("box/a#make", { needs: ["box/b:gnoe"] });
  assert.throws(() => checkFacts([typo], types), /box\/a#make needs box\/b:gnoe, which no action type makes/);
});

test("a fact that the action's own type does not declare is a bug", () => {
  const other = action("box/a#make", { makes: ["lid/a"] });
  assert.throws(() => checkFacts([other], types), /box\/a#make makes lid\/a, which action type test does not declare/);
});
