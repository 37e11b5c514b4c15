import type { Address } from "../model/address.ts";
import type { Change } from "../model/change.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Guard, Observed } from "../model/kind.ts";
import { instanceOf } from "../model/presentation.ts";
import { problem } from "../model/problem.ts";
import { shellWord } from "../model/shell-word.ts";
import { isTarget } from "./target.ts";

/** What is decided about a run on a host with objects that cannot be read. */
interface Beside {
  /** Those of the look and of the plan, with errors about objects that the run leaves out as warnings. */
  readonly diagnostics: readonly Diagnostic[];
  /** Everything that the plan is about was read. */
  readonly complete: boolean;
}

/** What the decision follows from. */
interface Request {
  readonly mode: "apply" | "destroy" | "only";
  readonly targets: readonly string[];
  readonly exclude: readonly string[];
  /** In front of names in commands, where the session has several hosts: `kvm1/`. */
  readonly prefix: string;
  readonly observed: Observed;
  readonly wanted: ReadonlyMap<Address, unknown>;
  /** What is left after targets and exclusions. */
  readonly changes: readonly Change[];
  readonly diagnostics: readonly Diagnostic[];
  /** Absent: nothing is done beside objects that cannot be read. */
  readonly guard: Guard | undefined;
}

/**
 * Whether a run goes on although objects of the project cannot be read. It does if they are parts of instances that the run leaves out by its targets
 * or exclusions, nothing in it needs them, and no change could harm what they use. Otherwise the errors stay, with the exclusion that lets the rest go on.
 * Pure.
 */
export function besideUnread(request: Request): Beside {
  const { mode, targets, exclude, prefix, observed, wanted, changes, diagnostics, guard } = request;
  const { unread } = observed;
  const instances = [...new Set(unread.map(instanceOf))].flatMap((name) => name ?? []);
  const declared = new Set([...wanted.keys()].map(instanceOf));
  const canBeLeftOut =
    guard !== undefined &&
    mode !== "destroy" &&
    unread.length > 0 &&
    unread.every((address) => instanceOf(address) !== undefined) &&
    // The room, names and addresses of the others are compared with what is declared for them.
    (mode === "only" || instances.every((name) => declared.has(name)));
  if (!canBeLeftOut) return { diagnostics, complete: observed.complete };
  const isAbout = ({ severity, address }: Diagnostic) => severity === "error" && address !== undefined && unread.includes(address);
  const excluding = (names: readonly string[]) => [...new Set([...exclude, ...names])].map((name) => `${prefix}${name}`);
  const canExclude = mode === "apply" && targets.length === 0;
  if (unread.some((address) => isTarget(address, targets, exclude))) {
    if (!canExclude) return { diagnostics, complete: false };
    const remedy =
      instances.length > mostNamed
        ? `To leave ${instances.length} instances out and apply the rest, name each with --exclude.`
        : `To leave ${instances.join(", ")} out and apply the rest: ${applyWithout(excluding(instances))}.`;
    return { diagnostics: diagnostics.map((one) => (isAbout(one) ? { ...one, detail: `${one.detail} ${remedy}` } : one)), complete: false };
  }
  const left = instances.join(", ");
  const isUnread = new Set<string>(unread);
  const needing = changes.filter(({ address, actions }) => {
    const needed = actions.flatMap((action) => [action.address, ...action.needs.map((fact) => fact.split(":", 1)[0] ?? "")]);
    return instances.includes(instanceOf(address) ?? "") || needed.some((one) => isUnread.has(one));
  });
  const refused = [
    ...needing.map(({ address }) => ({ code: "unread-needed", address, why: `it needs an object of ${left}` })),
    ...guard(
      changes.filter((change) => !needing.includes(change)),
      observed,
    ).map((one) => ({ code: "unread-may-use", ...one })),
  ];
  // The parts of an instance are left out together.
  const byName = Map.groupBy(refused, ({ address }) => instanceOf(address) ?? address);
  const without =
    canExclude && byName.size <= mostNamed ? `, or leave this out as well: ${applyWithout(excluding([...byName.keys()]))}` : "";
  const refusals = [...byName].flatMap(([name, [first]]) =>
    first === undefined
      ? []
      : problem(first.code, {
          summary: `${name} cannot be changed while ${left} cannot be read`,
          detail: `Nothing is changed, because ${first.why}. Correct what the warning about ${left} names${without}.`,
          address: first.address,
        }),
  );
  return {
    diagnostics: [...diagnostics.map((one): Diagnostic => (isAbout(one) ? { ...one, severity: "warning" } : one)), ...refusals],
    complete: true,
  };
}

/** The command that leaves these out, for a hint. */
function applyWithout(names: readonly string[]): string {
  const further = " --exclude ";
  return `\`virtform apply --exclude ${names.map((name) => shellWord(name)).join(further)}\``;
}

/** More names than these make no command that can be read. */
const mostNamed = 10;
