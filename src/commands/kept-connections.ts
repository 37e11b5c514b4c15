import type { KeepConnections } from "../host/ssh/keep-connections.ts";
import { persistSeconds } from "../host/ssh/persist-seconds.ts";

/** The connections over ssh that a command leaves to later ones. */
export interface KeptConnections {
  /** What sessions of the command need for that. Undefined: connections end with it. Throws a UserError when the environment has no number of seconds. */
  readonly keep: () => KeepConnections | undefined;
  /** Leaves none of those that were used. */
  readonly giveUp: () => Promise<void>;
}

/** None so far. How long they stay is said by the environment. */
export function keptConnections(env: Readonly<Record<string, string | undefined>>): KeptConnections {
  const used: (() => Promise<void>)[] = [];
  return {
    keep() {
      const seconds = persistSeconds(env);
      return seconds === 0 ? undefined : { seconds, onUse: (giveUp) => void used.push(giveUp) };
    },
    async giveUp() {
      await Promise.all(used.splice(0).map((giveUp) => giveUp()));
    },
  };
}
