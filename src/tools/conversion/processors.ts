/** Numbers of the processors that a process may use, from its `/proc/PID/status`. Empty where that does not name them. Pure. */
export function parseAllowedProcessors(status: string): readonly number[] {
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status)?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined) return [];
    return Array.from({ length: Math.max(0, Number(last ?? first) - Number(first) + 1) }, (_, index) => Number(first) + index);
  });
}

/** How long each processor has been idle since the start of the machine, in ticks of the kernel, from `/proc/stat`. Pure. */
export function parseIdleTimes(stat: string): ReadonlyMap<number, number> {
  const lines = stat.matchAll(/^cpu(\d+) \d+ \d+ \d+ (\d+) (\d+)/gm);
  return new Map([...lines].map(([, processor, idle, waiting]) => [Number(processor), Number(idle) + Number(waiting)]));
}

/**
 * At most `most` of these processors: those that were idle the longest between two looks. Which of equal ones is left to `random`, so that several runs of
 * virtform do not choose the same. Pure but for `random`.
 */
export function pickIdle(
  allowed: readonly number[],
  most: number,
  [before, after]: readonly [ReadonlyMap<number, number>, ReadonlyMap<number, number>],
  random: () => number,
): readonly number[] {
  const idleTime = (processor: number) => (after.get(processor) ?? 0) - (before.get(processor) ?? 0);
  return allowed
    .map((processor) => ({ processor, idle: idleTime(processor), chance: random() }))
    .sort((a, b) => b.idle - a.idle || a.chance - b.chance)
    .slice(0, most)
    .map(({ processor }) => processor);
}
