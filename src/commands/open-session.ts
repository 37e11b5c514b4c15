import { homedir } from "node:os";
import { UserError } from "../model/errors.ts";
import type { Plan } from "../model/plan.ts";
import { openPlanSession, openSession, readConfig, type Session, type Surroundings } from "../session.ts";
import type { Io } from "./io.ts";

/** Reads the configuration and prepares to talk to its host; nothing is contacted yet. */
export async function openConfigured(paths: readonly string[], io: Io, signal?: AbortSignal): Promise<Session> {
  const checked = await readConfig(paths);
  io.secrets.withdraw(checked.config);
  return openSession(checked, surroundings(io, signal));
}

/** The same where there may be no configuration yet: then for the defaults of this machine. */
export async function openConfiguredOrDefault(paths: readonly string[], io: Io): Promise<Session> {
  try {
    return await openConfigured(paths, io);
  } catch (error) {
    const unwritten = error instanceof UserError && error.diagnostics.every(({ code }) => code === "no-configuration");
    if (!unwritten || paths.length > 0) throw error;
    return openSession({ config: {}, diagnostics: [] }, surroundings(io));
  }
}

/** Prepares to carry out a saved plan. */
export function openSaved(plan: Plan, io: Io, signal?: AbortSignal): Promise<Session> {
  io.secrets.withdraw(plan.actions.map(({ args }) => args));
  return openPlanSession(plan, surroundings(io, signal));
}

function surroundings({ env, secrets }: Io, signal?: AbortSignal): Surroundings {
  return {
    runner: { root: process.getuid?.() === 0, dataHome: env["XDG_DATA_HOME"] || `${homedir()}/.local/share` },
    lookUpSecret: secrets.lookUp,
    ...(signal === undefined ? {} : { signal }),
  };
}
