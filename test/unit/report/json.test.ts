import assert from "node:assert/strict";
import { test } from "node:test";
import type { FoundInstance, FoundObject } from "../../../src/model/result.ts";
import { planJson } from "../../../src/report/json.ts";
import { resultText } from "../../../src/report/json-result.ts";
import { assertGolden } from "../../support/golden.ts";
import { plan as create } from "./plans/create.ts";
import { plan as mixed } from "./plans/mixed.ts";
import { change, failure, planOf, recordingReporter } from "./support.ts";

const head = { version: "0.1.0", now: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)) };

// biome-ignore lint/suspicious/noExplicitAny: read as any consumer of JSON reads it
type Loose = any;
const parsed = (plan: Parameters<typeof planJson>[0]): Loose => JSON.parse(JSON.stringify(planJson(plan, head)));

test("a plan as JSON", () => {
  assertGolden(new URL("plans/mixed.golden.json", import.meta.url), `${JSON.stringify(planJson(mixed, head), null, 2)}\n`);
});

test("a Terraform policy finds every destructive change by its actions, and what does not change is listed too", () => {
  const { resource_changes: changes } = parsed(mixed);
  const deleted = changes.filter((entry: Loose) => entry.change.actions.includes("delete")).map((entry: Loose) => entry.address);
  assert.deepEqual(deleted, ["disk/web-2.root", "disk/web-3.root", "domain/web-3"]);
  const image = changes.find((entry: Loose) => entry.address === "image/debian-13");
  assert.deepEqual([image.type, image.name, image.change.actions], ["image", "debian-13", ["no-op"]]);
  const replaced = changes.find((entry: Loose) => entry.address === "disk/web-2.root");
  assert.deepEqual(replaced.change.actions, ["delete", "create"]);
  assert.deepEqual(replaced.change.replace_paths, [["image"]]);
  assert.equal(replaced.action_reason, "replace_because_cannot_update");
  assert.deepEqual(replaced.change.virtform.destroys, ["20GiB disk web-2.root"]);
});

test("drift is what was found against what should be", () => {
  const { resource_drift: drift } = parsed(mixed);
  assert.deepEqual(
    drift.map((entry: Loose) => entry.address),
    ["disk/web-0.root", "domain/web-1"],
  );
  const gone = planOf([change("disk/a.root", "create", { cause: "drift", after: { size: 1 } })]);
  assert.deepEqual(parsed(gone).resource_drift[0].change.actions, ["delete"]);
});

test("secrets are marked and not shown", () => {
  const text = JSON.stringify(planJson(mixed, head));
  assert.doesNotMatch(text, /hunter/);
  const seed = parsed(mixed).resource_changes.find((entry: Loose) => entry.address === "seed/web-0");
  assert.deepEqual(seed.change.after_sensitive, { admin_password: true });
});

test("a plan that cannot be applied is marked as errored", () => {
  const unreachable = planOf([], {
    complete: false,
    diagnostics: [{ severity: "error", code: "host", summary: "The host does not answer", detail: "" }],
  });
  const { complete, errored, applyable, diagnostics } = parsed(unreachable);
  assert.deepEqual([complete, errored, applyable, diagnostics[0].code], [false, true, false, "host"]);
  assert.deepEqual([parsed(create).complete, parsed(create).errored, parsed(create).applyable], [true, false, true]);
});

test("plan --json writes one document and nothing else", async () => {
  const { reporter, stdout, stderr } = await recordingReporter({ format: "json" });
  reporter.event({ type: "plan", plan: mixed });
  await reporter.close();
  assert.equal(JSON.parse(stdout.text).format_version, "1.2");
  assert.equal(stderr.text, "");
});

