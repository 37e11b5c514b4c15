import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { phaseValue } from "../../../src/commands/phase-value.ts";
import { openSession } from "../../../src/index.ts";
import { guests } from "../../crash/guests.ts";
import { applied, configOf, createWorld } from "../../crash/world.ts";
import { runMain } from "./run-main.ts";

test("a recorded host gives the plan of the host without it, and a profile of something else is refused", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "virtform-simulate-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const machine = createWorld();
  await applied(machine, guests());
  const { config, warnings } = await configOf(guests());
  const runner = { root: true, dataHome: "/root/.local/share" };
  await using session = await openSession(
    { config, diagnostics: warnings },
    { runner, lookUpSecret: () => undefined, openHost: async () => machine.boot() },
  );
  const profile = JSON.parse(JSON.stringify(await phaseValue("observe", session)));
  const file = async (name: string, content: unknown) => {
    await writeFile(join(directory, name), typeof content === "string" ? content : JSON.stringify(content));
    return join(directory, name);
  };
  const yaml = await file("virtform.yaml", guests());
  const larger = await file("larger.virtform.yaml", guests().replace("512MiB", "768MiB").replace("256MiB", "768MiB"));
  // An ordinary user has another instances path by default.
  const asRoot = process.getuid?.() === 0;
  const good = await file("kvm1.json", profile);
  const simulate = (path: string, ...more: string[]) => runMain(t, ["simulate", "--host-profile", path, ...more], {});
  if (asRoot) {
    const same = await simulate(good, yaml, "--detailed-exitcode");
    assert.equal(same.code, 0, same.stdout + same.stderr);
    assert.match(same.stdout, /^No changes\./m);
    const changed = await simulate(good, larger, "--detailed-exitcode");
    assert.equal(changed.code, 2, changed.stdout + changed.stderr);
    assert.match(changed.stdout, /~ memory +\S+ → 768MiB/);
  }
  for (const [head, message] of [
    [{ version: "0.0.1" }, /Its version of virtform is 0\.0\.1/],
    [{ image_cache_subdirectory_name: "images" }, /Its image_cache_subdirectory_name is images, and here it is not set/],
    [{ project: "other" }, /Its project is other, and here it is shop/],
  ] as const) {
    const refused = await simulate(await file("other.json", { ...profile, host_profile: { ...profile.host_profile, ...head } }), yaml);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, message);
  }
  for (const text of ["{", "[]", '{"facts":{},"states":{}}', "null"]) {
    const refused = await simulate(await file("bad.json", text), yaml);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is not the profile of a host/);
  }
  assert.match((await runMain(t, ["simulate", yaml], {})).stderr, /Missing option: --host-profile/);
});
