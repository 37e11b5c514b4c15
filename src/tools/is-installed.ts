import type { Context } from "../model/context.ts";
import { CommandError } from "../model/errors.ts";

/** Whether a program is installed. `args`: arguments with which it exits quickly without effect, with any exit code. */
export async function isInstalled(
  { host, signal }: Pick<Context, "host" | "signal">,
  program: string,
  args: readonly string[] = [],
): Promise<boolean> {
  try {
    await host.run({ program, args, timeoutMs: 30_000, signal });
    return true;
  } catch (error) {
    if (error instanceof CommandError && error.reason === "missing") return false;
    if (error instanceof CommandError && error.reason === "exit") return true;
    throw error;
  }
}
