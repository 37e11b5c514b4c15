import assert from "node:assert/strict";
import { test } from "node:test";
import { type AcceptedDrift, acceptDrift } from "../../../src/engine/accept-drift.ts";
import type { Change } from "../../../src/model/change.ts";
import type { Plan } from "../../../src/model/plan.ts";
import { change, planOf } from "../report/support.ts";

const today = "2026-11-28";

const web = change("domain/web-0", "update", {
  cause: "both",
  fields: [
    { path: "memory", old: 1, new: 2, cause: "drift" },
    { path: "vcpus", old: 1, new: 2, cause: "config" },
    { path: "title", old: "a", new: "b", cause: "drift" },
  ],
});
const gone = change("domain/db", "create", { cause: "drift" });
const wanted = change("domain/new", "create", { cause: "config" });
const drifted = planOf([web, gone, wanted], {
  pending: [
    {
      address: "domain/live",
      fields: [
        { path: "memory", old: 3, new: 4, cause: "drift" },
        { path: "vcpus", old: 1, new: 2, cause: "config" },
      ],
    },
  ],
});

const accept = (...entries: AcceptedDrift[]): Plan => acceptDrift(drifted, entries, today);
const paths = (changes: readonly Change[]) =>
  changes.map(({ address, cause, fields }) => [address, cause, ...fields.map(({ path }) => path)].join(" "));

test("an accepted field is no difference any more, and what the configuration asks for stays", () => {
  const plan = accept({ address: "domain/web-*", field: "memory", found: 1, reason: "tuned" }, { address: "*", field: "tit*" });
  assert.deepEqual(paths(plan.changes), ["domain/web-0 config vcpus", "domain/db drift", "domain/new config"]);
  assert.deepEqual(
    plan.ignored?.map(({ address, fields, reason }) => [address, fields[0]?.path, reason]),
    [
      ["domain/web-0", "memory", "tuned"],
      ["domain/web-0", "title", undefined],
    ],
  );
  assert.deepEqual(plan.diagnostics, []);
});

test("an entry without a field accepts all drift of an object, also that it is missing, and nothing else", () => {
  const plan = accept({ address: "domain/*" });
  assert.deepEqual(paths(plan.changes), ["domain/web-0 config vcpus", "domain/new config"]);
  assert.deepEqual(plan.pending, [{ address: "domain/live", fields: [{ path: "vcpus", old: 1, new: 2, cause: "config" }] }]);
  assert.ok(!plan.actions.some(({ address }) => address === "domain/db"));
  assert.ok(plan.actions.some(({ address }) => address === "domain/new"));
});

test("another value than the accepted one is drift, and the entry is named as unused", () => {
  const plan = accept({ address: "domain/web-0", field: "memory", found: 7 });
  assert.deepEqual(paths(plan.changes), paths(drifted.changes));
  assert.deepEqual(
    plan.diagnostics.map(({ code }) => code),
    ["accepted-drift-unused"],
  );
});

test("a report about an entry has its place", () => {
  const at = { file: "accepted.yaml", line: 2, column: 5 };
  for (const entry of [{ address: "domain/none" }, { address: "domain/none", until: "2020-01-01" }])
    assert.deepEqual(
      accept({ ...entry, at }).diagnostics.map((one) => one.at),
      [at],
    );
});

test("an entry counts up to and including its last day", () => {
  const entry = { address: "domain/db" };
  assert.equal(accept({ ...entry, until: today }).changes.length, 2);
  const late = accept({ ...entry, until: "2026-11-27" });
  assert.equal(late.changes.length, 3);
  assert.deepEqual(
    late.diagnostics.map(({ code, severity }) => [code, severity]),
    [["accepted-drift-expired", "warning"]],
  );
});
