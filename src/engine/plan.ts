import type { Address } from "../model/address.ts";
import { addressKind, addressName } from "../model/address.ts";
import { type Change, protectedBy } from "../model/change.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { AnyKind, Check, Guard, Observed } from "../model/kind.ts";
import type { Pending, Plan, Unchanged } from "../model/plan.ts";
import type { Resource } from "../model/resource.ts";
import { besideUnread } from "./beside-unread.ts";
import { checkFacts } from "./check-facts.ts";
import { fingerprint } from "./fingerprint.ts";
import { order } from "./order.ts";
import { removalsInOrder } from "./removal-order.ts";
import { withReplacements } from "./replacements.ts";
import { excludeChanges, isTarget, selectTargets } from "./target.ts";
import { withRemovals } from "./with-removals.ts";
import { withRestarts } from "./with-restart.ts";

/** What a plan is made from. */
interface PlanRequest<Config> {
  readonly kinds: readonly AnyKind<Config>[];
  /** Asked about all kinds together, after each kind has checked its own. */
  readonly checks: readonly Check<Config>[];
  /** Which changes are refused while objects that are left out cannot be read. Absent: all. */
  readonly guard?: Guard;
  readonly config: Config;
  readonly observed: Observed;
  /** The name of the host in the session. */
  readonly host: string;
  /** Names on a command line have the name of the host in front. Absent: they do not. */
  readonly qualified?: boolean;
  readonly project: string;
  readonly target: Plan["target"];
  /** Addresses or names to restrict the plan to; empty for all. */
  readonly targets: readonly string[];
  /** Addresses or names of what is left out, with what depends on it. */
  readonly exclude?: readonly string[];
  /** Addresses or names of what is replaced although nothing about it differs. */
  readonly replace?: readonly string[];
  /** `apply` compares what is wanted with what is found; for `destroy` nothing is wanted; `only` compares nothing. */
  readonly mode: "apply" | "destroy" | "only";
  /** Whether the plan is to be kept, and has to know later what the host was like. */
  readonly fingerprints: boolean;
  /** Which copy of an entry of the configuration an object belongs to. Absent: not known. */
  readonly indexOf?: (address: Address) => string | number | undefined;
  /** Changes that no difference between wanted and found asks for, such as removing base images. */
  readonly extraChanges?: readonly Change[];
}

/**
 * Compares what is wanted with what was observed and decides everything there is to decide. Pure: the same request
 * gives the same plan on every machine.
 */
export function makePlan<Config>(request: PlanRequest<Config>): Plan {
  const { kinds, config } = request;
  const observed = withReplacements(kinds, { observed: request.observed, replace: request.replace ?? [], config });
  // What was not seen and has no name could be any of the things that are wanted: then nothing is compared.
  const known = observed.complete || observed.unread.length > 0;
  const diagnostics: Diagnostic[] = [...observed.diagnostics];
  const wanted = new Map<Address, unknown>();
  for (const kind of kinds) {
    const resources: Resource<unknown>[] = request.mode !== "apply" ? [] : kind.desired(config, observed.facts);
    for (const { address, spec } of resources) wanted.set(address, spec);
    if (kind.check !== undefined && known && request.mode !== "only") {
      diagnostics.push(...kind.check(resources, observed, config, request.mode === "destroy"));
    }
  }

  if (known && request.mode !== "only") {
    for (const check of request.checks) diagnostics.push(...check(wanted, observed, config));
  }

  const kindOf = new Map(kinds.flatMap((kind) => kind.addressKinds.map((name) => [name, kind] as const)));
  const changes: Change[] = [];
  const unchanged: Unchanged[] = [];
  const basis: Record<string, string> = {};
  // Wanted objects keep the order of the configuration; others are sorted by name, since the order in which they were found is arbitrary.
  const others = [...observed.states.keys()].filter((address) => !wanted.has(address)).sort(byName);
  const addresses = [...wanted.keys(), ...others];
  // Of what could not be read, a part may be known.
  for (const address of request.fingerprints ? observed.unread : []) {
    const state = observed.states.get(address);
    if (state !== undefined) basis[address] = fingerprint(kindOf.get(addressKind(address))?.describe(state) ?? null);
  }
  for (const address of known && request.mode !== "only" ? addresses.filter((one) => !observed.unread.includes(one)) : []) {
    const kind = kindOf.get(addressKind(address));
    if (kind === undefined) throw new Error(`no kind owns the address ${address}`);
    const state = observed.states.get(address);
    if (request.fingerprints) basis[address] = state === undefined ? "absent" : fingerprint(kind.describe(state));
    const change = kind.diff(address, wanted.get(address), state, observed);
    const previousAddress = kind.earlierAddress?.(address, observed.facts);
    const index = request.indexOf?.(address);
    const more = { ...(previousAddress === undefined ? {} : { previousAddress }), ...(index === undefined ? {} : { index }) };
    if (change !== undefined) changes.push({ ...(request.mode === "destroy" ? destroyed(change) : change), ...more });
    else if (wanted.has(address)) unchanged.push(asFound(kind, address, more, state));
  }

  const nameable = [...addresses, ...observed.unread];
  const targeted = selectTargets([...changes, ...(request.extraChanges ?? [])], request.targets, nameable);
  const left = excludeChanges(targeted, request.exclude ?? [], nameable);
  const kept = new Set(left);
  const excluded = targeted.filter((change) => !kept.has(change)).map(({ address }) => address);
  const selected = withRemovals(withRestarts(left));
  const beside = besideUnread({
    mode: request.mode,
    targets: request.targets,
    exclude: request.exclude ?? [],
    prefix: request.qualified === true ? `${request.host}/` : "",
    observed,
    wanted,
    project: request.project,
    changes: selected,
    diagnostics,
    guard: request.guard,
  });
  const chosen = selected.flatMap((change) => change.actions);
  checkFacts(
    chosen,
    kinds.flatMap((kind) => kind.actions),
  );
  const actions = order(chosen);
  return {
    formatVersion: "1.0",
    host: request.host,
    project: request.project,
    target: request.target,
    changes: removalsInOrder(selected.map(inOrder(actions)), actions),
    unchanged,
    actions,
    diagnostics: beside.diagnostics,
    unmanaged: observed.unmanaged,
    pending: pendingOf(request, selected),
    ...(excluded.length === 0 ? {} : { excluded }),
    ...(beside.complete && observed.unread.length > 0 ? { unread: observed.unread } : {}),
    complete: beside.complete && !beside.diagnostics.some(({ unseen }) => unseen === true),
    basis,
    ...(observed.facts.rates === undefined || actions.length === 0 ? {} : { rates: observed.facts.rates }),
  };
}

