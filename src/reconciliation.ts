import type { EventHook } from "./engine/event-hook.ts";
import type { Address } from "./model/address.ts";
import type { Change } from "./model/change.ts";
import type { ClaimsSeen } from "./model/claims-seen.ts";
import type { Context } from "./model/context.ts";
import type { Diagnostic } from "./model/diagnostic.ts";
import type { Places } from "./model/diagnostic-places.ts";
import type { HostFacts } from "./model/host-facts.ts";
import type { AnyKind, Check, Guard, Observed } from "./model/kind.ts";
import type { Plan } from "./model/plan.ts";
import type { Sought } from "./model/sought.ts";
import type { UsedVariable } from "./model/used-variable.ts";

/** What a run does: make the host match the configuration, remove everything of the project, or only some changes that follow from the look. */
export type Mode =
  | { readonly do: "apply" }
  /** `more`: what else goes, such as base images. `notes`: what is to be said about it. */
  | {
      readonly do: "destroy";
      readonly more?: (observed: Observed) => readonly Change[];
      readonly notes?: (observed: Observed) => readonly Diagnostic[];
    }
  | {
      readonly do: "only";
      readonly changes: (observed: Observed) => readonly Change[];
      /** What is to be said beside the changes. */
      readonly notes?: (observed: Observed) => readonly Diagnostic[];
      /** Leftovers of interrupted applies are among the changes: they are not swept before the look. */
      readonly keepLeftovers?: true;
    };

/** What a run is about on one host. */
export interface Reconciliation<Config> {
  /** The name of the host in the session. */
  readonly name: string;
  /** Addresses in output name the host, because the session has several. */
  readonly qualified: boolean;
  readonly kinds: readonly AnyKind<Config>[];
  readonly checks: readonly Check<Config>[];
  /** Which changes are refused while objects that are left out cannot be read. Absent: all. */
  readonly guard?: Guard;
  readonly config: Config;
  readonly context: Context;
  readonly lookUpFacts: (context: Context) => Promise<HostFacts>;
  /** Records on the host what an apply begins, and what is gone after everything was destroyed. Absent: nothing is recorded. */
  readonly claim?: { readonly take: (context: Context) => Promise<void>; readonly release: (context: Context) => Promise<void> };
  /** The room of the host that applies claim while they run. Absent: none is claimed. */
  readonly room?: Room;
  /** Gets the events of images. Absent: no program does. */
  readonly hook?: EventHook;
  /** Finds the places of problems in the files of the configuration. Absent: they have none. */
  readonly places?: Places;
  /** Warnings from before, to stand in the plan. */
  readonly warnings: readonly Diagnostic[];
  /** The variables that the configuration uses. Absent: none. */
  readonly variables?: readonly UsedVariable[];
  readonly targets: readonly string[];
  /** Addresses or names of what is left out, with what depends on it. Absent: nothing. */
  readonly exclude?: readonly string[];
  /** Which copy of an entry of the configuration an object belongs to. Absent: not known. */
  readonly indexOf?: (address: Address) => string | number | undefined;
  /** Addresses or names of what is replaced although nothing about it differs. Absent: nothing. */
  readonly replace?: readonly string[];
  readonly mode: Mode;
  /** What the look takes from the configuration, for a plan that is to be saved. Absent: nothing. */
  readonly sought?: Sought;
  /** The plan is to be saved. */
  readonly fingerprints?: boolean;
}

/** A look at a host, and the plan that follows from it. */
export interface Shown {
  readonly observed: Observed;
  readonly plan: Plan;
}

/** Claims of applies on the room of a host. */
export interface Room {
  /** What is claimed before the look, to be compared when a claim is made. */
  readonly seen: (context: Context) => Promise<ClaimsSeen>;
  /**
   * Claims what a plan brings, for as long as the result is not disposed of. Where others claimed or gave back room since `seen`, `again`
   * plans once more before. A plan that cannot be applied claims nothing.
   */
  readonly claim: (context: Context, seen: ClaimsSeen, shown: Shown, again: () => Promise<Shown>) => Promise<AsyncDisposable>;
}
