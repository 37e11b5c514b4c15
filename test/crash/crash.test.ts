import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { killEverywhere, leftovers } from "./kill-everywhere.ts";
import { type Shop, shop } from "./shop.ts";
import { applied, apply, createWorld, planOf, runOn, strangers, summary } from "./world.ts";

/** A machine on which this has been applied. */
async function after(yaml: string): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, yaml);
  return machine;
}

const updates: Readonly<Record<string, Shop>> = {
  "edited user data": { userData: "#cloud-config\nhostname: other\n" },
  "more memory": { memory: "512MiB" },
  "larger disks of running guests": { disk: "2GiB" },
  "a config drive of the other kind": { drive: "vfat" },
  "another image": { image: "fedora" },
  "guests powered off": { power: "stopped" },
  "everything at once": { userData: "#!/bin/sh\n", memory: "384MiB", disk: "3GiB", image: "fedora" },
  "an instance fewer": { instances: ["web"] },
};

for (const way of [
  "kill -9",
  "power cut in the middle of an effect",
  "power cut, unsynced names lost",
  "power cut, unsynced names kept",
] as const) {
  test(`create, ${way}`, async () => {
    const kills = await killEverywhere({ from: createWorld(), yaml: shop() }, way);
    assert.ok(kills > 100, `only ${kills} effects`);
  });

  for (const [name, change] of Object.entries(updates)) {
    test(`${name}, ${way}`, async () => {
      const kills = await killEverywhere({ from: await after(shop()), yaml: shop(change) }, way);
      assert.ok(kills >= 5, `only ${kills} effects`);
    });
  }

  test(`larger disks of stopped guests, ${way}`, async () => {
    await killEverywhere({ from: await after(shop({ power: "stopped" })), yaml: shop({ power: "stopped", disk: "2GiB" }) }, way);
  });

  test(`destroy, ${way}`, async () => {
    await killEverywhere({ from: await after(shop()), yaml: shop(), destroy: true }, way);
  });

  test(`destroy with images, ${way}`, async () => {
    const from = await after(shop());
    await killEverywhere({ from, yaml: shop(), destroy: true, images: true }, way);
  });
}

test("an apply that is killed at an effect of each attempt converges", async () => {
  const machine = createWorld();
  const untouched = strangers(machine);
  let attempts = 0;
  for (let dead = true; dead; attempts += 1) {
    const host = machine.boot();
    // A little further each time: otherwise a run that only repeats what was done before would never get anywhere.
    host.dieAfter(12 + attempts, { half: attempts % 2 === 0 });
    await apply(await runOn(host, shop())).catch((error: unknown) => {
      if (!host.dead) throw error;
    });
    dead = host.dead;
  }
  assert.ok(attempts > 3, `${attempts} attempts`);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), shop()))), []);
  assert.deepEqual(leftovers(machine), []);
  assert.deepEqual(strangers(machine), untouched);
});

test("the next apply reports the actions that a kill interrupted", async () => {
  const machine = createWorld();
  const host = machine.boot();
  host.dieAfter(20);
  await apply(await runOn(host, shop())).catch(() => undefined);
  assert.ok(host.dead);
  const { plan } = await apply(await runOn(machine.boot(), shop()));
  assert.ok(
    plan.diagnostics.some(({ severity, detail = "", summary: words }) => severity === "note" && /fetch|image\//.test(`${words} ${detail}`)),
    JSON.stringify(plan.diagnostics),
  );
});
