import { homedir } from "node:os";
import type { VariableInputs } from "../config/variables/given.ts";
import type { Config } from "../kinds/config.ts";
import { hostSettings, type Runner } from "../kinds/host/settings.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { errorMessage, UserError, userError } from "../model/errors.ts";
import { type Plan, plansOfHosts } from "../model/plan.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import { type HostConfig, openHosts, openPlanSession, openSession, readConfig, type Session, type Surroundings } from "../session.ts";
import { cloudDoor } from "./cloud-door.ts";
import { hostPaths } from "./host-paths.ts";
import type { Io } from "./io.ts";
import { publisherDoor } from "./publisher-door.ts";

/** What the command line and the environment give for the variables of a configuration. */
export function variableInputs({ env, given }: Io): VariableInputs {
  return { env, ...(given === undefined ? {} : { given }) };
}

/**
 * Reads the configuration, or that of each host that `--host` names, and prepares to talk to the hosts; nothing is contacted yet. Throws a
 * UserError with the mistakes of all configurations.
 */
export async function openConfigured(
  paths: readonly string[],
  io: Io,
  options: Opening & { readonly takeOverProject?: boolean } & Pick<Surroundings, "openHost"> = {},
): Promise<Session> {
  const { takeOverProject = false, openHost } = options;
  const around = async () => ({
    ...(await surroundings(io, options)),
    takeOverProject,
    ...(openHost === undefined ? {} : { openHost }),
  });
  if (io.hosts !== undefined) {
    const hosts = await readHosts(io.hosts, paths, io);
    refuseSameHost(hosts, runnerOf(io));
    io.secrets.withdraw(hosts.map(({ config }) => config.config));
    return openHosts(hosts, await around());
  }
  const checked = await readConfig(paths, variableInputs(io));
  io.secrets.withdraw(checked.config);
  return openSession(checked, await around());
}

/** The paths of each configuration: of each host that `--host` names, or of the only one. */
export function configurationsOf(paths: readonly string[], { hosts }: Pick<Io, "hosts">): (readonly string[])[] {
  if (hosts === undefined) return [paths.length === 0 ? ["."] : paths];
  refuseBeside(paths);
  return [...hostPaths(hosts).values()];
}

/** The configuration of each host that `--host` names. */
async function readHosts(values: readonly string[], paths: readonly string[], io: Io): Promise<HostConfig[]> {
  refuseBeside(paths);
  const hosts: HostConfig[] = [];
  const problems: Diagnostic[] = [];
  for (const [name, own] of hostPaths(values)) {
    try {
      hosts.push({ name, config: await readConfig(own, variableInputs(io)) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.diagnostics);
    }
  }
  if (problems.length > 0) throw new UserError(problems);
  return hosts;
}

/** Two configurations of one libvirt would wait for each other's locks. */
function refuseSameHost(hosts: readonly HostConfig[], runner: Runner): void {
  for (const [uri, same] of Map.groupBy(hosts, ({ config }) => hostSettings(config.config, runner).uri)) {
    if (same.length === 1) continue;
    const names = same.map(({ name }) => name).join(" and ");
    const unwritten = same.some(({ config }) => config.config.host?.uri === undefined);
    throw userError(
      "bad-option",
      `The hosts ${names} are one host`,
      `Their configurations have the same host.uri, ${uri}${unwritten ? ", which is the default" : ""}. Write host.uri into the configuration of each remote host, or both configurations as paths of one host: --host NAME=PATH --host NAME=OTHER.`,
    );
  }
}

/** A path beside `--host` would belong to no host. */
function refuseBeside([path]: readonly string[]): void {
  if (path === undefined) return;
  throw userError(
    "bad-option",
    `--host and the path ${path} exclude each other`,
    "With --host, each configuration belongs to the host that it is given for. Files that several hosts share are given for each: --host kvm1=common.yaml --host kvm1=kvm1.yaml.",
  );
}

/** The same where there may be no configuration yet: then for the defaults of this machine. */
export async function openConfiguredOrDefault(paths: readonly string[], io: Io, opening: Opening = {}): Promise<Session> {
  try {
    return await openConfigured(paths, io, opening);
  } catch (error) {
    const unwritten = error instanceof UserError && error.diagnostics.every(({ code }) => code === "no-configuration");
    if (!unwritten || paths.length > 0 || io.hosts !== undefined) throw error;
    return openSession({ config: {}, diagnostics: [] }, await surroundings(io, opening));
  }
}

/** Prepares to talk to the host of a configuration that is not written yet. */
export async function openUnwritten(config: Config, io: Io): Promise<Session> {
  return openSession({ config, diagnostics: [] }, await surroundings(io));
}

/** Prepares to carry out a saved plan. */
export async function openSaved(plan: Plan, io: Io, signal?: AbortSignal): Promise<Session> {
  refuseHosts(io);
  io.secrets.withdraw(plansOfHosts(plan).flatMap(({ actions }) => actions.map(({ args }) => args)));
  return openPlanSession(plan, await surroundings(io, signal === undefined ? {} : { signal }));
}

/** Throws a UserError for `--host` beside a saved plan. */
export function refuseHosts({ hosts }: Pick<Io, "hosts">): void {
  if (hosts === undefined) return;
  throw userError(
    "bad-option",
    "--host has no use with a saved plan",
    "A saved plan holds the hosts that it is for. Leave the option out.",
  );
}

function runnerOf({ env }: Pick<Io, "env">): Runner {
  return { root: process.getuid?.() === 0, dataHome: env["XDG_DATA_HOME"] || `${homedir()}/.local/share` };
}

/** How hosts are opened. */
interface Opening {
  readonly signal?: AbortSignal;
  /** Logs in to a host over ssh in any case, and keeps no connection. */
  readonly freshLogin?: boolean;
}

async function surroundings(io: Io, { signal, freshLogin = false }: Opening = {}): Promise<Surroundings> {
  const { env, secrets, stderr, openHost } = io;
  const target = env["VIRTFORM_TRACE"];
  const keepConnections = freshLogin ? undefined : io.connections?.keep();
  return {
    runner: runnerOf(io),
    lookUpSecret: secrets.lookUp,
    clouds: cloudDoor(env),
    publishers: publisherDoor(env),
    ...withoutUndefined({ openHost, keepConnections, signal }),
    ...(target === undefined || target === "" ? {} : { trace: await traceTo(target, stderr) }),
  };
}

async function traceTo(target: string, stderr: Io["stderr"]): Promise<(line: string) => void> {
  const { openTrace } = await import("../host/trace.ts");
  try {
    return openTrace(target, (line) => void stderr.write(line));
  } catch (error) {
    const detail = `${errorMessage(error)}. Name a file that can be written, or 1 for standard error.`;
    throw userError("trace-file", `The trace cannot be written to ${target}`, detail);
  }
}
