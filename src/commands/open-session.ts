import { homedir } from "node:os";
import type { VariableInputs } from "../config/variables/given.ts";
import type { Config } from "../kinds/config.ts";
import { errorMessage, UserError, userError } from "../model/errors.ts";
import { type Plan, plansOfHosts } from "../model/plan.ts";
import { openPlanSession, openSession, readConfig, type Session, type Surroundings } from "../session.ts";
import { cloudDoor } from "./cloud-door.ts";
import type { Io } from "./io.ts";
import { publisherDoor } from "./publisher-door.ts";

/** What the command line and the environment give for the variables of a configuration. */
export function variableInputs({ env, given }: Io): VariableInputs {
  return { env, ...(given === undefined ? {} : { given }) };
}

/** Reads the configuration and prepares to talk to its host; nothing is contacted yet. */
export async function openConfigured(
  paths: readonly string[],
  io: Io,
  options: { readonly signal?: AbortSignal; readonly takeOverProject?: boolean } & Pick<Surroundings, "openHost"> = {},
): Promise<Session> {
  const checked = await readConfig(paths, variableInputs(io));
  io.secrets.withdraw(checked.config);
  const { signal, takeOverProject = false, openHost } = options;
  return openSession(checked, { ...(await surroundings(io, signal)), takeOverProject, ...(openHost === undefined ? {} : { openHost }) });
}

/** The same where there may be no configuration yet: then for the defaults of this machine. */
export async function openConfiguredOrDefault(paths: readonly string[], io: Io): Promise<Session> {
  try {
    return await openConfigured(paths, io);
  } catch (error) {
    const unwritten = error instanceof UserError && error.diagnostics.every(({ code }) => code === "no-configuration");
    if (!unwritten || paths.length > 0) throw error;
    return openSession({ config: {}, diagnostics: [] }, await surroundings(io));
  }
}

/** Prepares to talk to the host of a configuration that is not written yet. */
export async function openUnwritten(config: Config, io: Io): Promise<Session> {
  return openSession({ config, diagnostics: [] }, await surroundings(io));
}

/** Prepares to carry out a saved plan. */
export async function openSaved(plan: Plan, io: Io, signal?: AbortSignal): Promise<Session> {
  io.secrets.withdraw(plansOfHosts(plan).flatMap(({ actions }) => actions.map(({ args }) => args)));
  return openPlanSession(plan, await surroundings(io, signal));
}

async function surroundings({ env, secrets, stderr }: Io, signal?: AbortSignal): Promise<Surroundings> {
  const target = env["VIRTFORM_TRACE"];
  return {
    runner: { root: process.getuid?.() === 0, dataHome: env["XDG_DATA_HOME"] || `${homedir()}/.local/share` },
    lookUpSecret: secrets.lookUp,
    clouds: cloudDoor(env),
    publishers: publisherDoor(env),
    ...(signal === undefined ? {} : { signal }),
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
