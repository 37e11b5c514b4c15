import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "../../../src/model/closest.ts";

test("a similar word is recognised, a different one is not", () => {
  assert.equal(closest("flavour", ["flavor", "image"]), "flavor");
  assert.equal(closest("aply", ["plan", "apply"]), "apply");
  assert.equal(closest("WEB-0", ["web-0", "db-0"]), "web-0");
  assert.equal(closest("completely-else", ["web", "db"]), undefined);
  assert.equal(closest("x", []), undefined);
  assert.equal(closest("ip", ["tpm", "rng"]), undefined);
  assert.equal(closest("env", ["rng", "tpm"]), undefined);
  assert.equal(closest("rmg", ["rng", "tpm"]), "rng");
  assert.equal(closest("rma", ["env", "ram"]), "ram");
  assert.equal(closest("type", ["tpm"]), undefined);
});
