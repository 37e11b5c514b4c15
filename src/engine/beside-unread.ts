import { type Address, addressKind } from "../model/address.ts";
import type { Change } from "../model/change.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Guard, Observed, Refusal } from "../model/kind.ts";
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
  readonly project: string;
  /** What is left after targets and exclusions. */
  readonly changes: readonly Change[];
  readonly diagnostics: readonly Diagnostic[];
  /** Absent: nothing is done beside objects that cannot be read. */
  readonly guard: Guard | undefined;
}

/**
 * Whether a run goes on although objects of the project cannot be read. It does if its targets or exclusions leave them out, nothing in it needs them,
 * and no change could harm them or what they use. Otherwise the errors stay, with the exclusion that lets the rest go on. Pure.
 */
export function besideUnread(request: Request): Beside {
  const { mode, targets, exclude, observed, wanted, project, changes, diagnostics, guard } = request;
  const { unread } = observed;
  const asSeen = { diagnostics, complete: observed.complete };
  if (guard === undefined || unread.length === 0) return asSeen;
  const nameOf = (address: Address) => instanceOf(address) ?? (guard.shared.has(addressKind(address)) ? address : undefined);
  const declared = new Set([...wanted.keys()].map(nameOf));
  const left = unread.map(nameOf);
  const canBeLeftOut = left.every(
    (name) =>
      name !== undefined &&
      // The room, names and addresses of the others are compared with what is declared for it.
      (mode !== "apply" || declared.has(name)),
  );
  // What an instance uses is not known, so that nothing could be removed beside it.
  const isPossible = canBeLeftOut && (mode !== "destroy" || unread.every((address) => instanceOf(address) === undefined));
  if (!isPossible) return asSeen;
  const isAbout = ({ severity, address }: Diagnostic) => severity === "error" && address !== undefined && unread.includes(address);
  // A command that starts, stops or restarts guests names instances alone.
  const named = mode === "only" && targets.length > 0 ? unread.filter((address) => instanceOf(address) !== undefined) : unread;
  if (named.some((address) => isTarget(address, targets, exclude))) {
    const remedy = remedyFor(new Set(left.flatMap((name) => name ?? [])), request);
    return { diagnostics: diagnostics.map((one) => (isAbout(one) ? { ...one, detail: `${one.detail}${remedy}` } : one)), complete: false };
  }
  return {
    diagnostics: [
      ...diagnostics.map((one): Diagnostic => {
        if (!isAbout(one)) return one;
        const { unseen: _leftOut, ...rest } = one;
        return { ...rest, severity: "warning" };
      }),
      ...refusals(guard.refused({ changes, observed, wanted, project }), request),
    ],
    complete: true,
  };
}

/** The end of the error about objects that no target or exclusion leaves out; empty where no command does. */
function remedyFor(names: ReadonlySet<string>, request: Request): string {
  if (!canExclude(request)) return "";
  if (names.size > mostNamed) return ` To leave ${names.size} objects out and apply the rest, name each with --exclude.`;
  const rest = request.mode === "destroy" ? "destroy" : "apply";
  return ` To leave ${[...names].join(", ")} out and ${rest} the rest: ${commandWithout([...names], request)}.`;
}

/** An error for each instance, and each object that is no part of one, with changes that are refused. */
function refusals(refused: readonly Refusal[], request: Request): Diagnostic[] {
  // The parts of an instance are left out together.
  const byName = Map.groupBy(refused, ({ address }) => instanceOf(address) ?? address);
  const without =
    canExclude(request) && byName.size <= mostNamed ? `, or leave this out as well: ${commandWithout([...byName.keys()], request)}` : "";
  return [...byName].flatMap(([name, [first]]) => {
    if (first === undefined) return [];
    const beside = first.beside.join(", ");
    return problem(first.needs ? "unread-needed" : "unread-may-use", {
      summary: `${name} cannot be changed while ${beside} cannot be read`,
      detail: `Nothing is changed, because ${first.why}. Correct what the warning about ${beside} names${without}.`,
      address: first.address,
    });
  });
}

/** Whether an exclusion is what lets the rest go on. */
function canExclude({ mode, targets }: Request): boolean {
  return mode !== "only" && targets.length === 0;
}

/** The command that leaves these out as well, for a hint. */
function commandWithout(given: readonly string[], { mode, exclude, prefix }: Request): string {
  const names = [...new Set([...exclude, ...given])].map((name) => `${prefix}${name}`);
  const further = " --exclude ";
  return mode === "destroy"
    ? `\`virtform destroy --exclude ${names.map((name) => shellWord(name)).join(further)}\``
    : `\`virtform apply --exclude ${names.map((name) => shellWord(name)).join(further)}\``;
}

/** More names than these make no command that can be read. */
const mostNamed = 10;
