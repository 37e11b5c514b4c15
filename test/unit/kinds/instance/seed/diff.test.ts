import assert from "node:assert/strict";
import { test } from "node:test";
import { diffSeed } from "../../../../../src/kinds/instance/seed/diff.ts";
import { publicSeed, seedDigest } from "../../../../../src/kinds/instance/seed/public.ts";
import type { SeedState } from "../../../../../src/kinds/instance/seed/state.ts";
import type { SeedSpec } from "../../../../../src/kinds/terms/spec.ts";
import type { Change } from "../../../../../src/model/change.ts";
import { fullSpec, seedSpec, uuid } from "./fixtures.ts";

const stopped = { running: false };
const running = { running: true };

/** The drive as it is after `spec` was applied. */
function built(spec: SeedSpec, over: Partial<SeedState> = {}): SeedState {
  const digest = seedDigest(spec);
  return {
    uuid,
    instance: spec.instance,
    format: spec.format,
    backend: spec.disk.backend,
    place: spec.disk.place,
    digest,
    intact: true,
    missing: false,
    applied: publicSeed(spec),
    ...over,
  };
}

function diff(want: SeedSpec | undefined, have: SeedState | undefined, situation = stopped): Change {
  const change = diffSeed("seed/web-0", want, have, situation);
  assert.ok(change !== undefined, "there is a change");
  return change;
}

const shown = ({ fields }: Change) => fields.map(({ path, old, new: wanted }) => [path, old, wanted]);
const full = fullSpec("/i");

test("a drive that is as it should be needs nothing", () => {
  assert.equal(diffSeed("seed/web-0", full, built(full), running), undefined);
  assert.equal(diffSeed("seed/web-0", undefined, undefined, stopped), undefined);
});

test("a first drive is created", () => {
  const change = diff(seedSpec("/i", { metadata: { role: "web" } }), undefined);
  assert.deepEqual([change.verb, change.cause, change.before], ["create", "config", null]);
  assert.deepEqual(change.fields.find(({ path }) => path === "metadata.role")?.new, "web");
  const [action] = change.actions;
  assert.equal(action?.id, "seed/web-0#create");
  assert.deepEqual(action?.makes, ["seed/web-0"]);
  assert.deepEqual(action?.locks, [`instance/${uuid}`]);
  assert.equal(action?.effect, "none");
});

test("fields name what changed as the configuration does", () => {
  const want = fullSpec("/i", {
    hostname: "new",
    metadata: { role: "db", "a key": full.metadata["a key"] ?? "" },
    publicKeys: { ops: "ssh-ed25519 NEW", dev: full.publicKeys.dev ?? "" },
    interfaces: full.interfaces.slice(0, 2),
    userData: { text: "#cloud-config\n" },
  });
  const change = diff(want, built(full));
  assert.deepEqual([change.verb, change.cause], ["update", "config"]);
  assert.deepEqual(shown(change), [
    ["hostname", "web-1.example.org", "new"],
    ["metadata.role", "web", "db"],
    ["public_keys.ops", full.publicKeys.ops, "ssh-ed25519 NEW"],
    ["user_data", "sha256:36b0c9a94245 (2 lines)", "sha256:88c95955b024 (1 line)"],
    ["interfaces.2", "user 52:54:00:0a:0b:03", undefined],
  ]);
});

test("a running guest sees it at its next cold start, and the plan says so", () => {
  const want = fullSpec("/i", { hostname: "new" });
  const live = diff(want, built(full), running);
  assert.deepEqual([live.actions[0]?.effect, live.fields[0]?.effect], ["next_boot", "next_boot"]);
  assert.match(live.reason, /keeps the old drive until its next cold start \(stop and start, not a reboot in the guest\)/);
  assert.match(live.reason, /per-instance steps only for a new instance id/);
  const off = diff(want, built(full), stopped);
  assert.equal(off.actions[0]?.effect, "none");
  assert.match(off.reason, /at its next start/);
});

test("another format is a replacement", () => {
  const change = diff(fullSpec("/i", { format: "vfat" }), built(full));
  assert.equal(change.verb, "replace");
  assert.match(change.reason, /from iso9660 to vfat/);
  assert.deepEqual(shown(change), [["format", "iso9660", "vfat"]]);
});

test("a file changed by hand is drift, and both when the configuration changed too", () => {
  const change = diff(full, built(full, { intact: false }));
  assert.deepEqual([change.verb, change.cause, shown(change)], ["update", "drift", [["intact", false, true]]]);
  assert.match(change.reason, /changed by hand/);
  assert.equal(diff(fullSpec("/i", { hostname: "new" }), built(full, { intact: false })).cause, "both");
});

test("a file deleted by hand is drift and made again", () => {
  const change = diff(full, built(full, { intact: false, missing: true }), running);
  assert.deepEqual([change.verb, change.cause, change.before], ["create", "drift", null]);
  assert.match(change.reason, /deleted by hand/);
});

test("a drive whose making was interrupted is created", () => {
  const change = diff(full, built(full, { intact: false, missing: true, applied: null, digest: null }));
  assert.deepEqual([change.verb, change.cause], ["create", "config"]);
  assert.match(change.reason, /interrupted/);
});

test("a changed secret is a change without a value", () => {
  const change = diff(full, built(full, { changedSecrets: ["admin_password"] }), running);
  assert.deepEqual([change.verb, change.cause], ["update", "config"]);
  assert.deepEqual(
    change.fields.map(({ path, sensitive }) => [path, sensitive]),
    [["admin_password", true]],
  );
  assert.match(change.reason, /a secret that it holds changed/);
});

test("of two secrets only the one that changed is named, and one that is now given another way is no changed value", () => {
  const secretData = fullSpec("/i", { userData: { env: "WEB_DATA" } });
  const change = diff(secretData, built(secretData, { changedSecrets: ["user_data"] }), running);
  assert.deepEqual(
    change.fields.map(({ path }) => path),
    ["user_data"],
  );
  const elsewhere = fullSpec("/i", { userData: { env: "OTHER_DATA" } });
  const moved = diff(elsewhere, built(secretData, { changedSecrets: ["user_data"] }), running);
  assert.deepEqual(shown(moved), [["user_data", "from the environment variable WEB_DATA", "from the environment variable OTHER_DATA"]]);
  assert.doesNotMatch(moved.reason, /secret/);
});

test("a password that is added or taken away shows as sensitive", () => {
  const without = fullSpec("/i", { adminPassword: null });
  const added = diff(full, built(without)).fields;
  assert.deepEqual([added.length, added[0]?.path, added[0]?.sensitive, "old" in (added[0] ?? {})], [1, "admin_password", true, false]);
  const taken = diff(without, built(full)).fields;
  assert.deepEqual([taken.length, taken[0]?.path, taken[0]?.sensitive, "new" in (taken[0] ?? {})], [1, "admin_password", true, false]);
});

test("an unwanted config drive is removed after the domain is redefined without it", () => {
  const change = diff(undefined, built(full), running);
  assert.deepEqual([change.verb, change.after, change.actions[0]?.type], ["delete", null, "seed.remove"]);
  assert.deepEqual(change.actions[0]?.args, { uuid, instance: "web-0" });
  assert.deepEqual(change.actions[0]?.needs, ["domain/web-0:gone", "domain/web-0:defined"]);
});

test("plans are plain data", () => {
  for (const change of [diff(full, undefined), diff(fullSpec("/i", { hostname: "new" }), built(full)), diff(undefined, built(full))]) {
    assert.deepEqual(JSON.parse(JSON.stringify(change)), change);
  }
});
