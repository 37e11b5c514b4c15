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
  const unknown = targets.filter((target) => !addresses.some((address) => matches(address, target)));
  if (unknown.length > 0) {
    throw new UserError(
      unknown.map((target) => {
        const near = closest(target, [...addresses, ...addresses.map(objectName)]);
        const detail = `No declared or existing object has this name.${near === undefined ? "" : ` Did you mean "${near}"?`} \`virtform show\` lists all objects.`;
        return problem("unknown-target", { summary: `No such target: ${target}`, detail });
      }),
    );
  }
  const makers = new Map<string, Change[]>();
  for (const change of changes) {
    for (const action of change.actions) for (const fact of action.makes) makers.set(fact, [...(makers.get(fact) ?? []), change]);
  }
  const selected = new Set<Change>();
  const select = (change: Change): void => {
    if (selected.has(change)) return;
    selected.add(change);
    for (const action of change.actions) for (const fact of action.needs) for (const maker of makers.get(fact) ?? []) select(maker);
  };
  for (const change of changes) if (targets.some((target) => matches(change.address, target))) select(change);
  return changes.filter((change) => selected.has(change));
}

/** Whether the targets name an object; without targets, all are named. */
export function isTarget(address: Address, targets: readonly string[]): boolean {
  return targets.length === 0 || targets.some((target) => matches(address, target));
}

function matches(address: Address, target: string): boolean {
  return matchesPattern(target, target.includes("/") ? address : objectName(address));
}

/** `web-0` of `disk/web-0.root`; the name itself of an object that is part of no instance. */
function objectName(address: Address): string {
  return instanceOf(address) ?? addressName(address);
}
