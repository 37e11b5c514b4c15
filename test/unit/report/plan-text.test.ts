import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change } from "../../../src/model/change.ts";
import { formatPlan } from "../../../src/report/plan-text.ts";
import { textDiff } from "../../../src/report/text-diff.ts";
import { assertGolden } from "../../support/golden.ts";
import { plan as create } from "./plans/create.ts";
import { plan as mixed } from "./plans/mixed.ts";
import { plan as nothing } from "./plans/nothing.ts";
import { change, manyInstances, planOf } from "./support.ts";

for (const [name, plan] of Object.entries({ create, mixed, nothing })) {
  test(`the plan "${name}" as text`, () => {
    assertGolden(new URL(`plans/${name}.golden.txt`, import.meta.url), formatPlan(plan, { color: false }));
  });
}

test("colours are the same text with codes around it", () => {
  const colored = formatPlan(mixed, { color: true });
  assert.notEqual(colored, formatPlan(mixed, { color: false }));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this takes away
  assert.equal(colored.replace(/\u001b\[[0-9;]*m/g, ""), formatPlan(mixed, { color: false }));
});

test("secrets appear in no plan", () => {
  assert.doesNotMatch(formatPlan(mixed, { color: false }), /hunter/);
});

test("nothing from a host steers the terminal", () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  assert.doesNotMatch(formatPlan(mixed, { color: false }), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
});

test("the last line is the summary of the plan", () => {
  const lastLine = (...given: Parameters<typeof formatPlan>) =>
    formatPlan(...given)
      .trimEnd()
      .split("\n")
      .at(-1);
  assert.equal(lastLine(create, { color: false }), "Plan: 7 to add, 0 to change, 0 to destroy.");
  assert.equal(lastLine(mixed, { color: false }), "Plan: 1 to add, 3 to change, 3 to destroy.");
  assert.equal(lastLine(nothing, { color: false }), "No changes. The host matches the configuration.");
  assert.equal(lastLine(nothing, { color: false, command: "destroy" }), "No changes. There is nothing to destroy.");
  const waits = planOf([], { pending: [{ address: "domain/web", fields: [{ path: "vcpus", old: 1, new: 2, cause: "config" }] }] });
  assert.equal(
    lastLine(waits, { color: false, command: "drift" }),
    "No changes. What is stored matches the configuration; 1 guest waits for a restart.",
  );
  for (const command of ["plan", "apply"])
    assert.equal(
      lastLine(planOf([], { excluded: ["domain/web"] }), { color: false, command }),
      "No changes. All included objects match the configuration.",
    );
  const unreachable = planOf([], {
    complete: false,
    diagnostics: [{ severity: "error", code: "x", summary: "The host does not answer", detail: "" }],
  });
  assert.match(lastLine(unreachable, { color: false }) ?? "", /^Plan incomplete: /);
  const refused = planOf([change("domain/a", "create")], {
    diagnostics: [{ severity: "error", code: "x", summary: "Too large", detail: "" }],
  });
  assert.match(lastLine(refused, { color: false }) ?? "", /^Plan has 1 error; fix it before applying/);
});

test("the difference of long texts is bounded in length and in time", () => {
  const numbered = (prefix: string, lines: number) => Array.from({ length: lines }, (_, index) => `${prefix}${index}\n`).join("");
  const added = textDiff("", numbered("line ", 500));
  assert.equal(added.length, 61);
  assert.match(added.at(-1)?.[0]?.text ?? "", /440 more lines/);
  assert.match(textDiff(numbered("a", 50_000), numbered("b", 50_000))[0]?.[0]?.text ?? "", /entirely different: 50001 lines → 50001 lines/);
});

test("the time to format a plan grows no faster than the plan", () => {
  const best = (count: number) => {
    const plan = manyInstances(count);
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round += 1) {
      // Processor time: other tests run beside this one.
      const started = process.cpuUsage();
      assert.ok(formatPlan(plan, { color: true, each: true }).length > count * 100);
      assert.match(formatPlan(plan, { color: false }), new RegExp(`\\(${count} alike\\)`));
      least = Math.min(least, process.cpuUsage(started).user);
    }
    return least;
  };
  best(50);
  const ratio = best(2000) / best(250);
  assert.ok(ratio < 32, `eight times the instances took ${ratio.toFixed(1)} times as long`);
});

test("a new domain shows its configured fields and counts the rest; an update shows all fields, with a new device as one line", () => {
  const paths = {
    name: "web",
    memory: 2 ** 30,
    clock: "utc",
    prevent_destroy: false,
    "disks.vda.bus": "virtio",
    "disks.vda.device": "disk",
    "disks.vda.format": "qcow2",
    "disks.vda.cache": "none",
    "interfaces.52:54:00:00:00:01.type": "bridge",
    "interfaces.52:54:00:00:00:01.source": "br0",
  };
  const side = (name: "old" | "new") => Object.entries(paths).map(([path, value]) => ({ path, [name]: value }));
  const text = (verb: "create" | "delete" | "update", fields: ReturnType<typeof side>) =>
    formatPlan(planOf([change("domain/web", verb, { fields })]), { color: false });
  const created = text("create", side("new"));
  assert.match(
    created,
    /\+ memory +1GiB\n {4}\+ disks\.vda +virtio disk, qcow2\n {4}\+ interfaces\.52:54:00:00:00:01 +bridge br0\n {6}and 3 fields more, in --json\n/,
  );
  assert.match(text("delete", side("old")), /- disks\.vda +virtio disk, qcow2\n/);
  const updated = text("update", side("new"));
  for (const path of Object.keys(paths).filter((name) => !/^(disks|interfaces)\./.test(name))) assert.ok(updated.includes(path), path);
  assert.match(updated, /\+ disks\.vda +virtio disk, qcow2\n {4}\+ interfaces\.52:54:00:00:00:01 +bridge br0\n/);
});

test("an update shows each field of a device that stays, and where a new disk is", () => {
  const text = (fields: Change["fields"]) => formatPlan(planOf([change("domain/web", "update", { fields })]), { color: false });
  const stays = text([
    { path: "disks.vda.bus", old: "scsi", new: "virtio" },
    { path: "disks.vda.read_bytes_sec", new: 1024 },
  ]);
  assert.match(stays, /~ disks\.vda\.bus +scsi → virtio\n {4}\+ disks\.vda\.read_bytes_sec +1024/);
  const comes = text([
    { path: "disks.vdb.device", new: "disk", effect: "live" },
    { path: "disks.vdb.bus", new: "virtio", effect: "live" },
    { path: "disks.vdb.source", new: "/srv/data", effect: "live" },
    { path: "disks.vdb.read_bytes_sec", new: 1024, effect: "live" },
  ]);
  assert.match(comes, /\+ disks\.vdb +virtio disk, \/srv\/data, read bytes sec 1024\n/);
  const mixed = text([
    { path: "disks.vdb.device", new: "disk", effect: "live" },
    { path: "disks.vdb.cache", new: "none", effect: "next_boot" },
  ]);
  assert.match(mixed, /\+ disks\.vdb\.device/);
});
