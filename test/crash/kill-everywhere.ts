import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Machine } from "../fake-host/machine.ts";
import { fingerprintSparse } from "../fake-host/sparse.ts";
import { apply, planOf, runOn, strangers, summary } from "./world.ts";

/** Files that hold times or random bytes and so differ between runs: whether they are right, a plan has to say. */
export const accidental = /\/journal\/|\/disk\.config$|\/virtform\.json$|\/console\.log(?:\.previous-\d)?$|\/_base\/[0-9a-f]{40}\.json$/;

/**
 * Besides, a power cut may cost `libvirt.xml`, which is for people and written again by the next definition, and leave the ledger of claims,
 * which are void.
 */
const lostWithPower = new RegExp(`${accidental.source}|\\/libvirt\\.xml$|\\/capacity\\.json$`);

function ignoredAfter(way: Way): RegExp {
  return way.startsWith("power cut, unsynced") ? lostWithPower : accidental;
}

/** Contents of the base images by name; they never change once they exist. */
function baseDigests(machine: Machine): Map<string, string> {
  const bases = machine.files.walk().filter(([path]) => /\/_base\/[0-9a-f]{40}$/.test(path));
  return new Map(bases.map(([path, { content }]) => [path, fingerprintSparse(content)]));
}

/** Unfinished files below a directory. */
export function leftovers(machine: Machine, directory = "/var/lib/virtform"): string[] {
  return machine.files
    .walk()
    .map(([path]) => path)
    .filter((path) => path.startsWith(`${directory}/`) && /\.(part|converted|copy|copy\.json|tmp)$|_del$|_del\//.test(path));
}

/** From one machine with one command to what must be in the end. */
export interface Story {
  readonly from: Machine;
  readonly yaml: string;
  readonly destroy?: boolean;
  readonly images?: boolean;
  /** With --replace, until the objects were replaced. */
  readonly replace?: readonly string[];
  /** Environment of the command, for secrets. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * How the command ends early. A power cut leaves the effect half done, ends all guests and restarts the machine; one of the last two
 * drops the content of files that was not put on the disk, and the names that were not put there, or keeps those names.
 */
export type Way = "kill -9" | "power cut in the middle of an effect" | "power cut, unsynced names lost" | "power cut, unsynced names kept";

/** What a kill at one effect leaves. */
export interface KilledState {
  /** Effects that were whole before. */
  readonly count: number;
  /** The effect that the kill fell into. */
  readonly effect: string;
  readonly machine: Machine;
}

function optionsOf(story: Story) {
  return { destroy: story.destroy ?? false, images: story.images ?? false, replace: story.replace ?? [], env: story.env ?? {} };
}

/**
 * What a kill at each effect of the story leaves, from one undisturbed run. A killed process loses everything but the machine,
 * so a clone that is taken before effect n is what a kill at effect n would leave.
 */
export async function killedStates(story: Story, way: Way): Promise<{ readonly states: readonly KilledState[]; readonly end: Machine }> {
  const end = story.from.clone();
  end.files.syncAll();
  const host = end.boot();
  const states: KilledState[] = [];
  host.onEffect((count, effect, half) => {
    const machine = end.clone();
    if (way !== "kill -9") half?.(machine.files);
    if (way === "power cut, unsynced names lost") machine.files.cutPower("lost");
    if (way === "power cut, unsynced names kept") machine.files.cutPower("kept");
    states.push({ count, effect, machine });
  });
  const { verdict, outcomes, plan } = await apply(await runOn(host, story.yaml, optionsOf(story)));
  assert.ok(
    verdict === "done" || verdict === "nothing-to-do",
    `undisturbed: ${verdict}: ${JSON.stringify([...outcomes, ...plan.diagnostics])}`,
  );
  return { states, end };
}

/** What a kill at effect `count` of the story really leaves; undefined when the story has no such effect. */
export async function replayedState(story: Story, way: Way, count: number): Promise<Machine | undefined> {
  const machine = story.from.clone();
  const victim = machine.boot();
  victim.dieAfter(count, { half: way !== "kill -9" });
  await apply(await runOn(victim, story.yaml, optionsOf(story))).catch((error: unknown) => {
    if (!victim.dead) throw error;
  });
  return victim.dead ? machine : undefined;
}

/**
 * Kills the command at effect 0, 1, 2, … . Each time the same command is run again and must come to the end that it would have
 * come to undisturbed. States that equal an earlier one are tried once. Returns the number of effects.
 */
export async function killEverywhere(story: Story, way: Way): Promise<number> {
  const { states, end } = await killedStates(story, way);
  const seen = new Set<string>();
  const expected: Expected = {
    lines: end.snapshot(ignoredAfter(way)),
    bases: baseDigests(end),
    strangers: strangers(story.from),
  };
  for (const state of states) {
    // In the middle of many like one another a kill shows nothing that the first and the last of them do not.
    if ([-2, -1, 0, 1].every((offset) => states[state.count + offset]?.effect.startsWith("mcopy ") === true)) continue;
    const digest = createHash("sha256").update(state.machine.snapshot().join("\n")).digest("hex");
    if (seen.has(digest)) continue;
    seen.add(digest);
    await recovers(story, way, state, expected);
  }
  return states.length;
}

/** What the undisturbed run left. */
interface Expected {
  readonly lines: readonly string[];
  readonly bases: ReadonlyMap<string, string>;
  readonly strangers: readonly string[];
}

/** Runs the command again on what a kill left, and compares with the undisturbed end. */
async function recovers(story: Story, way: Way, { count, effect, machine }: KilledState, expected: Expected): Promise<void> {
  const when = `killed after effect ${count} (at ${effect})`;
  const guestsWere = machine.libvirtd.all().filter(({ name, live }) => name !== "stranger" && live !== undefined).length;
  const host = way === "kill -9" ? machine.boot() : machine.reboot();
  if (way !== "kill -9") restartStranger(machine);
  const second = await apply(await runOn(host, story.yaml, optionsOf(story)));
  assert.ok(
    second.verdict === "done" || second.verdict === "nothing-to-do",
    `${when}: ${second.verdict}: ${JSON.stringify([...second.outcomes.filter(({ status }) => status !== "done"), ...second.plan.diagnostics])}`,
  );
  const third = await planOf(await runOn(machine.boot(), story.yaml, { ...optionsOf(story), replace: [] }));
  assert.deepEqual(summary(third), [], `${when}: the third plan is not empty; ${guestsWere} guests ran`);
  assert.deepEqual(third.diagnostics, [], when);

  assert.deepEqual(leftovers(machine), [], when);
  assert.deepEqual(machine.locks.held(), [], when);
  assert.deepEqual(strangers(machine), expected.strangers, when);
  assert.deepEqual(baseDigests(machine), expected.bases, when);
  assert.deepEqual(machine.snapshot(ignoredAfter(way)), expected.lines, when);
}

function restartStranger(machine: Machine): void {
  const stranger = machine.libvirtd.find("stranger");
  if (stranger !== undefined) machine.libvirtd.start(stranger);
}
