import { homedir } from "node:os";
import { loadConfig } from "../config/load.ts";
import { createLocalHost } from "../host/local/local.ts";
import { parseSshTarget } from "../host/ssh/target.ts";
import { pointerOf } from "../kinds/config/pointer-of.ts";
import type { Config } from "../kinds/config.ts";
import { lookUpFacts } from "../kinds/host/facts.ts";
import { hostSettings, type Runner } from "../kinds/host/settings.ts";
import { createChecks, createKinds } from "../kinds/index.ts";
import { configRules } from "../kinds/rules.ts";
import type { Context } from "../model/context.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { hasErrors } from "../model/diagnostic.ts";
import type { Places } from "../model/diagnostic-places.ts";
import { UserError, userError } from "../model/errors.ts";
import type { HostFacts } from "../model/host-facts.ts";
import type { AnyKind, Check } from "../model/kind.ts";
import { createLayout } from "../model/layout.ts";
import type { Plan } from "../model/plan.ts";
import type { SecretRef } from "../model/secret.ts";
import type { HostSettings } from "../model/settings.ts";
import { lookUpSecret, missingSecret, withdrawSecrets } from "./look-up-secret.ts";

/** A checked configuration together with the machine it is for. */
export interface Session extends AsyncDisposable {
  readonly config: Config;
  readonly kinds: readonly AnyKind<Config>[];
  readonly checks: readonly Check<Config>[];
  readonly context: Context;
  readonly lookUpFacts: (context: Context) => Promise<HostFacts>;
  /** Finds the places of problems in the files that were read. */
  readonly places?: Places;
  /** Warnings from reading the configuration. */
  readonly warnings: readonly Diagnostic[];
}

/** Reads and checks the configuration. Throws a UserError with all its mistakes at once. */
export async function readConfig(paths: readonly string[]) {
  const loaded = await loadConfig(paths.length === 0 ? ["."] : paths, configRules());
  if (hasErrors(loaded.diagnostics)) throw new UserError(loaded.diagnostics);
  return { ...loaded, config: loaded.config as Config };
}

/** Reads the configuration and prepares to talk to its host; nothing is contacted yet. */
export async function openSession(paths: readonly string[], signal: AbortSignal = new AbortController().signal): Promise<Session> {
  const { config, diagnostics, place } = await readConfig(paths);
  withdrawSecrets(config);
  const session = await prepare(config, hostSettings(config, runner()), diagnostics, signal);
  return { ...session, places: { place, pointerOf: (address) => pointerOf(address, config) } };
}

/** The same for a place where there may be no configuration yet: then for the defaults of this machine. */
export async function openSessionOrDefault(paths: readonly string[]): Promise<Session> {
  try {
    return await openSession(paths);
  } catch (error) {
    const unwritten = error instanceof UserError && error.diagnostics.every(({ code }) => code === "no-configuration");
    if (!unwritten || paths.length > 0) throw error;
    return prepare({}, hostSettings({}, runner()), [], new AbortController().signal);
  }
}

/** Prepares to carry out a saved plan, which says itself where it is for. */
export function openPlanSession(plan: Plan, signal: AbortSignal): Promise<Session> {
  withdrawSecrets(plan.actions.map(({ args }) => args));
  const { uri, instancesPath, ...drivers } = plan.target;
  const config: Config = { project: plan.project, host: { uri, instances_path: instancesPath } };
  return prepare(config, { ...hostSettings(config, runner()), drivers }, [], signal);
}

async function prepare(config: Config, settings: HostSettings, warnings: readonly Diagnostic[], signal: AbortSignal): Promise<Session> {
  const target = parseSshTarget(settings.uri);
  if (target?.libvirtUri.endsWith("/session") === true && config.host?.instances_path === undefined) {
    const detail = "The home directory there is not known here. Write host.instances_path, an absolute path on the host.";
    throw userError("instances-path-missing", "A session libvirt on another host needs an instances path", detail);
  }
  const remote = target === undefined ? undefined : (await import("../host/ssh/ssh.ts")).createSshHost(target);
  const host = remote ?? createLocalHost();
  const secret = (reference: SecretRef): string => {
    const value = lookUpSecret(reference);
    if (value === undefined) throw missingSecret(reference);
    return value;
  };
  const kinds = createKinds(settings, lookUpSecret);
  return {
    config,
    kinds,
    checks: createChecks(settings),
    lookUpFacts: (context) => lookUpFacts(context, Object.values(config.images ?? {})),
    context: { host, layout: createLayout(settings.instancesPath), settings, project: config.project ?? "default", secret, signal },
    warnings,
    [Symbol.asyncDispose]: () => host.close(),
  };
}

function runner(): Runner {
  return { root: process.getuid?.() === 0, dataHome: process.env["XDG_DATA_HOME"] || `${homedir()}/.local/share` };
}
