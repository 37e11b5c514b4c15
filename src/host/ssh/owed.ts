import type { HelperRequest } from "./helper.ts";

/** What the helper program on the host still has to do when the connection ends. */
export interface Owed {
  /** Notes a request that goes out. The result is called with the message of its answer, or without one when none came. */
  asked(request: HelperRequest): (answer?: Readonly<Record<string, unknown>>) => void;
  /** No program or change is under way, no lock is held, and all names are on the disk. */
  readonly nothing: boolean;
}

/** Keeps account of it from the requests and their answers. An end that owes nothing need not be waited for. */
export function createOwed(): Owed {
  const locks = new Set<unknown>();
  let running = 0;
  /** Changes whose names are put on the disk later: sent, answered, and how many of them a complete settling has covered. */
  let [sent, answered, settled] = [0, 0, 0];

  return {
    asked(request) {
      const { op, lock } = request;
      // Looks owe nothing, and connections to sockets are closed by the end itself.
      if (op === "look" || op === "dial") return () => undefined;
      running += 1;
      const isLater = op === "change" && request["later"] === true;
      if (isLater) sent += 1;
      if (op === "lock" && request["do"] === "try") locks.add(lock);
      // What is still under way may put its names on the list after the settling has read it.
      const covers = op === "settle" && request["paths"] === null && sent === answered ? sent : undefined;
      return (answer) => {
        if (answer === undefined) return;
        running -= 1;
        if (isLater) answered += 1;
        if (covers !== undefined && answer["error"] === undefined) settled = covers;
        if (op !== "lock") return;
        if (answer["later"] === true) sent = answered += 1;
        const isHeld =
          request["do"] === "try" ? answer["verdict"] === "held" || answer["error"] !== undefined : answer["released"] !== true;
        if (!isHeld) locks.delete(lock);
      };
    },
    get nothing() {
      return running === 0 && locks.size === 0 && settled === sent;
    },
  };
}
