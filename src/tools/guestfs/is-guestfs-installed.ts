import type { Context } from "../../model/context.ts";
import { CommandError } from "../../model/errors.ts";
import { guestfsPython } from "./python.ts";

/** Whether libguestfs can be used from the host's Python. */
export async function isGuestfsInstalled({ host, signal }: Pick<Context, "host" | "signal">): Promise<boolean> {
  try {
    await host.run({ program: guestfsPython(), args: ["-I", "-c", "import guestfs"], timeoutMs: 30_000, signal });
    return true;
  } catch (error) {
    if (error instanceof CommandError && (error.reason === "missing" || error.reason === "exit")) return false;
    throw error;
  }
}
