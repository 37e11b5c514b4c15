/**
 * Does work with each value, in their order and with at most `most` of them at a time. Rejects as soon as the work with one of them does.
 *
 * Where a thousand promises are made at once, V8 moves those that wait to the old generation, and with them everything that they resolve to: every
 * definition of a guest would be copied twice and stay in memory.
 */
export async function forEachAtOnce<Value>(
  values: readonly Value[],
  most: number,
  work: (value: Value, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < values.length) {
      const index = next;
      next += 1;
      await work(values[index] as Value, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, values.length) }, worker));
}
