/** Something to run: a check, a build, or a file of tests. */
export interface Task {
  readonly name: string;
  /** How long it is expected to take. */
  readonly seconds: number;
  /** The part of a processor that it is expected to use, up to 1: many tests wait for a guest or a daemon most of the time. */
  readonly load: number;
  /** Names of tasks that must have succeeded before. */
  readonly after: readonly string[];
  /** Tasks that share something run side by side; one that needs it alone runs while no other uses it. */
  readonly libvirt: "unused" | "shared" | "alone";
}

/** How a task ended. `blocked` names the task before it that did not succeed. */
export type End = { readonly ok: boolean } | { readonly blocked: string };

/** Seconds from the start of each task to the end of everything that waits for it: what to start first. */
export function ranks(tasks: readonly Task[]): ReadonlyMap<string, number> {
  const known = new Map<string, number>();
  const rank = (task: Task): number => {
    const found = known.get(task.name);
    if (found !== undefined) return found;
    const later = tasks.filter(({ after }) => after.includes(task.name)).map(rank);
    const value = task.seconds + Math.max(0, ...later);
    known.set(task.name, value);
    return value;
  };
  for (const task of tasks) rank(task);
  return known;
}

/**
 * Picks the task to start next, or undefined while all that wait have to go on waiting. A task that needs libvirt alone goes
 * before those that share it, which wait for it.
 */
export function pick(
  waiting: readonly Task[],
  running: readonly Task[],
  succeeded: ReadonlySet<string>,
  rank: ReadonlyMap<string, number>,
): Task | undefined {
  const ready = waiting
    .filter(({ after }) => after.every((name) => succeeded.has(name)))
    .sort((a, b) => (rank.get(b.name) ?? 0) - (rank.get(a.name) ?? 0));
  const inUse = running.filter(({ libvirt }) => libvirt !== "unused");
  const alone = ready.find(({ libvirt }) => libvirt === "alone");
  if (alone !== undefined && inUse.length === 0) return alone;
  const reserved = alone !== undefined || inUse.some(({ libvirt }) => libvirt === "alone");
  return ready.find(({ libvirt }) => libvirt === "unused" || (libvirt === "shared" && !reserved));
}

/** How many processors tasks use at a time on average, when each needs one for its load and they do so independently. */
export function processorsInUse(loads: readonly number[], slots: number): number {
  // At index n the probability that n of them need a processor now.
  let needing = [1];
  for (const load of loads) needing = [...needing, 0].map((same, n) => same * (1 - load) + (needing[n - 1] ?? 0) * load);
  return needing.reduce((sum, probability, n) => sum + probability * Math.min(n, slots), 0);
}

/** Tasks are started until this part of the processors is in use on average. With more, tests wait for processors and miss deadlines. */
const enough = 0.9;
/** The most tasks for each processor: each takes memory as well. With three, files of low load left a quarter of the processors idle. */
const mostPerProcessor = 5;
/** So many run for each processor however little memory is left. */
const alwaysPerProcessor = 3;

function isFull(running: readonly Task[], slots: number, hasRoom: () => boolean): boolean {
  const loads = running.map(({ load }) => load);
  if (running.length >= mostPerProcessor * slots || processorsInUse(loads, slots) >= enough * slots) return true;
  return running.length >= alwaysPerProcessor * slots && !hasRoom();
}

/**
 * Runs all tasks, on `slots` processors, those with the longest way to the end first. A task whose predecessor did not succeed is not run.
 * `hasRoom` says whether memory is left for more than a few at a time. Throws for a task that waits for one that does not exist.
 */
export async function runAll<T extends Task>(
  tasks: readonly T[],
  slots: number,
  run: (task: T) => Promise<boolean>,
  hasRoom: () => boolean = () => true,
): Promise<Map<T, End>> {
  const names = new Set(tasks.map(({ name }) => name));
  for (const { name, after } of tasks)
    for (const before of after) if (!names.has(before)) throw new Error(`${name} waits for ${before}, which does not exist`);
  const rank = ranks(tasks);
  const ends = new Map<T, End>();
  const succeeded = new Set<string>();
  const waiting = [...tasks];
  const running = new Map<T, Promise<void>>();
  while (waiting.length + running.size > 0) {
    for (;;) {
      const task = pick(waiting, [...running.keys()], succeeded, rank) as T | undefined;
      if (task === undefined || isFull([...running.keys()], slots, hasRoom)) break;
      waiting.splice(waiting.indexOf(task), 1);
      const work = run(task).then((ok) => {
        ends.set(task, { ok });
        if (ok) succeeded.add(task.name);
        running.delete(task);
      });
      running.set(task, work);
    }
    if (running.size > 0) await Promise.race(running.values());
    for (let blocked = firstBlocked(waiting, ends); blocked !== undefined; blocked = firstBlocked(waiting, ends)) {
      waiting.splice(waiting.indexOf(blocked.task), 1);
      ends.set(blocked.task, { blocked: blocked.by });
    }
    if (running.size === 0 && waiting.length > 0 && pick(waiting, [], succeeded, rank) === undefined)
      throw new Error(`These wait for each other: ${waiting.map(({ name }) => name).join(", ")}`);
  }
  return ends;
}

function firstBlocked<T extends Task>(
  waiting: readonly T[],
  ends: ReadonlyMap<T, End>,
): { readonly task: T; readonly by: string } | undefined {
  const failed = new Set([...ends].flatMap(([{ name }, end]) => ("ok" in end && end.ok ? [] : [name])));
  for (const task of waiting) {
    const by = task.after.find((name) => failed.has(name));
    if (by !== undefined) return { task, by };
  }
  return undefined;
}
