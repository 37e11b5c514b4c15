import type { FileTree } from "./file-tree.ts";

/** What a kill in the middle of an effect leaves, done to these files: those of the machine or of a clone. */
export type Half = (files: FileTree) => void;

/** Told before each effect: how many came before, what it is, and its half where it has one. */
export type OnEffect = (count: number, what: string, half: Half | undefined) => void;

/** What every effect of a killed process throws. */
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
  /** Calls back before each effect, while the machine is as a kill at this effect would leave it. */
  onEffect(call: OnEffect): void;
  /** Throws when the process is dead: a dead process does not even look. */
  check(what: string): void;
  /** One effect. `half` leaves behind what a kill in the middle of it would; without it the dying effect leaves nothing. */
  effect<T>(what: string, whole: () => T, half?: Half): T;
  /** Kills it between two effects. */
  kill(): void;
  /** Called once when it dies. */
  onDeath(end: () => void): void;
}

/** A process on a machine with these files that has done nothing yet. */
export function createLife(files: FileTree): Life {
  const effects: string[] = [];
  const ends: (() => void)[] = [];
  const calls: OnEffect[] = [];
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
    onEffect: (call) => void calls.push(call),
    check(what) {
      if (dead) throw new Killed(what);
    },
    effect(what, whole, half) {
      life.check(what);
      for (const call of calls) call(effects.length, what, half);
      if (effects.length >= limit) {
        if (halfway) half?.(files);
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
