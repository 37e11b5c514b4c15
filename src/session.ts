import { type LoadedConfig, type LoadOptions, loadConfig } from "./config/load.ts";
import { originOf } from "./config/origin.ts";
import type { EventHook } from "./engine/event-hook.ts";
import type { KeepConnections } from "./host/ssh/keep-connections.ts";
import { parseSshTarget } from "./host/ssh/target.ts";
import { claimPlan } from "./kinds/capacity/claim-plan.ts";
import { copyIndex } from "./kinds/config/copy-index.ts";
import { pointerOf } from "./kinds/config/pointer-of.ts";
import type { Config } from "./kinds/config.ts";
import { factsFor } from "./kinds/facts-for.ts";
import { seeLedger } from "./kinds/host/ledger.ts";
import { claimProject, projectOwner, releaseProject } from "./kinds/host/project-claim.ts";
import { hostSettings, type Runner } from "./kinds/host/settings.ts";
import { createChecks, createKinds } from "./kinds/index.ts";
import { configRules } from "./kinds/rules.ts";
import { soughtOf } from "./kinds/sought-of.ts";
import { guardUnread } from "./kinds/unread-guard.ts";
import type { Address } from "./model/address.ts";
import type { CloudDoor } from "./model/cloud-door.ts";
import type { Context } from "./model/context.ts";
import type { Diagnostic } from "./model/diagnostic.ts";
import { hasErrors } from "./model/diagnostic.ts";
import type { Places } from "./model/diagnostic-places.ts";
import { UserError, userError } from "./model/errors.ts";
import type { Host } from "./model/host.ts";
import type { HostFacts } from "./model/host-facts.ts";
import type { AnyKind, Check, Guard } from "./model/kind.ts";
import { layoutOf } from "./model/layout.ts";
import type { OpenPeer } from "./model/peer.ts";
import { type Plan, plansOfHosts } from "./model/plan.ts";
import type { PublisherDoor } from "./model/publisher-door.ts";
import { type SecretRef, unavailableSecret } from "./model/secret.ts";
import type { HostSettings } from "./model/settings.ts";
import type { Sought } from "./model/sought.ts";
import type { UsedVariable } from "./model/used-variable.ts";
import { withoutUndefined } from "./model/without-undefined.ts";
import type { Room } from "./reconciliation.ts";

/** What a session needs of the process that it runs in. Sessions read no environment, arguments or signals by themselves. */
export interface Surroundings {
  /** Who runs this, for the defaults of settings. */
  readonly runner: Runner;
  /** The value behind a reference; undefined when it is not available. */
  readonly lookUpSecret: (reference: SecretRef) => string | undefined;
  /** How OpenStack clouds are reached. Absent: images do not come from them. */
  readonly clouds?: CloudDoor;
  /** How signed checksums of publishers are read and checked. Absent: no image has them. */
  readonly publishers?: PublisherDoor;
  /** How other hosts are reached that may have base images. Default: over ssh. */
  readonly openPeer?: OpenPeer;
  /** Keeps connections over ssh for later sessions. Absent: they end with the session. */
  readonly keepConnections?: KeepConnections;
  /** Aborted to end everything that runs at once. */
  readonly signal?: AbortSignal;
  /** Called with one line for each program, connection and libvirt call. */
  readonly trace?: (line: string) => void;
  /** Makes the project this configuration's, whichever it belonged to. */
  readonly takeOverProject?: boolean;
  /** Opens the machine of a libvirt URI, for the host of this name. Default: this machine, or the one that the URI names over ssh. */
  readonly openHost?: (uri: string, name: string) => Promise<Host>;
}

/** One machine of a session with everything that is known about it before it is contacted. Its lock and its journal are on it. */
export interface HostSession {
  /** Unique in the session. */
  readonly name: string;
  /** What is wanted on it. */
  readonly config: Config;
  readonly context: Context;
  readonly kinds: readonly AnyKind<Config>[];
  readonly checks: readonly Check<Config>[];
  /** Which changes are refused while objects that are left out cannot be read. Absent: all. */
  readonly guard?: Guard;
  readonly lookUpFacts: (context: Context) => Promise<HostFacts>;
  /** What the look at it takes from the configuration. */
  readonly sought: Sought;
  /** The room of the host that applies claim while they run. */
  readonly room?: Room;
  /** Records on the host what an apply begins, and what is gone after everything was destroyed. Called under the project's lock. */
  readonly claim?: { readonly take: (context: Context) => Promise<void>; readonly release: (context: Context) => Promise<void> };
  /** Gets the events of images. Absent: no program does. */
  readonly hook?: EventHook;
  /** Warnings from reading the configuration. */
  readonly warnings: readonly Diagnostic[];
  /** The variables that the configuration uses. */
  readonly variables?: readonly UsedVariable[];
  /** Which copy of an entry of the configuration an object belongs to: a key of `for_each`, or a number. */
  readonly indexOf?: (address: Address) => string | number | undefined;
  /** Finds the places of problems in the files that were read. Absent where there are none. */
  readonly places?: Places;
}

