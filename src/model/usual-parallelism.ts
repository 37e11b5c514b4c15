import type { Plan } from "./plan.ts";

/**
 * How many actions run at the same time where `--parallelism` does not say: on a host over ssh most of an action is waiting for the
 * network. Pure.
 */
export function usualParallelism({ target }: Pick<Plan, "target">): number {
  return /^[a-z]+\+ssh:/.test(target.uri) ? 10 : 4;
}