test("apply --json writes one event per line", async () => {
  const { reporter, stdout, stderr, clock } = await recordingReporter({ format: "json", command: "apply" });
  const [image, disk, seed, define] = create.actions.map(({ id }) => id) as [string, string, string, string];
  reporter.event({ type: "waiting", holder: "pid 7 on kvm1" });
  reporter.event({ type: "plan", plan: create });
  reporter.event({ type: "apply.start", plan: create, actions: create.actions, parallelism: 4 });
  reporter.event({ type: "action.start", id: image });
  for (let tick = 0; tick < 50; tick += 1) {
    clock.milliseconds += 100;
    reporter.event({ type: "action.progress", id: image, progress: { done: tick * 1000, total: 50_000, phase: "download" } });
  }
  const done = { action: image, status: "done", milliseconds: 5000, diagnostics: [] } as const;
  reporter.event({ type: "action.end", id: image, outcome: done });
  reporter.event({ type: "action.start", id: disk });
  const failed = {
    action: disk,
    status: "failed",
    milliseconds: 40,
    diagnostics: failure("no space left on device", "no-space", "Free some."),
  } as const;
  reporter.event({ type: "action.end", id: disk, outcome: failed });
  const skipped = { action: define, status: "skipped", milliseconds: 0, diagnostics: [], because: disk } as const;
  reporter.event({ type: "action.end", id: define, outcome: skipped });
  reporter.event({ type: "apply.stopping" });
  reporter.event({
    type: "apply.end",
    plan: create,
    outcomes: [done, failed, skipped, { action: seed, status: "cancelled", milliseconds: 0, diagnostics: [] }],
    milliseconds: 6000,
  });
  await reporter.close();
  assert.equal(stderr.text, "");
  const lines: Loose[] = stdout.text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const line of lines)
    for (const key of ["@level", "@message", "@module", "@timestamp", "type"]) assert.equal(typeof line[key], "string");
  assert.equal(lines[0].type, "version");
  assert.equal(lines.filter(({ type }) => type === "apply_progress").length, 5, "at most one a second");
  assertGolden(new URL("plans/apply.golden.ndjson", import.meta.url), stdout.text);
});

test("two runners print the same plan whatever the order of what they found", () => {
  const backwards = { ...mixed, changes: mixed.changes.toReversed() };
  assert.equal(JSON.stringify(planJson(backwards, head)), JSON.stringify(planJson(mixed, head)));
});

test("list prints guests with nested fields, as show does, and interfaces by MAC address", () => {
  const known = { name: "web", uuid: "1", status: "active", reason: null, declared: true, power_state: "running", addresses: [] };
  const guest: FoundInstance = {
    ...known,
    ...{ vcpus: 1, memory: 1, image: null, flavor: null, interfaces: ["52:54:00:00:00:01"], disk_sizes: [{ name: "disk", size: 1 }] },
    ...{ "disks.vda.bus": "virtio", "interfaces.52:54:00:00:00:01.type": "network" },
    pending: { "disks.vda.bus": { active: "scsi", stored: "virtio" } },
  };
  const missing: FoundInstance = { ...guest, status: "missing", interfaces: [], disk_sizes: [] };
  const [one, two] = JSON.parse(
    resultText({ kind: "instances", instances: [guest, { ...known, ...missing, "disks.vda.bus": undefined } as never] }),
  );
  assert.deepEqual([one.disks, one.interfaces], [{ vda: { bus: "virtio" } }, { "52:54:00:00:00:01": { type: "network" } }]);
  assert.deepEqual([one.disk_sizes, one.pending], [guest.disk_sizes, guest.pending]);
  assert.equal(two.status, "missing");
  const bare = JSON.parse(
    resultText({
      kind: "instances",
      instances: [{ ...known, vcpus: 1, memory: 1, image: null, flavor: null, interfaces: [], disk_sizes: [] }],
    }),
  );
  assert.deepEqual(bare[0].interfaces, {});
});

test("show prints the objects of the host with nested fields, as a plan does", () => {
  const object: FoundObject = { address: "domain/a", state: { vcpus: 1, "disks.vda.bus": "virtio", foreign: { "disks.vda.iotune": "" } } };
  const expected = [{ address: "domain/a", state: { vcpus: 1, disks: { vda: { bus: "virtio" } }, foreign: { "disks.vda.iotune": "" } } }];
  const host = { project: "shop", uri: "qemu:///system", objects: [object], unmanaged: [] };
  assert.deepEqual(JSON.parse(resultText({ kind: "objects", objects: [object] })), { objects: expected });
  assert.deepEqual(JSON.parse(resultText({ kind: "hosts", hosts: [host] })), { objects: expected, unmanaged: [] });
});