/** Machines with what is wanted on each. */
export interface Session extends AsyncDisposable {
  /** One for a configuration; as many as were given to `openHosts`. */
  readonly hosts: readonly HostSession[];
}

/** What is wanted on one host of several. */
export interface HostConfig {
  /** In front of the addresses in output: letters, digits, dots, dashes and underscores. */
  readonly name: string;
  readonly config: CheckedConfig;
  /** Who runs virtform there, where that differs from the surroundings. */
  readonly runner?: Runner;
}

/** A configuration without mistakes. */
export interface CheckedConfig {
  readonly config: Config;
  /** Warnings and notes. */
  readonly diagnostics: readonly Diagnostic[];
  /** Where something is written in the files, or the nearest thing above it. */
  readonly place?: LoadedConfig["place"];
  /** Which copy of `for_each` or `count` an entry of a section is. */
  readonly copyOf?: LoadedConfig["copyOf"];
  /** The variables that it uses, for the plan. */
  readonly variables?: readonly UsedVariable[];
  /** Where it comes from, so that two configurations cannot have one project on a host. Absent: not checked. */
  readonly origin?: string;
}

/** Reads and checks a configuration. Throws a UserError with all its mistakes at once. */
export async function readConfig(paths: readonly string[], options: LoadOptions = {}): Promise<LoadedConfig & CheckedConfig> {
  const loaded = await loadConfig(paths.length === 0 ? ["."] : paths, { ...configRules(), ...options });
  if (hasErrors(loaded.diagnostics)) throw new UserError(loaded.diagnostics);
  const origin = loaded.directory === undefined ? {} : { origin: await originOf(loaded.directory) };
  return { ...loaded, ...origin, config: loaded.config as Config };
}

/** Prepares to talk to the host of a configuration; it is not contacted yet. */
export function openSession(config: CheckedConfig, surroundings: Surroundings): Promise<Session> {
  return openAll([() => openConfigured({ config }, surroundings)]);
}

/**
 * Prepares to talk to several hosts, each with a configuration of its own; none is contacted yet. Throws a TypeError when two have one
 * name or, unless `openHost` says what machine each is, one libvirt URI, and for a name that cannot be part of an address.
 */
export async function openHosts(hosts: readonly HostConfig[], surroundings: Surroundings): Promise<Session> {
  const uriOf = ({ config, runner }: HostConfig) => hostSettings(config.config, runner ?? surroundings.runner).uri;
  for (const [place, host] of hosts.entries()) {
    const { name } = host;
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw new TypeError(`${JSON.stringify(name)} cannot be the name of a host`);
    const before = hosts.slice(0, place);
    if (before.some((other) => other.name === name)) throw new TypeError(`two hosts have the name ${name}`);
    // Two locks of one machine under two names would wait for each other.
    const same = surroundings.openHost === undefined && before.find((other) => uriOf(other) === uriOf(host));
    if (same) throw new TypeError(`the hosts ${same.name} and ${name} have one libvirt URI`);
  }
  return openAll(hosts.map((host) => () => openConfigured(host, surroundings)));
}

/** Prepares to carry out a saved plan, which holds the hosts that it is for. */
export function openPlanSession(plan: Plan, surroundings: Surroundings): Promise<Session> {
  const opens = plansOfHosts(plan).map((plan) => () => {
    const { host, project, target, eventHook, sought = {} } = plan;
    const { uri, instancesPath, imageCacheName, ...drivers } = target;
    const config: Config = {
      project,
      host: {
        uri,
        instances_path: instancesPath,
        ...withoutUndefined({ image_cache_subdirectory_name: imageCacheName, event_hook: eventHook && [...eventHook] }),
      },
    };
    const settings = { ...hostSettings(config, surroundings.runner), drivers };
    return openHost(host, { config, diagnostics: [], sought }, settings, surroundings);
  });
  return openAll(opens);
}

/** The only host of a session. Throws if it has several: a caller that supports several uses `hosts`. */
export function onlyHost({ hosts }: Session): HostSession {
  const [host] = hosts;
  if (host === undefined || hosts.length > 1) throw new Error(`a session with one host is wanted, and this has ${hosts.length}`);
  return host;
}

