import type { PlannedAction } from "./plan.ts";

/** When an action starts and ends, in seconds from the start of the apply. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * When each action of a plan runs, by its id, if every action takes as long as `seconds` says: the first of those that may start is started as
 * soon as one of `parallelism` places is free, as an apply does it. Pure; takes n log n steps for n actions.
 */
export function simulateSchedule(
  actions: readonly PlannedAction[],
  seconds: (action: PlannedAction) => number,
  parallelism: number,
): ReadonlyMap<string, Span> {
  const turns = new Map(actions.map(({ id }, turn) => [id, turn]));
  const waits = actions.map(({ after }) => after.filter((id) => turns.has(id)).length);
  const followers: number[][] = actions.map(() => []);
  for (const [turn, { after }] of actions.entries()) {
    for (const id of after) followers[turns.get(id) ?? -1]?.push(turn);
  }
  const ready = createHeap();
  for (const [turn, count] of waits.entries()) if (count === 0) ready.push(turn);
  const locked = new Set<string>();
  const running: { readonly turn: number; readonly end: number }[] = [];
  const spans = new Map<string, Span>();
  let now = 0;
  let busy = 0;
  const places = (turn: number) => (actions[turn]?.idle === true ? 0 : 1);
  for (;;) {
    const held: number[] = [];
    while (busy < parallelism) {
      const turn = ready.pop();
      const action = turn === undefined ? undefined : actions[turn];
      if (turn === undefined || action === undefined) break;
      if (action.locks.some((lock) => locked.has(lock))) {
        held.push(turn);
        continue;
      }
      for (const lock of action.locks) locked.add(lock);
      const end = now + seconds(action);
      spans.set(action.id, { start: now, end });
      running.push({ turn, end });
      busy += places(turn);
    }
    for (const turn of held) ready.push(turn);
    const next = running.reduce<(typeof running)[number] | undefined>(
      (first, one) => (first && first.end <= one.end ? first : one),
      undefined,
    );
    if (next === undefined) return spans;
    running.splice(running.indexOf(next), 1);
    now = next.end;
    busy -= places(next.turn);
    for (const lock of actions[next.turn]?.locks ?? []) locked.delete(lock);
    for (const turn of followers[next.turn] ?? []) {
      waits[turn] = (waits[turn] ?? 0) - 1;
      if (waits[turn] === 0) ready.push(turn);
    }
  }
}

/** Numbers of which the smallest is taken first. */
function createHeap(): { push(value: number): void; pop(): number | undefined } {
  const heap: number[] = [];
  const at = (place: number) => heap[place] ?? Number.POSITIVE_INFINITY;
  const swap = (one: number, other: number) => {
    [heap[one], heap[other]] = [at(other), at(one)];
  };
  return {
    push(value) {
      heap.push(value);
      for (let place = heap.length - 1, above = (place - 1) >> 1; place > 0 && at(above) > at(place); above = (place - 1) >> 1) {
        swap(place, above);
        place = above;
      }
    },
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length === 0 || last === undefined) return first;
      heap[0] = last;
      for (let place = 0; ; ) {
        const [left, right] = [2 * place + 1, 2 * place + 2];
        const below = at(right) < at(left) ? right : left;
        if (at(below) >= at(place)) return first;
        swap(place, below);
        place = below;
      }
    },
  };
}
