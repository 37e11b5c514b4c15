/** Mutual exclusion within this process, by name. */
interface Mutexes {
  /** Runs `work` while nothing else runs under any of the names. */
  hold<T>(names: readonly string[], work: () => Promise<T>): Promise<T>;
}

/** Names are taken in sorted order, so that two actions can never wait for one another. */
export function createMutexes(): Mutexes {
  const tails = new Map<string, Promise<unknown>>();
  const holdOne = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const turn = (tails.get(name) ?? Promise.resolve()).then(work, work);
    const settled = turn.catch(() => undefined);
    tails.set(name, settled);
    void settled.then(() => {
      if (tails.get(name) === settled) tails.delete(name);
    });
    return turn;
  };
  return {
    hold: (names, work) =>
      [...new Set(names)].sort().reduceRight<() => Promise<unknown>>((inner, name) => () => holdOne(name, inner), work)() as ReturnType<
        typeof work
      >,
  };
}
