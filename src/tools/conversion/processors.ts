/** Numbers of the processors that a process may use, from its `/proc/PID/status`. Empty where that does not name them. Pure. */
export function parseAllowedProcessors(status: string): readonly number[] {
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status)?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined) return [];
    return Array.from({ length: Math.max(0, Number(last ?? first) - Number(first) + 1) }, (_, index) => Number(first) + index);
  });
}

/**
 * At most `most` of these processors, as far from each other as can be: neighbours may be threads of one core. `start`, 0 up to 1, turns the choice, so that
 * virtform on several projects does not use the same ones. Pure.
 */
export function pickProcessors(allowed: readonly number[], most: number, start: number): readonly number[] {
  const count = Math.min(most, allowed.length);
  const step = allowed.length / count;
  return Array.from({ length: count }, (_, index) => allowed[Math.floor((start + index) * step) % allowed.length] ?? 0);
}
