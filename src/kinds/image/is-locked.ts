import type { Context } from "../../model/context.ts";
import { UserError } from "../../model/errors.ts";
import { withBaseLock } from "./base-lock.ts";

/** Whether a process is making the base image of an entry now. Takes its lock for a moment where it is free. */
export async function isLocked(context: Context, entry: string): Promise<boolean> {
  try {
    await withBaseLock(context, entry, "look at a fetch", async () => undefined, 0);
    return false;
  } catch (error) {
    if (error instanceof UserError && error.diagnostics.some(({ code }) => code === "locked")) return true;
    throw error;
  }
}
