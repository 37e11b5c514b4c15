import type { HelperRequest } from "./helper.ts";

/** What the helper program on the host still has to do when the connection ends. */
export interface Owed {
  /** Notes a request that goes out. The result is called with the message of its answer, if one comes. */
  asked(request: HelperRequest): (answer: Readonly<Record<string, unknown>>) => void;
  /** No program or change is under way, no lock is held, and all names are on the disk. */
  readonly nothing: boolean;
}

/** Keeps account of it from the requests and their answers. An end that owes nothing need not be waited for. */
export function createOwed(): Owed {
  const locks = new Set<unknown>();
  let running = 0;
  /** Requests that left names for later, and how many of them a complete settling has covered. */
  let [left, settled] = [0, 0];

  return {
    asked(request) {
      const { op, lock } = request;
      // Looks owe nothing, and connections to sockets are closed by the end itself.
      if (op === "look" || op === "dial") return () => undefined;
      running += 1;
      const takes = op === "swap" || (op === "lock" && request["do"] === "try");
      if (takes) locks.add(lock);
      // Names that are left after this was sent may be on the list only after the settling has read it.
      const covers = (op === "settle" && request["paths"] === null) || request["settled"] === true ? left : undefined;
      return (answer) => {
        running -= 1;
        if (answer["later"] === true) left += 1;
        // Under a lock that was lost, nothing was settled.
        const isSettled = answer["error"] === undefined && (op === "settle" || answer["released"] === true);
        if (covers !== undefined && isSettled) settled = Math.max(settled, covers);
        if (answer["released"] === true) locks.delete(lock);
        if (takes && answer["verdict"] !== "held" && answer["error"] === undefined) locks.delete(lock);
      };
    },
    get nothing() {
      return running === 0 && locks.size === 0 && settled === left;
    },
  };
}
