import type { Config } from "./kinds/config.ts";
import { closest } from "./model/closest.ts";
import { userError } from "./model/errors.ts";
import type { Mode, Reconciliation } from "./reconciliation.ts";
import type { HostSession, Session } from "./session.ts";

/** What a run is about, in a session with any number of hosts. */
interface Runs {
  /** Addresses or names, with the name of the host in front where the session has several; empty for everything. */
  readonly targets: readonly string[];
  /** Addresses or names of what is left out, with what depends on it. Absent: nothing. */
  readonly exclude?: readonly string[];
  /** Addresses or names of what is replaced although nothing about it differs. Absent: nothing. */
  readonly replace?: readonly string[];
  /** `targets`: those of this host, without its name. */
  readonly mode: (host: HostSession, targets: readonly string[]) => Mode;
  readonly fingerprints?: boolean;
  /** Compare base images with their digests. */
  readonly verify?: boolean;
}

/** The run on each host; with targets only on the hosts that they name. Throws a UserError for a target that names none of several hosts. */
export function runsOf(
  { hosts }: Session,
  { targets, exclude = [], replace = [], mode, fingerprints = false, verify = false }: Runs,
): Reconciliation<Config>[] {
  const qualified = hosts.length > 1;
  if (qualified) for (const target of [...targets, ...exclude, ...replace]) refuseUnknownHost(target, hosts);
  return hosts.flatMap((host) => {
    const ofHost = (names: readonly string[]) =>
      qualified ? names.flatMap((name) => (hostOf(name) === host.name ? [name.slice(host.name.length + 1)] : [])) : names;
    const own = ofHost(targets);
    if (targets.length > 0 && own.length === 0) return [];
    const context = verify ? { ...host.context, verifiesBases: true } : host.context;
    return [
      {
        ...host,
        context,
        qualified,
        targets: own,
        exclude: ofHost(exclude),
        replace: ofHost(replace),
        mode: mode(host, own),
        fingerprints,
      },
    ];
  });
}

function hostOf(target: string): string | undefined {
  const slash = target.indexOf("/");
  return slash < 0 ? undefined : target.slice(0, slash);
}

function refuseUnknownHost(target: string, hosts: readonly HostSession[]): void {
  const host = hostOf(target);
  const names = hosts.map(({ name }) => name);
  if (host !== undefined && names.includes(host)) return;
  const near = closest(host ?? target, names);
  throw userError(
    "unknown-target",
    `No such target: ${target}`,
    `There are several hosts, so a target begins with the name of one: ${near ?? names[0]}/domain/NAME. They are ${names.join(", ")}.`,
  );
}
