import { userError } from "../../src/model/errors.ts";
import type { LockRequest } from "../../src/model/host.ts";

interface Waiter {
  readonly owner: object;
  readonly purpose: string;
  readonly go: () => void;
  /** Its owner is dead: it waits for nothing, and its time-out does not keep the test running. */
  readonly die: () => void;
}

interface Held {
  readonly owner: object;
  readonly purpose: string;
  readonly waiting: Waiter[];
}

/** Exclusive locks by path, first come first served. A dead owner's locks are gone with it. */
export interface Locks {
  hold<T>(owner: object, request: LockRequest, work: (lost: AbortSignal) => Promise<T>): Promise<T>;
  /** Takes it away from its holder, as removing the lock by hand does. */
  lose(path: string): void;
  /** Gives up everything that the owner holds or waits for. */
  release(owner: object): void;
  held(): string[];
  isHeld(path: string): boolean;
}

export function createLocks(): Locks {
  const locks = new Map<string, Held>();
  const losing = new Map<string, AbortController>();
  const pass = (path: string, held: Held) => {
    const next = held.waiting.shift();
    if (next === undefined) locks.delete(path);
    else {
      locks.set(path, { owner: next.owner, purpose: next.purpose, waiting: held.waiting });
      next.go();
    }
  };
  const take = async (owner: object, request: LockRequest): Promise<void> => {
    const held = locks.get(request.path);
    if (held === undefined) {
      locks.set(request.path, { owner, purpose: request.purpose, waiting: [] });
      return;
    }
    const refusal = () =>
      userError("locked", `Locked by ${held.purpose}`, "Wait until it is done, or allow more time with --lock-timeout.");
    if (request.timeoutMs === 0) throw refusal();
    request.onWait?.(held.purpose);
    const turn = Promise.withResolvers<void>();
    const waiter = { owner, purpose: request.purpose, go: turn.resolve, die: () => clearTimeout(timer) };
    held.waiting.push(waiter);
    const giveUp = (error: unknown) => {
      const list = locks.get(request.path)?.waiting ?? [];
      const at = list.indexOf(waiter);
      if (at >= 0) list.splice(at, 1);
      turn.reject(error);
    };
    const timer = setTimeout(() => giveUp(refusal()), request.timeoutMs);
    const aborted = () => giveUp(new Error("aborted"));
    request.signal?.addEventListener("abort", aborted);
    try {
      await turn.promise;
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener("abort", aborted);
    }
  };
  return {
    async hold(owner, request, work) {
      await take(owner, request);
      const lost = new AbortController();
      losing.set(request.path, lost);
      try {
        const result = await work(lost.signal);
        lost.signal.throwIfAborted();
        return result;
      } finally {
        const held = locks.get(request.path);
        if (held?.owner === owner && !lost.signal.aborted) pass(request.path, held);
      }
    },
    lose(path) {
      const held = locks.get(path);
      if (held === undefined) return;
      losing.get(path)?.abort(userError("lock-lost", `Lost the lock while running: ${held.purpose}`, ""));
      pass(path, held);
    },
    release(owner) {
      for (const [path, held] of [...locks]) {
        const { dead = [], rest = [] } = Object.groupBy(held.waiting, (waiter) => (waiter.owner === owner ? "dead" : "rest"));
        for (const waiter of dead) waiter.die();
        held.waiting.splice(0, held.waiting.length, ...rest);
        if (held.owner === owner) pass(path, held);
      }
    },
    isHeld: (path) => locks.has(path),
    held: () => [...locks.keys()].sort(),
  };
}