/** What waits for a restart, without what the plan changes or restarts anyway. */
function pendingOf<Config>({ kinds, observed, targets, exclude = [] }: PlanRequest<Config>, changes: readonly Change[]): Pending[] {
  const changeOf = new Map(changes.map((change) => [change.address, change]));
  const switched = new Set(
    changes.flatMap(({ actions }) => actions.flatMap(({ address, effect }) => (effect === "restart" ? [address] : []))),
  );
  return kinds
    .flatMap((kind) => {
      if (kind.pending === undefined) return [];
      return [...observed.states].flatMap(([address, state]): Pending[] => {
        if (!kind.addressKinds.includes(addressKind(address)) || !isTarget(address, targets, exclude)) return [];
        if (switched.has(address)) return [];
        const changed = new Set(changeOf.get(address)?.fields.map(({ path }) => path));
        const fields = kind.pending?.(state).filter(({ path }) => !changed.has(path)) ?? [];
        return fields.length === 0 ? [] : [{ address, fields }];
      });
    })
    .sort((one, other) => byName(one.address, other.address));
}

/** Described when it is asked for: only some forms of output show what does not change. */
function asFound<Config>(
  kind: AnyKind<Config>,
  address: Address,
  more: Pick<Unchanged, "previousAddress" | "index">,
  state: unknown,
): Unchanged {
  return {
    address,
    ...more,
    get before() {
      return state === undefined ? null : kind.describe(state);
    },
  };
}

/** A change with its actions as the plan holds them, where several changes name the same one, and in the plan's order. */
function inOrder(actions: Plan["actions"]): (change: Change) => Change {
  const known = new Map(actions.map(({ after, ...action }, turn) => [action.id, { action, turn }]));
  return (change) => {
    const own = new Set(change.actions.map(({ id }) => id));
    const found = [...own].flatMap((id) => known.get(id) ?? []).sort((one, other) => one.turn - other.turn);
    return { ...change, actions: found.map(({ action }) => action) };
  };
}

/** Things of one name beside one another, `web-2` before `web-10`. */
function byName(one: Address, other: Address): number {
  return compare(addressName(one), addressName(other)) || compare(one, other);
}

let collator: Intl.Collator | undefined;

/** Made on first use: loading its tables takes longer than a small plan. */
function compare(one: string, other: string): number {
  collator ??= new Intl.Collator("en", { numeric: true });
  return collator.compare(one, other);
}

/** Everything goes because that was asked for, whatever is configured. */
function destroyed(change: Change): Change {
  if (change.verb !== "delete") return change;
  const isKept = change.actions.length === 0;
  return { ...change, reason: isKept ? `destroy, but ${protectedBy}` : "destroy" };
}
