import type { Address } from "../model/address.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { UserError, userError } from "../model/errors.ts";
import type { Reporter } from "../model/event.ts";
import { failureDiagnostics } from "../model/failure-diagnostics.ts";
import { onHost } from "../model/on-host.ts";
import type { HostSession, Session } from "../session.ts";

/** What a command found on one host. */
export interface OnOneHost<Value> {
  readonly host: HostSession;
  readonly value: Value;
  /** For rows of output: the name of the host. Empty in a session with one host. */
  readonly label: { readonly host?: string };
  /** An address, or a name, as output has it: with the host in front where the session has several. */
  address<Given extends string>(given: Given): Given | Address;
}

/** What a command found on all hosts. */
export interface OnEachHost<Value> {
  readonly found: readonly OnOneHost<Value>[];
  /** No host failed, and none reported an error. */
  readonly complete: boolean;
  /** The names of the hosts that failed. */
  readonly failed: readonly string[];
}

/**
 * Does the same on each host of a session, or on the chosen ones, at the same time. With several hosts, problems get the name of their host, and
 * the failure of one is reported and does not stop the others. Throws the problems of all when every host fails.
 */
export async function eachHost<Value>(
  { hosts }: Session,
  { event }: Pick<Reporter, "event">,
  work: (host: HostSession, reporter: Pick<Reporter, "event">) => Promise<Value>,
  chosen: readonly HostSession[] = hosts,
): Promise<OnEachHost<Value>> {
  const several = hosts.length > 1;
  let erred = false;
  const report: Reporter["event"] = (given) => {
    erred ||= given.type === "diagnostic" && given.diagnostic.severity === "error";
    event(given);
  };
  const failures: Diagnostic[] = [];
  const failed: string[] = [];
  const one = async (host: HostSession): Promise<OnOneHost<Value>[]> => {
    if (!several) return [{ host, value: await work(host, { event: report }), label: {}, address: (given) => given }];
    const named = onHost(host.name);
    try {
      const value = await work(host, {
        event: (given) => report(given.type === "diagnostic" ? { ...given, diagnostic: named.diagnostic(given.diagnostic) } : given),
      });
      return [{ host, value, label: { host: host.name }, address: (given) => `${host.name}/${given}` }];
    } catch (error) {
      const diagnostics = failureDiagnostics(error);
      if (diagnostics === undefined) throw error;
      failures.push(...diagnostics.map(named.diagnostic));
      failed.push(host.name);
      return [];
    }
  };
  const found = (await Promise.all(chosen.map(one))).flat();
  if (found.length === 0 && failures.length > 0) throw new UserError(failures);
  for (const diagnostic of failures) event({ type: "diagnostic", diagnostic });
  return { found, complete: failed.length === 0 && !erred, failed };
}

/** The error for a name that no host has. Where hosts failed, it says that these may have it. */
export function notFoundOn(failed: readonly string[], code: string, summary: string, detail: string): UserError {
  if (failed.length === 0) return userError(code, summary, detail);
  return userError(code, `${summary} on the hosts that could be read`, `${failed.join(", ")} could not be read and may have it. ${detail}`);
}
