import { type LoadedConfig, loadConfig } from "./config/load.ts";
import { parseSshTarget } from "./host/ssh/target.ts";
import { pointerOf } from "./kinds/config/pointer-of.ts";
import { passphraseReferences } from "./kinds/config/secret-references.ts";
import type { Config } from "./kinds/config.ts";
import { lookUpFacts } from "./kinds/host/facts.ts";
import { hostSettings, type Runner } from "./kinds/host/settings.ts";
import { createChecks, createKinds } from "./kinds/index.ts";
import { configRules } from "./kinds/rules.ts";
import type { Context } from "./model/context.ts";
import type { Diagnostic } from "./model/diagnostic.ts";
import { hasErrors } from "./model/diagnostic.ts";
import type { Places } from "./model/diagnostic-places.ts";
import { UserError, userError } from "./model/errors.ts";
import type { Host } from "./model/host.ts";
import type { HostFacts } from "./model/host-facts.ts";
import type { AnyKind, Check } from "./model/kind.ts";
import { createLayout } from "./model/layout.ts";
import type { Plan } from "./model/plan.ts";
import type { SecretRef } from "./model/secret.ts";
import type { HostSettings } from "./model/settings.ts";

/** What a session needs of the process that it runs in. Sessions read no environment, arguments or signals by themselves. */
export interface Surroundings {
  /** Who runs this, for the defaults of settings. */
  readonly runner: Runner;
  /** The value behind a reference; undefined when it is not available. */
  readonly lookUpSecret: (reference: SecretRef) => string | undefined;
  /** Aborted to end everything that runs at once. */
  readonly signal?: AbortSignal;
  /** Called with one line for each program, connection and libvirt call. */
  readonly trace?: (line: string) => void;
  /** Opens the machine of a libvirt URI. Default: this machine, or the one that the URI names over ssh. */
  readonly openHost?: (uri: string) => Promise<Host>;
}

/** One machine of a session with everything that is known about it before it is contacted. */
export interface HostSession {
  readonly context: Context;
  readonly kinds: readonly AnyKind<Config>[];
  readonly checks: readonly Check<Config>[];
  readonly lookUpFacts: (context: Context) => Promise<HostFacts>;
}

/** A checked configuration together with the machines it is for. */
export interface Session extends AsyncDisposable {
  readonly config: Config;
  /** One today. */
  readonly hosts: readonly HostSession[];
  /** Warnings from reading the configuration. */
  readonly warnings: readonly Diagnostic[];
  /** Finds the places of problems in the files that were read. Absent where there are none. */
  readonly places?: Places;
}

/** A configuration without mistakes. */
export interface CheckedConfig {
  readonly config: Config;
  /** Warnings and notes. */
  readonly diagnostics: readonly Diagnostic[];
  /** Where something is written in the files, or the nearest thing above it. */
  readonly place?: LoadedConfig["place"];
}

/** Reads and checks a configuration. Throws a UserError with all its mistakes at once. */
export async function readConfig(paths: readonly string[], options: { readonly cwd?: string } = {}): Promise<LoadedConfig & CheckedConfig> {
  const loaded = await loadConfig(paths.length === 0 ? ["."] : paths, { ...configRules(), ...options });
  if (hasErrors(loaded.diagnostics)) throw new UserError(loaded.diagnostics);
  return { ...loaded, config: loaded.config as Config };
}

/** Prepares to talk to the hosts of a configuration; none is contacted yet. */
export async function openSession({ config, diagnostics, place }: CheckedConfig, surroundings: Surroundings): Promise<Session> {
  const session = await prepare(config, hostSettings(config, surroundings.runner), diagnostics, surroundings);
  return place === undefined ? session : { ...session, places: { place, pointerOf: (address) => pointerOf(address, config) } };
}

/** Prepares to carry out a saved plan, which holds the host that it is for. */
export function openPlanSession(plan: Plan, surroundings: Surroundings): Promise<Session> {
  const { uri, instancesPath, ...drivers } = plan.target;
  const config: Config = { project: plan.project, host: { uri, instances_path: instancesPath } };
  return prepare(config, { ...hostSettings(config, surroundings.runner), drivers }, [], surroundings);
}

/** The only host of a session. Throws if it has several: a caller that supports several uses `hosts`. */
export function onlyHost({ hosts }: Session): HostSession {
  const [host] = hosts;
  if (host === undefined || hosts.length > 1) throw new Error(`a session with one host is wanted, and this has ${hosts.length}`);
  return host;
}

async function prepare(
  config: Config,
  settings: HostSettings,
  warnings: readonly Diagnostic[],
  surroundings: Surroundings,
): Promise<Session> {
  const host = await openHost(config, settings, surroundings);
  return { config, hosts: [host], warnings, [Symbol.asyncDispose]: () => host.context.host.close() };
}

async function openHost(config: Config, settings: HostSettings, surroundings: Surroundings): Promise<HostSession> {
  const { lookUpSecret, signal = new AbortController().signal } = surroundings;
  const target = surroundings.openHost === undefined ? parseSshTarget(settings.uri) : undefined;
  if (target?.libvirtUri.endsWith("/session") === true && config.host?.instances_path === undefined) {
    const detail = "The home directory there is not known here. Write host.instances_path, an absolute path on the host.";
    throw userError("instances-path-missing", "A session libvirt on another host needs an instances path", detail);
  }
  const opened =
    target === undefined
      ? await (surroundings.openHost ?? openLocalHost)(settings.uri)
      : (await import("./host/ssh/ssh.ts")).createSshHost(target);
  const host = surroundings.trace === undefined ? opened : (await import("./host/trace.ts")).traceHost(opened, surroundings.trace);
  const secret = (reference: SecretRef): string => {
    const value = lookUpSecret(reference);
    if (value === undefined) throw missingSecret(reference);
    return value;
  };
  return {
    context: { host, layout: createLayout(settings.instancesPath), settings, project: config.project ?? "default", secret, signal },
    kinds: createKinds(settings, lookUpSecret, config),
    checks: createChecks(settings),
    lookUpFacts: (context) => lookUpFacts(context, Object.values(config.images ?? {}), passphraseReferences(config)),
  };
}

async function openLocalHost(): Promise<Host> {
  return (await import("./host/local/local.ts")).createLocalHost();
}

/** The error for a secret that is not available, with what to do about it. */
export function missingSecret(reference: SecretRef): UserError {
  const detail = "The configuration takes a secret from it.";
  return "env" in reference
    ? userError(
        "secret-missing",
        `The environment variable ${reference.env} is not set`,
        `${detail} Set it and run the same command again.`,
      )
    : userError(
        "secret-missing",
        `The file ${reference.file} cannot be read`,
        `${detail} It has to be on this machine, and readable by the user who runs virtform.`,
      );
}
