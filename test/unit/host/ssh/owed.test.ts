import assert from "node:assert/strict";
import { test } from "node:test";
import type { HelperRequest } from "../../../../src/host/ssh/helper.ts";
import { createOwed } from "../../../../src/host/ssh/owed.ts";

const later: HelperRequest = { op: "change", changes: [], later: true };
const settleAll: HelperRequest = { op: "settle", paths: null };
const take: HelperRequest = { op: "lock", do: "try", lock: "one" };
const release: HelperRequest = { op: "lock", do: "release", lock: "one" };

/** Whether the end owes nothing after requests that are answered at once. */
function after(...asked: (readonly [HelperRequest, Readonly<Record<string, unknown>>])[]): boolean {
  const owed = createOwed();
  for (const [request, answer] of asked) owed.asked(request)(answer);
  return owed.nothing;
}

test("looks and connections to sockets owe nothing, with an answer and without", () => {
  const owed = createOwed();
  owed.asked({ op: "look" });
  owed.asked({ op: "dial" });
  assert.equal(owed.nothing, true);
});

test("what is under way is owed until its answer comes", () => {
  for (const op of ["change", "run", "copy", "settle", "lock"]) {
    const owed = createOwed();
    owed.asked({ op });
    assert.equal(owed.nothing, false, op);
  }
});

test("names that are put on the disk later are owed until everything is settled", () => {
  assert.equal(after([later, { later: true }]), false);
  assert.equal(after([later, { later: false }]), true, "there was none");
  assert.equal(after([later, { later: true }], [{ op: "settle", paths: ["/srv"] }, {}]), false);
  assert.equal(after([later, { later: true }], [settleAll, { error: { errno: "EIO" } }]), false);
  assert.equal(after([later, { later: true }], [settleAll, {}]), true);
  assert.equal(after([later, { later: true }], [settleAll, {}], [later, { later: true }]), false);
});

test("a settling does not cover a change whose answer it did not wait for", () => {
  const owed = createOwed();
  const changed = owed.asked(later);
  const settled = owed.asked(settleAll);
  changed({ later: true });
  settled({});
  assert.equal(owed.nothing, false);
});

test("a lock is owed until it is released, and the directory that was made for it until it is settled", () => {
  const finish: HelperRequest = { op: "finish", lock: "one", changes: [], later: true };
  assert.equal(after([take, { verdict: "held" }]), false);
  assert.equal(after([take, { error: { errno: "EIO" } }]), false);
  assert.equal(after([take, { verdict: "busy" }]), true);
  assert.equal(after([take, { verdict: "held" }], [release, { released: false }]), false);
  assert.equal(after([take, { verdict: "held" }], [release, { released: true }]), true);
  assert.equal(after([take, { verdict: "held" }], [finish, { released: true, later: false }]), true);
  assert.equal(after([take, { verdict: "held" }], [finish, { released: true, later: true }]), false);
  assert.equal(after([take, { verdict: "held", later: true }], [release, { released: true }]), false);
  const last: HelperRequest = { ...finish, settled: true };
  assert.equal(after([take, { verdict: "held", later: true }], [last, { released: true, results: [] }]), true);
  assert.equal(after([take, { verdict: "held" }], [later, { later: true }], [last, { released: false, results: [] }]), false);
  assert.equal(after([take, { verdict: "held" }], [last, { error: { errno: "EIO" } }]), false);
});

test("a lock that is taken for a change is owed unless the change was made and the lock released", () => {
  const swap: HelperRequest = { op: "swap", do: "try", lock: "one", changes: [], later: true };
  assert.equal(after([swap, { verdict: "held", released: true, later: false }]), true);
  assert.equal(after([swap, { verdict: "held", released: true, later: true }]), false);
  assert.equal(after([swap, { verdict: "held" }]), false);
  assert.equal(after([swap, { verdict: "busy" }]), true);
  assert.equal(after([take, { verdict: "held", later: true }], [settleAll, {}], [release, { released: true }]), true);
});
