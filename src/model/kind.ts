import type { ActionType } from "./action.ts";
import type { Address } from "./address.ts";
import type { Change, FieldChange } from "./change.ts";
import type { Context } from "./context.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { HostFacts } from "./host-facts.ts";
import type { Json } from "./json.ts";
import type { Observed } from "./observed.ts";
import type { PlannedAction, Unmanaged } from "./plan.ts";
import type { Resource } from "./resource.ts";

export type { Observed } from "./observed.ts";

/** What a look at the host found of one kind. */
export interface Observation<State> {
  /** Ours, by address. */
  readonly states: ReadonlyMap<Address, State>;
  readonly unmanaged: readonly Unmanaged[];
  readonly diagnostics: readonly Diagnostic[];
  /** False when part of it could not be seen. */
  readonly complete: boolean;
  /** Objects that exist and could not be read, where these are all that was not seen. */
  readonly unread?: readonly Address[];
  /** What the objects keep when their names change, by address. */
  readonly identities?: HostFacts["identities"];
}

/** Values of an object as they were read in one place, by the paths of its fields. */
export interface FoundAt {
  /** In words: `in the definition that libvirt stores`. */
  readonly where: string;
  readonly values: Readonly<Record<string, Json>>;
}

/**
 * One kind of thing that a configuration can declare. The engine treats all alike and knows none. `Config` is the whole
 * checked configuration. One kind may own resources of several address kinds (an instance owns disks, a seed, a domain).
 */
export interface Kind<Config, Spec, State> {
  readonly name: string;
  /** The address kinds that are this kind's: `["disk", "seed", "domain"]`. */
  readonly addressKinds: readonly string[];
  /** What should exist. Pure; defaults are filled here and nowhere else. */
  desired(config: Config, facts: HostFacts): Resource<Spec>[];
  /** What exists. Read-only. */
  observe(context: Context): Promise<Observation<State>>;
  /** What differs and what to do about it; undefined when nothing. Pure and synchronous. At least one of `want` and `have` is given. */
  diff(address: Address, want: Spec | undefined, have: State | undefined, observed: Observed): Change | undefined;
  /** Problems that only show when everything is seen together: capacity, sizes, names in use. `destroying`: nothing is wanted. Pure. */
  check?(resources: readonly Resource<Spec>[], observed: Observed, config: Config, destroying?: boolean): Diagnostic[];
  /** What is compared to find out whether the world has moved since a plan, and shown by `show`. Never a secret. */
  describe(state: State): Json;
  /** The address that an object had under its earlier name, while the host still has it under that; undefined for others. Pure. */
  earlierAddress?(address: Address, facts: HostFacts): Address | undefined;
  /**
   * The objects that are replaced when this one is to be, each with its state marked so that `diff` does it, or undefined where it does not exist and has
   * only to be created; empty when this one cannot be replaced. Pure.
   */
  replaced?(address: Address, observed: Observed): readonly (readonly [Address, State | undefined])[];
  /** What a state holds by the paths of fields, and where each part of it was read: for explanations. Default: what `describe` gives. Never a secret. Pure. */
  found?(state: State): readonly FoundAt[];
  /** What an object that runs differs in from what is stored of it. Pure. */
  pending?(state: State): readonly FieldChange[];
  readonly actions: readonly ActionType[];
  /** Clears away what an interrupted apply left half made. Called under the project's lock, before anything else is done. */
  sweep?(context: Context): Promise<void>;
  /** Gets ready what actions will use, without waiting for it. `parallelism`: how many run at a time. Called under the project's lock, before the first action. */
  prepare?(context: Context, actions: readonly PlannedAction[], parallelism: number): void;
  /** Completes or ends what actions left for the end of an apply. Called under the project's lock, after the last action. */
  settle?(context: Context): Promise<void>;
}

/** A question about everything that is wanted, whatever its kind, such as whether the host has room for it. Pure. */
export type Check<Config> = (wanted: ReadonlyMap<Address, unknown>, observed: Observed, config: Config) => Diagnostic[];

/** A run that leaves objects out which cannot be read. */
export interface BesideUnread {
  /** What it would do. */
  readonly changes: readonly Change[];
  readonly observed: Observed;
  /** Everything that is wanted; empty where nothing is compared, and where everything is to be destroyed. */
  readonly wanted: ReadonlyMap<Address, unknown>;
  readonly project: string;
}

/** A change that must not be made beside objects that cannot be read. */
export interface Refusal {
  readonly address: Address;
  /** The objects that it could harm, as they are left out: names of instances, and addresses. */
  readonly beside: readonly string[];
  /** The reason, which continues `because`. */
  readonly why: string;
  /** It needs one of them. Otherwise what they use is not known. */
  readonly needs: boolean;
}

/** What decides about runs beside objects of the project that cannot be read. Pure. */
export interface Guard {
  /** Address kinds of objects that are no part of an instance and may be left out, because what uses them is known. */
  readonly shared: ReadonlySet<string>;
  readonly refused: (run: BesideUnread) => readonly Refusal[];
}

/** A kind whose types no longer matter, as the engine holds it. */
// biome-ignore lint/suspicious/noExplicitAny: the engine hands each kind only what that kind made
export type AnyKind<Config> = Kind<Config, any, any>;
