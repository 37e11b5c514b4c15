/** virtform as a library: what the command line does, without a command line. */
import { homedir } from "node:os";
import { cloudDoor } from "./commands/cloud-door.ts";
import { processSecrets } from "./commands/process-secrets.ts";
import { publisherDoor } from "./commands/publisher-door.ts";
import { type LoadedConfig, type LoadOptions, loadConfig as load } from "./config/load.ts";
import type { AllowDestroy } from "./engine/consent.ts";
import type { KeepConnections } from "./host/ssh/keep-connections.ts";
import { unusedBases } from "./kinds/image/remove.ts";
import { configRules } from "./kinds/rules.ts";
import type { Reporter } from "./model/event.ts";
import type { Plan } from "./model/plan.ts";
import { withoutUndefined } from "./model/without-undefined.ts";
import { type ApplyResult, plan as planRuns, reconcile } from "./reconcile.ts";
import type { Mode } from "./reconciliation.ts";
import { runsOf } from "./runs-of.ts";
import {
  type CheckedConfig,
  type HostConfig,
  type HostSession,
  openHosts,
  openPlanSession,
  openSession,
  readConfig,
  type Session,
  type Surroundings,
} from "./session.ts";
import { version } from "./version.ts";

export type { Config } from "./kinds/config.ts";
export type { Action } from "./model/action.ts";
export type { Address } from "./model/address.ts";
export type { Change, FieldChange } from "./model/change.ts";
/** What a `Host` of your own throws, besides `UserError`. */
export { DialError } from "./model/channel.ts";
export type { Diagnostic, Place } from "./model/diagnostic.ts";
export { hasErrors } from "./model/diagnostic.ts";
export { CommandError, RefusedError, UnreachableError, UserError } from "./model/errors.ts";
export type { Event, Reporter } from "./model/event.ts";
export { failureDiagnostics } from "./model/failure-diagnostics.ts";
export type { Host } from "./model/host.ts";
export type { Outcome } from "./model/outcome.ts";
export { canApply, hasChanges, isErrored, plansOfHosts } from "./model/plan.ts";
export type { SecretRef } from "./model/secret.ts";
export { type CreateReporter, createReporter, type Format, formatNames, type ReporterOptions, registerFormat } from "./report/index.ts";
export type {
  ApplyResult,
  CheckedConfig,
  HostConfig,
  HostSession,
  KeepConnections,
  LoadedConfig,
  LoadOptions,
  Plan,
  Session,
  Surroundings,
};
export { openHosts, openPlanSession, openSession, readConfig, version };

/**
 * Reads and checks configuration files: files, or directories that hold `virtform.yaml` and `*.virtform.yaml`. Mistakes never throw:
 * they are in `diagnostics`. `readConfig` does the same and throws them.
 */
export function loadConfig(paths: readonly string[], options: LoadOptions = {}): Promise<LoadedConfig> {
  return load(paths, { ...configRules(), ...options });
}

/**
 * Secrets from an environment and from files, OpenStack clouds from OS_* variables and clouds.yaml, and the defaults for the user of this
 * process. The environment stays as it is, so programs that are started inherit it.
 */
export function processSurroundings(env: Readonly<Record<string, string | undefined>> = process.env): Surroundings {
  return {
    runner: { root: process.getuid?.() === 0, dataHome: env["XDG_DATA_HOME"] || `${homedir()}/.local/share` },
    lookUpSecret: processSecrets({ ...env }).lookUp,
    clouds: cloudDoor(env),
    publishers: publisherDoor(env),
  };
}

/** What part of a configuration a plan or an apply is about. */
export interface Scope {
  /** Addresses or names, in a session of several hosts with the name of the host and a slash in front; empty or absent for everything. */
  readonly targets?: readonly string[];
  /** Names as those of targets, of what is left as it is, with what cannot be done without it. Default: nothing. */
  readonly exclude?: readonly string[];
  /** Instances whose root disk is recreated, and disks of instances and volumes that are, although nothing about them differs. Default: none. */
  readonly replace?: readonly string[];
  /** Removes what the project owns; `"images"` also removes base images that no disk uses. */
  readonly destroy?: boolean | "images";
}

/**
 * Looks at the hosts of a session and decides what an apply would do. Takes no lock and changes nothing. A host that does not answer has
 * an incomplete plan.
 */
export function plan(session: Session, options: Scope & { readonly fingerprints?: boolean } = {}): Promise<Plan> {
  const { targets = [], exclude = [], replace = [], fingerprints = false } = options;
  return planRuns(runsOf(session, { targets, exclude, replace, mode: modeOf(options), fingerprints }));
}

/** How an apply goes about it. */
export interface ApplyOptions extends Scope {
  /** Shows what happens; its `confirm` is asked for consent. Default: silent. */
  readonly reporter?: Reporter;
  /** Applies without asking. Losing data still needs `allowDestroy`. Default: false. */
  readonly autoApprove?: boolean;
  /** Addresses whose data may be lost, or `"all"`. Default: none. */
  readonly allowDestroy?: AllowDestroy;
  /** Actions that run at the same time on each host. Default: 4, on a host over ssh 10. */
  readonly parallelism?: number;
  /** How long to wait for another apply. Default: 30 000. */
  readonly lockTimeoutMs?: number;
  /** Aborted to finish running actions and start no new ones. */
  readonly stop?: AbortSignal;
  /** Carries out exactly this plan, or refuses it when the host has changed since. */
  readonly savedPlan?: Plan;
}

/**
 * Locks the project on each host, plans, asks for consent and carries the plan out. Throws a UserError for what a user can fix; of several
 * hosts, one that fails has the reason in the plan or among the events instead, and the others go on.
 */
export function apply(session: Session, options: ApplyOptions = {}): Promise<ApplyResult> {
  const { savedPlan, targets = [], exclude = [], replace = [] } = options;
  return reconcile(runsOf(session, { targets, exclude, replace, mode: modeOf(options) }), {
    reporter: options.reporter ?? { event: () => {}, close: async () => {} },
    autoApprove: options.autoApprove ?? false,
    allowDestroy: options.allowDestroy ?? [],
    lockTimeoutMs: options.lockTimeoutMs ?? 30_000,
    stop: options.stop ?? new AbortController().signal,
    ...withoutUndefined({ parallelism: options.parallelism, savedPlan }),
  });
}

function modeOf({ destroy = false }: Scope): (host: HostSession) => Mode {
  return ({ context }) =>
    destroy === false ? { do: "apply" } : { do: "destroy", ...(destroy === "images" ? unusedBases(context.project) : {}) };
}
