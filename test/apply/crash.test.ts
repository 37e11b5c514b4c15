import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { fingerprintSparse } from "../fake-host/sparse.ts";
import { type Shop, shop } from "./shop.ts";
import { applied, apply, createWorld, planOf, root, runOn, strangers, summary } from "./world.ts";

/** What holds times or random bytes, so that it differs from run to run: whether it is right, a plan has to say. */
const accidental = /\/journal\/|\/disk\.config$|\/virtform\.json$|\/console\.log$|\/_base\/[0-9a-f]{40}\.json$/;

/** Contents of the base images by name; they never change once they are there. */
function baseDigests(machine: Machine): Map<string, string> {
  const bases = machine.files.walk().filter(([path]) => /\/_base\/[0-9a-f]{40}$/.test(path));
  return new Map(bases.map(([path, { content }]) => [path, fingerprintSparse(content)]));
}

/** Files in the making that nobody makes. */
function leftovers(machine: Machine): string[] {
  return machine.files
    .walk()
    .map(([path]) => path)
    .filter((path) => path.startsWith(root) && /\.(part|converted|tmp)$|_del$|_del\//.test(path));
}

/** From one machine with one command to what must be in the end. */
interface Story {
  readonly from: Machine;
  readonly yaml: string;
  readonly destroy?: boolean;
  readonly images?: boolean;
}

/**
 * Kills the command after effect 0, 1, 2, … until it gets through. Each time the same command is run again and must come to
 * the end that it would have come to undisturbed.
 */
async function killEverywhere(story: Story, way: "kill -9" | "power cut in the middle of an effect"): Promise<number> {
  const options = { destroy: story.destroy ?? false, images: story.images ?? false };
  const undisturbed = story.from.clone();
  const { trace } = await applied(undisturbed, story.yaml, options);
  const expected = undisturbed.snapshot(accidental);
  const expectedBases = baseDigests(undisturbed);
  const untouched = strangers(story.from);

  for (let count = 0; ; count += 1) {
    // In the middle of many like one another a kill shows nothing that the first and the last of them do not.
    if ([-2, -1, 0, 1].every((offset) => trace[count + offset]?.startsWith("mcopy ") === true)) continue;
    const machine = story.from.clone();
    const victim = machine.boot();
    victim.dieAfter(count, { half: way !== "kill -9" });
    await apply(await runOn(victim, story.yaml, options)).catch((error: unknown) => {
      if (!victim.dead) throw error;
    });
    if (!victim.dead) return count;

    const when = `killed after effect ${count} (${victim.trace.at(-1)})`;
    const guestsWere = machine.libvirtd.all().filter(({ name, live }) => name !== "stranger" && live !== undefined).length;
    const host = way === "kill -9" ? machine.boot() : machine.reboot();
    if (way !== "kill -9") restartStranger(machine);
    const second = await apply(await runOn(host, story.yaml, options));
    assert.ok(
      second.verdict === "done" || second.verdict === "nothing-to-do",
      `${when}: ${second.verdict}: ${JSON.stringify([...second.outcomes.filter(({ status }) => status !== "done"), ...second.plan.diagnostics])}`,
    );
    const third = await planOf(await runOn(machine.boot(), story.yaml, options));
    assert.deepEqual(summary(third), [], `${when}: the third plan is not empty; ${guestsWere} guests ran`);
    assert.deepEqual(third.diagnostics, [], when);

    assert.deepEqual(leftovers(machine), [], when);
    assert.deepEqual(machine.locks.held(), [], when);
    assert.deepEqual(strangers(machine), untouched, when);
    assert.deepEqual(baseDigests(machine), expectedBases, when);
    assert.deepEqual(machine.snapshot(accidental), expected, when);
  }
}

function restartStranger(machine: Machine): void {
  const stranger = machine.libvirtd.find("stranger");
  if (stranger !== undefined) machine.libvirtd.start(stranger);
}

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

for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
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

test("killed at every effect of every attempt, it still gets there", async () => {
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

test("what a kill interrupted is told by the next apply", async () => {
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
