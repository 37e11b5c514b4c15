/** What every effect of a killed process throws, for ever. */
export class Killed extends Error {
  override readonly name = "Killed";
  constructor(what: string) {
    super(`the process was killed at: ${what}`);
  }
}

/** The life of one process on the machine: its effects in order, and when it is to die. */
export interface Life {
  readonly effects: readonly string[];
  readonly dead: boolean;
  /** Lets `count` more effects of its whole life happen and kills it at the next; `half`: that one is half done. */
  dieAfter(count: number, half: boolean): void;
  /** Throws when the process is dead: a dead process does not even look. */
  check(what: string): void;
  /** One effect. `half` leaves behind what a kill in the middle of it would; without it the dying effect leaves nothing. */
  effect<T>(what: string, whole: () => T, half?: () => void): T;
  /** Kills it between two effects. */
  kill(): void;
  /** Called once when it dies. */
  onDeath(end: () => void): void;
}

/** A process that has done nothing yet. */
export function createLife(): Life {
  const effects: string[] = [];
  const ends: (() => void)[] = [];
  let limit = Number.POSITIVE_INFINITY;
  let halfway = false;
  let dead = false;
  const life: Life = {
    effects,
    get dead() {
      return dead;
    },
    dieAfter(count, half) {
      limit = count;
      halfway = half;
    },
    check(what) {
      if (dead) throw new Killed(what);
    },
    effect(what, whole, half) {
      life.check(what);
      if (effects.length >= limit) {
        if (halfway) half?.();
        life.kill();
        throw new Killed(what);
      }
      effects.push(what);
      return whole();
    },
    kill() {
      if (dead) return;
      dead = true;
      for (const end of ends) end();
    },
    onDeath(end) {
      ends.push(end);
    },
  };
  return life;
}
