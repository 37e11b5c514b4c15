import type { Action } from "../model/action.ts";
import type { Address } from "../model/address.ts";
import type { Change } from "../model/change.ts";
import type { Effect } from "../model/effect.ts";
import { exists } from "../model/fact.ts";
import { instanceOf } from "../model/presentation.ts";

/** The guests that these actions switch off and on again. */
export function restartedIn(actions: readonly Action[]): Set<Address> {
  const started = new Set(actions.flatMap(({ makes }) => makes));
  return new Set(actions.flatMap(({ effect, address }) => (effect === "restart" && started.has(exists(address)) ? [address] : [])));
}

/** Changes of parts of instances that the same plan restarts: what would wait for the next start takes effect with this restart. */
export function withRestarts(changes: readonly Change[]): Change[] {
  const restarted = restartedIn(changes.flatMap(({ actions }) => actions));
  if (restarted.size === 0) return [...changes];
  const instances = new Set([...restarted].map(instanceOf));
  const atRestart = <Part extends { readonly effect?: Effect }>(part: Part, effect: Effect): Part =>
    part.effect === effect ? { ...part, effect: "with_restart" } : part;
  const sooner = <Part extends { readonly effect?: Effect }>(part: Part) => atRestart(part, "next_boot");
  // An action that several changes name is one object's, and the same in all of them.
  const isRestarted = (address: Address) => {
    const instance = instanceOf(address);
    return instance !== undefined && instances.has(instance);
  };
  return changes.map((change) => {
    const kept = change.actions.filter((action) => action.withoutRestart !== true || !isRestarted(action.address));
    // What would be done live without the restart.
    const late =
      kept.length < change.actions.length ? <Part extends { readonly effect?: Effect }>(part: Part) => atRestart(part, "live") : sooner;
    return {
      ...change,
      fields: isRestarted(change.address) ? change.fields.map(late) : change.fields,
      actions: kept.map((action) => (isRestarted(action.address) ? late(action) : action)),
    };
  });
}
