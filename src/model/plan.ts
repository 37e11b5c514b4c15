import type { Action } from "./action.ts";
import type { Address } from "./address.ts";
import type { Change, FieldChange } from "./change.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { hasErrors } from "./diagnostic.ts";
import type { Json } from "./json.ts";
import type { Rates } from "./rates.ts";
import type { Sought } from "./sought.ts";
import type { UsedVariable } from "./used-variable.ts";

/** Something on the host that is not this project's. Reported, never touched. */
export interface Unmanaged {
  /** `domain`, `base-file` (`cache-file` where the image cache has another name than `_base`), `instance-directory`. */
  readonly what: string;
  readonly name: string;
  /** The project that owns it; undefined without a label. */
  readonly owner?: string;
  readonly note?: string;
  /** Of a file of the image cache: disks of the instances path that are backed by it, by path. */
  readonly disks?: readonly string[];
  /** Of a domain. */
  readonly uuid?: string;
  /** Of a domain: disks, volumes and base images of the instances path that are among the layers of its disks, by path. */
  readonly uses?: readonly string[];
  /** Of a domain: what it takes of the host, now or once it is started. Memory in bytes. */
  readonly takes?: { readonly memory: number; readonly vcpus: number };
}

/** A running object that differs from what is stored of it until it is started the next time. */
export interface Pending {
  readonly address: Address;
  /** `old` is what it runs with, `new` what is stored. `cause` is `drift` where what runs was changed by hand. */
  readonly fields: readonly FieldChange[];
}

/** An object that does not change, perhaps but for its name. */
export interface Unchanged {
  readonly address: Address;
  readonly previousAddress?: Address;
  /** As that of a change. */
  readonly index?: string | number;
  readonly before: Json;
}

/** Drift that `drift --ignore` accepts: what differs, and what its entry says about it. */
export interface IgnoredDrift {
  readonly address: Address;
  readonly fields: readonly FieldChange[];
  readonly reason?: string;
  readonly until?: string;
}

/** An action with the ids of those that must have ended well before it starts. */
export type PlannedAction = Action & { readonly after: readonly string[] };

/**
 * Every decision of a run on one host, made before anything is done. Plain data: it can be saved and carried out later. A plan for
 * several hosts has `hosts`, and for people it is all of them in one, with the name of the host in front of each address.
 */
export interface Plan {
  readonly formatVersion: "1.0";
  /** What the plan is for, unless it makes the host match the configuration. */
  readonly purpose?: "destroy";
  /** The name of the host in the session; of several, their names. */
  readonly host: string;
  readonly project: string;
  /** The host's URI, instances path and other storage: the plan of a host is for this place only. */
  readonly target: {
    readonly uri: string;
    readonly instancesPath: string;
    /** Name of the image cache in the instances path. Absent: the usual one. */
    readonly imageCacheName?: string;
    /** Settings of drivers, by name. */
    readonly [driver: string]: Json | undefined;
  };
  readonly changes: readonly Change[];
  readonly unchanged: readonly Unchanged[];
  /** In an order in which they could run one by one. */
  readonly actions: readonly PlannedAction[];
  readonly diagnostics: readonly Diagnostic[];
  readonly unmanaged: readonly Unmanaged[];
  /** What waits for a restart and is not changed by this plan. Not a change: there is nothing to apply. */
  readonly pending: readonly Pending[];
  /** Changes that `--exclude` leaves out, and those that need them. Absent: none. */
  readonly excluded?: readonly Address[];
  /** Objects that could not be read and are left out. Absent: none. */
  readonly unread?: readonly Address[];
  /** Differences that are accepted and therefore no changes. */
  readonly ignored?: readonly IgnoredDrift[];
  /** False when part of what the plan is about could not be looked at. */
  readonly complete: boolean;
  /** Digest of each observed object that the plan is based on, by address; `absent` for one that did not exist. */
  readonly basis: Readonly<Record<string, string>>;
  /** Of a plan to be saved: what its look took from the configuration. Absent: nothing. */
  readonly sought?: Sought;
  /** The program of `host.event_hook` with its arguments, which the apply runs for each step of an image. Absent: none. */
  readonly eventHook?: readonly string[];
  /** How fast the host was in earlier applies, for the forecast. Absent: it was not measured. */
  readonly rates?: Rates;
  /** The variables that the configuration uses, with the values that the plan was made with. Absent: it uses none. */
  readonly variables?: readonly UsedVariable[];
  /** Of a plan for several hosts: the plan of each, as it is carried out. Their addresses name no host. */
  readonly hosts?: readonly Plan[];
}

/** The plans of the hosts that a plan is for, each as it is carried out. */
export function plansOfHosts(plan: Plan): readonly Plan[] {
  return plan.hosts ?? [plan];
}

/** Whether there is anything to do. The exit code, the text and the JSON all ask here. */
export function hasChanges(plan: Plan): boolean {
  return plan.changes.length > 0;
}

/** Whether something that runs was changed by hand, beside what is stored of it. */
export function hasDriftWhileRunning({ pending }: Plan): boolean {
  return pending.some(({ fields }) => fields.some(({ cause }) => cause !== "config"));
}

/** Whether the plan may be carried out, for several hosts: on one of them at least. */
export function canApply(plan: Plan): boolean {
  return plansOfHosts(plan).some((one) => !isErrored(one));
}

/** The plans of those hosts that have something to do and may do it. */
export function applicablePlans(plan: Plan): readonly Plan[] {
  return plansOfHosts(plan).filter((one) => canApply(one) && hasChanges(one));
}

/** Whether there is an error in the plan, or part of a host could not be looked at. */
export function isErrored(plan: Plan): boolean {
  return !plan.complete || hasErrors(plan.diagnostics);
}

/** Objects by what happens to them; a replacement counts as added and destroyed, as Terraform counts. */
export function countChanges(changes: readonly Change[]): { add: number; change: number; destroy: number } {
  const counts = { add: 0, change: 0, destroy: 0 };
  for (const { verb } of changes) {
    if (verb === "create" || verb === "replace") counts.add += 1;
    if (verb === "update" || verb === "adopt") counts.change += 1;
    if (verb === "delete" || verb === "replace") counts.destroy += 1;
  }
  return counts;
}
