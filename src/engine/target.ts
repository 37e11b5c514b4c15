import type { Address } from "../model/address.ts";
import { addressName } from "../model/address.ts";
import type { Change } from "../model/change.ts";
import { closest } from "../model/closest.ts";
import { UserError } from "../model/errors.ts";
import { matchesPattern } from "../model/matches-pattern.ts";
import { instanceOf } from "../model/presentation.ts";
import { problem } from "../model/problem.ts";

/**
 * Keeps the changes that `--target` names, together with those whose outcome they need. A target is an address
 * (`disk/web-0.root`) or a bare name (`web-0`, `debian-13`), which selects all objects of that name; `*` stands for any characters. Throws a UserError
 * for a target that matches nothing that is declared or found.
 */
export function selectTargets(changes: readonly Change[], targets: readonly string[], known: Iterable<Address>): Change[] {
  if (targets.length === 0) return [...changes];
  const addresses = [...known];
  refuseUnknown(targets, addresses, "No such target");
  const makers = makersOf(changes);
  const selected = new Set<Change>();
  const select = (change: Change): void => {
    if (selected.has(change)) return;
    selected.add(change);
    for (const action of change.actions) for (const fact of action.needs) for (const maker of makers.get(fact) ?? []) select(maker);
  };
  for (const change of changes) if (targets.some((target) => matches(change.address, target))) select(change);
  return changes.filter((change) => selected.has(change));
}

/** Whether the targets name an object; without targets, all are named. What is excluded is not. */
export function isTarget(address: Address, targets: readonly string[], excluded: readonly string[]): boolean {
  const isNamed = (names: readonly string[]) => names.some((name) => matches(address, name));
  return (targets.length === 0 || isNamed(targets)) && !isNamed(excluded);
}

/**
 * Takes out the changes that `--exclude` names, and those that cannot be done without them: their actions need what an excluded change makes, or
 * are actions of its object. Names as those of targets. Throws a UserError for one that matches nothing that is declared or found.
 */
export function excludeChanges(changes: readonly Change[], excluded: readonly string[], known: Iterable<Address>): Change[] {
  if (excluded.length === 0) return [...changes];
  refuseUnknown(excluded, [...known], "Nothing to exclude");
  const out = new Set(changes.filter(({ address }) => excluded.some((name) => matches(address, name))));
  const missing = new Set<string>();
  const leaveOut = (change: Change) => {
    out.add(change);
    for (const { makes } of change.actions) for (const fact of makes) missing.add(fact);
  };
  for (const change of out) leaveOut(change);
  const addresses = new Set([...out].map(({ address }) => address));
  // What an action of a change that stays makes as well is not missing.
  const makers = makersOf(changes);
  const made = (fact: string) => makers.get(fact)?.some((change) => !out.has(change)) === true;
  for (let before = -1; before < out.size; ) {
    before = out.size;
    for (const change of changes) {
      if (out.has(change)) continue;
      const lacks = change.actions.some(
        ({ address, needs }) =>
          (address !== change.address && addresses.has(address)) || needs.some((fact) => missing.has(fact) && !made(fact)),
      );
      if (!lacks) continue;
      leaveOut(change);
      addresses.add(change.address);
    }
  }
  return changes.filter((change) => !out.has(change));
}

/** The changes that make each fact. */
function makersOf(changes: readonly Change[]): Map<string, Change[]> {
  const makers = new Map<string, Change[]>();
  for (const change of changes) {
    for (const action of change.actions)
      for (const fact of action.makes) {
        const own = makers.get(fact);
        if (own === undefined) makers.set(fact, [change]);
        else own.push(change);
      }
  }
  return makers;
}

function refuseUnknown(names: readonly string[], addresses: readonly Address[], what: string): void {
  const unknown = names.filter((name) => !addresses.some((address) => matches(address, name)));
  if (unknown.length === 0) return;
  throw new UserError(
    unknown.map((name) => {
      const near = closest(name, [...addresses, ...addresses.map(objectName)]);
      const detail = `No declared or existing object has this name.${near === undefined ? "" : ` Did you mean "${near}"?`} \`virtform show\` lists all objects.`;
      return problem("unknown-target", { summary: `${what}: ${name}`, detail });
    }),
  );
}

function matches(address: Address, target: string): boolean {
  return matchesPattern(target, target.includes("/") ? address : objectName(address));
}

/** `web-0` of `disk/web-0.root`; the name itself of an object that is part of no instance. */
function objectName(address: Address): string {
  return instanceOf(address) ?? addressName(address);
}
