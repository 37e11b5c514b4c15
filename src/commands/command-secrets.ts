import { spawnSync } from "node:child_process";
import type { CommandSecret } from "../model/secret.ts";

/** How long a program may take, and how much it may print: the longest secret that libvirt takes. */
const limits = { milliseconds: 30_000, bytes: 65_536 } as const;

/**
 * Runs programs that print secrets, each once. They get no input and the rest of this environment, no shell is involved, and what they print to
 * standard error is not shown, because it may hold the secret. Undefined when a program fails, takes too long or prints too much.
 */
export function commandSecrets(environment: Readonly<Record<string, string | undefined>>): {
  readonly lookUp: (reference: CommandSecret) => string | undefined;
} {
  const known = new Map<string, string | undefined>();
  const run = ([program = "", ...words]: readonly string[]): string | undefined => {
    const { status, stdout, error } = spawnSync(program, words, {
      env: { ...environment },
      shell: false,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limits.milliseconds,
      killSignal: "SIGKILL",
      maxBuffer: limits.bytes,
    });
    if (error !== undefined || status !== 0) return undefined;
    const text = stdout.toString("utf8");
    // A value that is not text would change on its way.
    return Buffer.from(text).equals(stdout) ? text.replace(/\r?\n$/, "") : undefined;
  };
  return {
    lookUp: ({ command }) => {
      const key = JSON.stringify(command);
      if (!known.has(key)) known.set(key, run(command));
      return known.get(key);
    },
  };
}
