import type { Context } from "../model/context.ts";
import { CommandError, UnreachableError, userError } from "../model/errors.ts";
import type { CommandResult } from "../model/host.ts";
import type { RbdSettings } from "../model/settings.ts";

/** Who talks to which cluster, from which machine. */
export interface Rbd {
  readonly context: Pick<Context, "host" | "signal">;
  readonly access: Pick<RbdSettings, "conf" | "user">;
}

const minute = 60_000;
/** How long a cluster may take to answer at all. Nova gives it 5 s (RBD-01). */
const connectSeconds = 15;

/** Words of rbd and ceph for what is no answer about an image. */
const noAnswer =
  /couldn't connect|error connecting|error opening pool|unable to open config file|conf_read_file|timed out|permi(?:tted|ssion)/i;
/** And of those, for a user that the cluster does not know, or whose key is another. */
const noEntry = /permission denied|unable to find a keyring|no keyring found/i;
const notAllowed = /operation not permitted/i;

interface RunOptions {
  readonly okExitCodes?: readonly number[];
  readonly timeoutMs?: number;
  readonly onLine?: (line: string) => void;
}

/** Runs `ceph`. Throws UnreachableError when the cluster gives no answer: what is in it may be there all the same. */
export async function runCeph(rbd: Rbd, args: readonly string[]): Promise<CommandResult> {
  return run(rbd, "ceph", ["--connect-timeout", String(connectSeconds), ...args]);
}

/** Runs `rbd`, likewise. */
export async function runRbd(rbd: Rbd, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  return run(rbd, "rbd", [...args, "--client_mount_timeout", String(connectSeconds)], options);
}

async function run({ context, access }: Rbd, program: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const user = access.user === null ? [] : ["--id", access.user];
  try {
    const result = await context.host.run({
      program,
      args: [...args, "--conf", access.conf, ...user],
      timeoutMs: options.timeoutMs ?? 2 * minute,
      signal: context.signal,
      ...options,
    });
    // A pool, a key or a file of Ceph's that is missing has the same exit code as a missing image.
    if (result.exitCode === 2 && noAnswer.test(result.stderr)) throw unreachable({ context, access }, result.stderr);
    return result;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.reason === "missing") {
      const detail = `virtform talks to Ceph through ${program}. On Debian and Ubuntu: apt install ceph-common (and qemu-block-extra for the guests).`;
      throw userError("ceph-missing", `${program} is not installed on ${context.host.name}`, detail);
    }
    if (error.reason === "exit" && noAnswer.test(error.stderr)) throw unreachable({ context, access }, error.stderr);
    throw error;
  }
}

/** What the cluster said, and what to look at. Never an answer about what is in it. */
function unreachable({ context, access }: Rbd, stderr: string): UnreachableError {
  const words = stderr.trim().split("\n").at(-1) ?? "";
  const user = `client.${access.user ?? "admin"}`;
  if (noEntry.test(stderr)) {
    const why = /keyring/i.test(stderr) ? "there is no keyring with its key" : "its key is not the one that the cluster knows";
    return new UnreachableError(
      `Ceph does not let ${user} in from ${context.host.name} (${access.conf}): ${why} (${words}). Whoever administers the cluster gets it with \`ceph auth get ${user}\`; it belongs into /etc/ceph/ceph.${user}.keyring there, or where the conf says.`,
    );
  }
  if (notAllowed.test(stderr)) {
    return new UnreachableError(
      `Ceph lets ${user} in and not do what is needed (${access.conf}): ${words}. \`ceph auth caps ${user} mon 'profile rbd' osd 'profile rbd pool=POOL'\` allows it; a pool that images are only cloned from needs \`profile rbd-read-only pool=POOL\`.`,
    );
  }
  return new UnreachableError(
    `Ceph does not answer ${context.host.name} (${access.conf}): ${words}. Check host.rbd in the configuration: conf, user and pool, and that \`ceph -s\` works there.`,
  );
}
