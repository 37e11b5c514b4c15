import { setTimeout as pause } from "node:timers/promises";

/** Asks every `pauseMs` until there is an answer. Rejects after `seconds`, saying what was waited for and what was there. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => T | undefined | Promise<T | undefined>,
  state?: () => string | Promise<string>,
  pauseMs = 200,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline)
      throw new Error(`no ${what} within ${seconds} s${state === undefined ? "" : `; there was:\n${await state()}`}`);
    await pause(pauseMs);
  }
}
