import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { guests } from "./guests.ts";
import { accidental, killedStates, replayedState, type Story } from "./kill-everywhere.ts";
import { shop } from "./shop.ts";
import { applied, createWorld } from "./world.ts";

/** A snapshot without random names, and without the digest of what holds times or random bytes. */
function linesOf(machine: Machine | undefined): string[] | undefined {
  return machine?.snapshot().map((line) => {
    const [path = "", mode, size, digest] = line.split(" ");
    const fixed = path.replace(/\.[0-9a-f]{8}\.part$/, ".part");
    // Times have more digits or fewer.
    const length = path.includes("/journal/rates.json") ? "" : size;
    return line.startsWith("/")
      ? [fixed, mode, length, accidental.test(path.replace(/(?:\.part|\.[0-9-]+\.tmp)+$/, "")) ? "" : digest].join(" ")
      : line;
  });
}

const stories: Readonly<Record<string, () => Promise<Story>>> = {
  create: async () => ({ from: createWorld(), yaml: guests({ ephemeral: "1GiB" }) }),
  "change and destroy": async () => {
    const from = createWorld();
    await applied(from, shop());
    return { from, yaml: shop(), destroy: true, images: true };
  },
};

for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
  for (const [name, story] of Object.entries(stories)) {
    test(`a clone taken before an effect is what a kill at that effect leaves: ${name}, ${way}`, async () => {
      const told = await story();
      const { states } = await killedStates(told, way);
      assert.ok(states.length > 10, `only ${states.length} effects`);
      for (const { count, effect, machine } of states) {
        const replayed = await replayedState(told, way, count);
        assert.deepEqual(linesOf(machine), linesOf(replayed), `effect ${count}: ${effect}`);
      }
      assert.equal(await replayedState(told, way, states.length), undefined, "the run has more effects than states");
    });
  }
}