async function openAll(opens: readonly (() => Promise<HostSession>)[]): Promise<Session> {
  await using undo = new AsyncDisposableStack();
  const hosts: HostSession[] = [];
  for (const open of opens) {
    const host = await open();
    undo.defer(() => host.context.host.close());
    hosts.push(host);
  }
  const close = undo.move();
  return { hosts, [Symbol.asyncDispose]: () => close.disposeAsync() };
}

function openConfigured({ name, config, runner }: Partial<HostConfig> & Pick<HostConfig, "config">, surroundings: Surroundings) {
  const settings = hostSettings(config.config, runner ?? surroundings.runner);
  return openHost(name ?? hostName(settings.uri), config, settings, surroundings);
}

/** The name of the only host of a session: that of the machine in the URI. */
function hostName(uri: string): string {
  return /^[^:]*:\/\/(?:[^@/]*@)?([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(uri)?.[1] ?? "localhost";
}

async function openHost(
  name: string,
  {
    config,
    diagnostics,
    place,
    origin,
    variables,
    copyOf = () => undefined,
    sought = soughtOf(config),
  }: CheckedConfig & Pick<Partial<HostSession>, "sought">,
  settings: HostSettings,
  surroundings: Surroundings,
): Promise<HostSession> {
  const { lookUpSecret, signal = new AbortController().signal } = surroundings;
  const target = surroundings.openHost === undefined ? parseSshTarget(settings.uri) : undefined;
  if (target?.libvirtUri.endsWith("/session") === true && config.host?.instances_path === undefined) {
    const detail = "The home directory there is not known here. Write host.instances_path, an absolute path on the host.";
    throw userError("instances-path-missing", "A session libvirt on another host needs an instances path", detail);
  }
  const opened =
    target === undefined
      ? await (surroundings.openHost ?? openLocalHost)(settings.uri, name)
      : (await import("./host/ssh/ssh.ts")).createSshHost(target, { keep: surroundings.keepConnections });
  const host = surroundings.trace === undefined ? opened : (await import("./host/trace.ts")).traceHost(opened, surroundings.trace);
  const secret = (reference: SecretRef): string => {
    const value = lookUpSecret(reference);
    if (value === undefined) throw missingSecret(reference);
    return value;
  };
  return {
    name,
    config,
    warnings: diagnostics.map((diagnostic) => ({ ...diagnostic, lasting: true })),
    indexOf: (address) => copyIndex(address, config, copyOf),
    ...(variables === undefined ? {} : { variables }),
    ...(place === undefined ? {} : { places: { place, pointerOf: (address) => pointerOf(address, config) } }),
    context: {
      host,
      layout: layoutOf(settings),
      settings,
      project: config.project ?? "default",
      secret,
      signal,
      openPeer: surroundings.openPeer ?? peersOf(host),
      ...withoutUndefined({ clouds: surroundings.clouds, publishers: surroundings.publishers }),
    },
    kinds: createKinds(settings, lookUpSecret, config, sought),
    sought,
    checks: createChecks(settings),
    guard: guardUnread,
    room: { seen: seeLedger, claim: claimPlan },
    ...(settings.eventHook === undefined ? {} : { hook: eventHook(settings.eventHook) }),
    ...(origin === undefined ? {} : { claim: { take: (context) => claimProject(context, origin), release: releaseProject } }),
    lookUpFacts: async (context) => {
      const [facts, owner] = await Promise.all([factsFor(context, config), origin === undefined ? undefined : projectOwner(context)]);
      if (origin === undefined) return facts;
      const takeOver = surroundings.takeOverProject === true ? ({ takeOver: true } as const) : {};
      return { ...facts, project: { origin, ...(owner === undefined ? {} : { owner }), ...takeOver } };
    },
  };
}

/** Peers over ssh, which is loaded with the first one. */
function peersOf(host: Host): OpenPeer {
  let door: Promise<OpenPeer> | undefined;
  return async (address) => {
    door ??= import("./host/ssh/open-peer.ts").then(({ peersBeside }) => peersBeside(host));
    return (await door)(address);
  };
}

/** The program of the configuration runs on this machine, wherever the host is. */
function eventHook(command: readonly string[]): EventHook {
  return async (event, signal) => (await import("./host/local/event-hook.ts")).runEventHook(command, event, signal);
}

async function openLocalHost(): Promise<Host> {
  return (await import("./host/local/local.ts")).createLocalHost();
}

/** The error for a secret that is not available, with what to do about it. */
export function missingSecret(reference: SecretRef): UserError {
  const { summary, remedy } = unavailableSecret(reference);
  return userError("secret-missing", summary, `The configuration takes a secret from it. ${remedy}`);
}
