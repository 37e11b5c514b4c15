import { CommandError, UnreachableError, userError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { CephAccess } from "./access.ts";

/** What went wrong in a session, in its own words. */
export interface RbdTrouble {
  /** How far it came: what was tried last. */
  readonly step: "bindings" | "conf" | "keyring" | "connect" | "monitors" | "pool" | "operation" | "file" | "cancelled";
  /** The system's number; null where there is none. */
  readonly errno: number | null;
  readonly message: string;
}

const errno = { notPermitted: 1, denied: 13, shutdown: 108, notConnected: 107, timedOut: 110 } as const;

/**
 * The error for it: an UnreachableError for anything that is no answer about an image, a UserError for a missing program, a CommandError
 * for a refusal. `what` was asked for: `rename vms/a`.
 */
export function rbdError(host: Pick<Host, "name">, access: CephAccess, what: string, trouble: RbdTrouble): Error {
  const { step, message: words } = trouble;
  const user = `client.${access.user ?? "admin"}`;
  if (step === "bindings") return bindingsMissing(host, words);
  if (step === "keyring" && trouble.errno !== errno.timedOut) return noEntry("there is no keyring with its key");
  if (step === "connect" && trouble.errno === errno.denied) return noEntry("its key is not the one that the cluster knows");
  if (step !== "file" && (trouble.errno === errno.notPermitted || trouble.errno === errno.denied)) {
    return new UnreachableError(
      `Ceph lets ${user} in and not do what is needed (${access.conf}): ${what}: ${words}`,
      `\`ceph auth caps ${user} mon 'profile rbd' osd 'profile rbd pool=POOL'\` allows it; a pool that images are only cloned from needs \`profile rbd-read-only pool=POOL\`.`,
    );
  }
  const silent = ([errno.timedOut, errno.shutdown, errno.notConnected] as (number | null)[]).includes(trouble.errno);
  if (silent || ["conf", "keyring", "connect", "monitors", "pool"].includes(step)) {
    return new UnreachableError(
      `Ceph does not answer ${host.name} (${access.conf}): ${words}`,
      "Check host.rbd in the configuration: conf, user and pool, and that `ceph -s` works there.",
    );
  }
  const commandLine = `rbd ${what}`;
  const summary =
    step === "cancelled" ? `${commandLine} was stopped because of an interrupt` : `${commandLine} failed on ${host.name}: ${words}`;
  const detail =
    step === "cancelled"
      ? "Run the same command again: it goes on from the state of the host."
      : "`ceph -s` there shows the state of the cluster.";
  const reason = step === "cancelled" ? "aborted" : "exit";
  return new CommandError({ commandLine, exitCode: trouble.errno ?? undefined, stderr: words, reason, summary, detail });

  function noEntry(why: string): UnreachableError {
    return new UnreachableError(
      `Ceph does not let ${user} in from ${host.name} (${access.conf}): ${why} (${words})`,
      `Get the key on the cluster with \`ceph auth get ${user}\` and write it to /etc/ceph/ceph.${user}.keyring there, or to the keyring that the conf names.`,
    );
  }
}

/** `words`: what Python, or the start of it, said. */
function bindingsMissing(host: Pick<Host, "name">, words: string): Error {
  return userError(
    "ceph-missing",
    `Ceph's bindings for Python are not installed on ${host.name}`,
    `virtform talks to Ceph through them (${words}). On Debian and Ubuntu: apt install python3-rbd, which ceph-common brings as well (and qemu-block-extra for the guests). VIRTFORM_PYTHON names another Python than /usr/bin/python3 that has them.`,
  );
}
