import assert from "node:assert/strict";
import type { Machine } from "../fake-host/machine.ts";
import { fingerprintSparse } from "../fake-host/sparse.ts";
import { applied, apply, planOf, root, runOn, strangers, summary } from "./world.ts";

/** What holds times or random bytes, so that it differs from run to run: whether it is right, a plan has to say. */
export const accidental = /\/journal\/|\/disk\.config$|\/virtform\.json$|\/console\.log$|\/_base\/[0-9a-f]{40}\.json$/;

/** Contents of the base images by name; they never change once they are there. */
function baseDigests(machine: Machine): Map<string, string> {
  const bases = machine.files.walk().filter(([path]) => /\/_base\/[0-9a-f]{40}$/.test(path));
  return new Map(bases.map(([path, { content }]) => [path, fingerprintSparse(content)]));
}

/** Files in the making that nobody makes. */
export function leftovers(machine: Machine): string[] {
  return machine.files
    .walk()
    .map(([path]) => path)
    .filter((path) => path.startsWith(root) && /\.(part|converted|tmp)$|_del$|_del\//.test(path));
}

/** From one machine with one command to what must be in the end. */
export interface Story {
  readonly from: Machine;
  readonly yaml: string;
  readonly destroy?: boolean;
  readonly images?: boolean;
  /** Environment of the command, for secrets. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Kills the command after effect 0, 1, 2, … until it gets through. Each time the same command is run again and must come to
 * the end that it would have come to undisturbed.
 */
export async function killEverywhere(story: Story, way: "kill -9" | "power cut in the middle of an effect"): Promise<number> {
  const options = { destroy: story.destroy ?? false, images: story.images ?? false, env: story.env ?? {} };
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
