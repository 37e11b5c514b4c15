import type { Action } from "./action.ts";
import type { Address } from "./address.ts";
import type { Change } from "./change.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Event } from "./event.ts";
import type { Fact } from "./fact.ts";
import type { Outcome } from "./outcome.ts";
import type { Plan, PlannedAction } from "./plan.ts";

/** What happens to one action of a host. */
type ActionEvent = Extract<Event, { readonly type: `action.${string}` | "image" }>;

/** Names the host in what is said about it, for sessions with several hosts. Ids of actions and facts begin with an address, so they get it too. */
export interface OnHost {
  diagnostic(given: Diagnostic): Diagnostic;
  outcome(given: Outcome): Outcome;
  event(given: ActionEvent): ActionEvent;
  plan(given: Plan): Plan;
}

/** Puts the name of a host in front of every address. A problem without an address has it in front of its summary. */
export function onHost(host: string): OnHost {
  const at = (address: Address): Address => `${host}/${address}`;
  const id = (given: string) => `${host}/${given}`;
  const fact = (given: Fact) => id(given) as Fact;
  const action = <Given extends Action | PlannedAction>(given: Given): Given => ({
    ...given,
    id: id(given.id),
    address: at(given.address),
    needs: given.needs.map(fact),
    makes: given.makes.map(fact),
    ...("after" in given ? { after: given.after.map(id) } : {}),
  });
  const previous = ({ previousAddress }: Pick<Change, "previousAddress">) =>
    previousAddress === undefined ? {} : { previousAddress: at(previousAddress) };
  const change = (given: Change): Change => ({
    ...given,
    address: at(given.address),
    ...previous(given),
    actions: given.actions.map(action),
  });
  const diagnostic = ({ address, allowedBy, ...given }: Diagnostic): Diagnostic => ({
    ...given,
    ...(address === undefined ? { summary: `${host}: ${given.summary}` } : { address: at(address) }),
    ...(allowedBy === undefined ? {} : { allowedBy: allowedBy.map(at) }),
  });
  const outcome = ({ because, ...given }: Outcome): Outcome => ({
    ...given,
    action: id(given.action),
    diagnostics: given.diagnostics.map(diagnostic),
    ...(because === undefined ? {} : { because: id(because) }),
  });
  return {
    diagnostic,
    outcome,
    event: (given) =>
      given.type === "action.end" ? { ...given, id: id(given.id), outcome: outcome(given.outcome) } : { ...given, id: id(given.id) },
    plan: (given) => ({
      ...given,
      changes: given.changes.map(change),
      unchanged: given.unchanged.map((one) => ({
        address: at(one.address),
        ...previous(one),
        ...(one.index === undefined ? {} : { index: one.index }),
        get before() {
          return one.before;
        },
      })),
      actions: given.actions.map(action),
      diagnostics: given.diagnostics.map(diagnostic),
      unmanaged: given.unmanaged.map((found) => ({ ...found, name: id(found.name) })),
      pending: given.pending.map(({ address, fields }) => ({ address: at(address), fields })),
      ...(given.excluded === undefined ? {} : { excluded: given.excluded.map(at) }),
      ...(given.unread === undefined ? {} : { unread: given.unread.map(at) }),
      basis: Object.fromEntries(Object.entries(given.basis).map(([address, digest]) => [id(address), digest])),
    }),
  };
}

/** The plans of several hosts as one, in which every address names its host. */
export function combinePlans(plans: readonly Plan[]): Plan {
  const named = plans.map((plan) => onHost(plan.host).plan(plan));
  const variables = new Map(plans.flatMap((plan) => plan.variables ?? []).map((variable) => [JSON.stringify(variable), variable]));
  const all = (of: (plan: Plan) => string) => [...new Set(plans.map(of))].join(", ");
  return {
    formatVersion: "1.0",
    host: all(({ host }) => host),
    project: all(({ project }) => project),
    target: { uri: all(({ target }) => target.uri), instancesPath: all(({ target }) => target.instancesPath) },
    changes: named.flatMap(({ changes }) => changes),
    unchanged: named.flatMap(({ unchanged }) => unchanged),
    actions: named.flatMap(({ actions }) => actions),
    diagnostics: named.flatMap(({ diagnostics }) => diagnostics),
    unmanaged: named.flatMap(({ unmanaged }) => unmanaged),
    pending: named.flatMap(({ pending }) => pending),
    complete: named.every(({ complete }) => complete),
    basis: Object.assign({}, ...named.map(({ basis }) => basis)),
    ...(plans.some(({ purpose }) => purpose === "destroy") ? { purpose: "destroy" as const } : {}),
    ...(named.some(({ excluded }) => excluded !== undefined) ? { excluded: named.flatMap(({ excluded = [] }) => excluded) } : {}),
    ...(named.some(({ unread }) => unread !== undefined) ? { unread: named.flatMap(({ unread = [] }) => unread) } : {}),
    ...(variables.size === 0 ? {} : { variables: [...variables.values()] }),
    hosts: plans,
  };
}
