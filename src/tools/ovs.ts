import type { Context } from "../model/context.ts";
import { CommandError } from "../model/errors.ts";

const askMs = 10_000;

/** The bridge of Open vSwitch that has a device as a port; null where none has it, or Open vSwitch does not answer. */
export async function ovsBridgeOf({ host, signal }: Pick<Context, "host" | "signal">, device: string): Promise<string | null> {
  try {
    const { stdout } = await host.run({ program: "ovs-vsctl", args: ["--timeout=5", "port-to-br", device], timeoutMs: askMs, signal });
    return stdout.trim() === "" ? null : stdout.trim();
  } catch (error) {
    if (error instanceof CommandError && error.reason !== "aborted") return null;
    throw error;
  }
}
