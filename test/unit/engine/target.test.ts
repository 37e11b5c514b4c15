import assert from "node:assert/strict";
import { test } from "node:test";
import { excludeChanges, selectTargets } from "../../../src/engine/target.ts";
import type { Action } from "../../../src/model/action.ts";
import type { Address } from "../../../src/model/address.ts";
import type { Change } from "../../../src/model/change.ts";
import { UserError } from "../../../src/model/errors.ts";
import { action } from "./action.ts";

const change = (address: Address, needs: string[], makes: string[]): Change => {
  const actions: Action[] = [action(`${address}#create`, { needs, makes })];
  return { address, verb: "create", cause: "config", reason: "", fields: [], actions, before: null, after: {} };
};
const changes = [
  change("image/debian", [], ["base/1"]),
  change("disk/web-0.root", ["base/1"], ["disk/web-0.root"]),
  change("domain/web-0", ["disk/web-0.root"], ["domain/web-0"]),
  change("disk/web-1.root", ["base/1"], ["disk/web-1.root"]),
];
const known = changes.map(({ address }) => address);
const addresses = (targets: string[]) => selectTargets(changes, targets, known).map(({ address }) => address);

test("no target keeps everything", () => assert.deepEqual(addresses([]), known));

test("a name stands for everything of an instance, and brings what that needs", () => {
  assert.deepEqual(addresses(["web-0"]), ["image/debian", "disk/web-0.root", "domain/web-0"]);
});

test("* stands for any characters, in names and in addresses", () => {
  assert.deepEqual(addresses(["web-*"]), known);
  assert.deepEqual(addresses(["disk/*.root"]), ["image/debian", "disk/web-0.root", "disk/web-1.root"]);
  assert.throws(() => addresses(["db-*"]), UserError);
});

test("excluded objects leave out what needs them, and nothing else", () => {
  const left = (...excluded: string[]) => excludeChanges(changes, excluded, known).map(({ address }) => address);
  assert.deepEqual(left(), known);
  assert.deepEqual(left("web-0*"), ["image/debian", "disk/web-1.root"]);
  assert.deepEqual(left("domain/web-0"), ["image/debian", "disk/web-0.root", "disk/web-1.root"], "what it needs stays");
  assert.deepEqual(left("disk/web-0.root"), ["image/debian", "disk/web-1.root"]);
  assert.deepEqual(left("image/debian"), []);
  assert.deepEqual(left("disk/*"), ["image/debian"]);
  assert.throws(() => left("web-O"), /Nothing to exclude: web-O/);
  // A fact that another change makes as well is not missing; an action of an excluded object is.
  const both = [change("a/1", [], ["x"]), change("a/2", [], ["x"]), change("b/1", ["x"], [])];
  assert.deepEqual(
    excludeChanges(both, ["a/1"], ["a/1"]).map(({ address }) => address),
    ["a/2", "b/1"],
  );
  const stops = {
    ...change("disk/web-2.root", [], []),
    actions: [{ ...action("domain/web-2#stop", {}), address: "domain/web-2" as const }],
  };
  assert.deepEqual(excludeChanges([change("domain/web-2", [], []), stops], ["domain/web-2"], ["domain/web-2"]), []);
});

test("an address stands for itself and what it needs", () => {
  assert.deepEqual(addresses(["disk/web-1.root"]), ["image/debian", "disk/web-1.root"]);
});

test("every target that matches nothing is named, with what may have been meant", () => {
  assert.throws(
    () => addresses(["web-O", "disk/nothing.root"]),
    (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.deepEqual(
        error.diagnostics.map(({ summary }) => summary),
        ["No such target: web-O", "No such target: disk/nothing.root"],
      );
      assert.match(error.diagnostics[0]?.detail ?? "", /Did you mean "web-0"/);
      return true;
    },
  );
});
