import { type Address, addressKind, addressName } from "../model/address.ts";
import { closest } from "../model/closest.ts";
import { UserError } from "../model/errors.ts";
import type { AnyKind } from "../model/kind.ts";
import { createObserved, type Observed } from "../model/observed.ts";
import { problem } from "../model/problem.ts";

/**
 * The look with every object marked that is to be replaced although nothing about it differs. `replace`: addresses (`disk/web-0.eph0`) or names
 * (`web-0`), in which `*` stands for any text. One that is configured and missing is created anyway: an interrupted replacement continues with the same
 * command. Throws a UserError for one that names nothing that exists or is configured, or nothing that can be replaced.
 */
export function withReplacements<Config>(
  kinds: readonly AnyKind<Config>[],
  { observed, replace, config }: { readonly observed: Observed; readonly replace: readonly string[]; readonly config: Config },
): Observed {
  if (replace.length === 0) return observed;
  const kindOf = new Map(kinds.flatMap((kind) => kind.addressKinds.map((name) => [name, kind] as const)));
  const states = new Map(observed.states);
  const wanted = new Set(kinds.flatMap((kind) => kind.desired(config, observed.facts).map(({ address }) => address)));
  const addresses = [...new Set([...states.keys(), ...wanted])];
  const problems = replace.flatMap((pattern) => {
    const named = addresses.filter((address) => matches(address, pattern));
    if (named.length === 0) return [unknown(pattern, addresses)];
    const marked = named.flatMap((address) => kindOf.get(addressKind(address))?.replaced?.(address, observed) ?? []);
    const possible = marked.filter(([address, state]) => state !== undefined || wanted.has(address));
    for (const [address, state] of possible) if (state !== undefined) states.set(address, state);
    return possible.length === 0 ? [impossible(pattern)] : [];
  });
  if (problems.length > 0) throw new UserError(problems);
  return createObserved({ ...observed, states });
}

function matches(address: Address, pattern: string): boolean {
  const text = pattern.includes("/") ? address : addressName(address);
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(text);
}

function unknown(pattern: string, addresses: readonly Address[]) {
  const near = closest(pattern, [...addresses, ...addresses.map(addressName)]);
  return problem("unknown-target", {
    summary: `There is nothing to replace: ${pattern}`,
    detail: `No declared or existing object has this name.${near === undefined ? "" : ` Did you mean "${near}"?`} \`virtform show\` lists all objects.`,
  });
}

function impossible(pattern: string) {
  return problem("not-replaceable", {
    summary: `${pattern} cannot be replaced`,
    detail:
      "--replace recreates the root disk of an instance (web-0), one of its disks (disk/web-0.eph0), or a volume (volume/data). Other objects, and disks of adopted guests, cannot be recreated; of an instance that boots from a volume, name the volume.",
  });
}
