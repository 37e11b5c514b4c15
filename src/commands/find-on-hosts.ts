import { closest } from "../model/closest.ts";
import { formatDiagnostics } from "../report/diagnostics.ts";
import type { HostSession, Session } from "../session.ts";
import { eachHost, notFoundOn } from "./each-host.ts";
import { ambiguousName, hostOfName } from "./host-of-name.ts";
import type { Io } from "./io.ts";
import { type Survey, survey } from "./survey.ts";

/** One guest that a command is about, and what was seen of its host. */
export interface FoundGuest<Guest> {
  readonly host: HostSession;
  readonly surveyed: Survey;
  /** Without the host. */
  readonly name: string;
  readonly guest: Guest;
}

/**
 * The guest with the name `web-0`, or `kvm1/web-0` in a session with several hosts. Warnings go to standard error. Throws a UserError when no
 * host has it, or several have.
 */
export async function findOnHosts<Guest>(
  session: Session,
  word: string,
  io: Pick<Io, "stderr">,
  guestsOf: (host: HostSession, surveyed: Survey) => Promise<ReadonlyMap<string, Guest>>,
): Promise<FoundGuest<Guest>> {
  const { hosts, name } = hostOfName(session, word);
  const { found, failed } = await eachHost(
    session,
    { event: (event) => void (event.type === "diagnostic" && io.stderr.write(formatDiagnostics([event.diagnostic], { color: false }))) },
    async (host, reporter) => {
      const surveyed = await survey(host, reporter);
      return { surveyed, guests: await guestsOf(host, surveyed) };
    },
    hosts,
  );
  const having = found.flatMap(({ host, value: { surveyed, guests } }) => {
    const guest = guests.get(name);
    return guest === undefined ? [] : [{ host, surveyed, name, guest }];
  });
  const [first, second] = having;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined)
    throw ambiguousName(
      name,
      having.map(({ host }) => host.name),
    );
  const near = closest(
    name,
    found.flatMap(({ value: { guests } }) => [...guests.keys()]),
  );
  const detail = near === undefined ? "`virtform list` shows the names." : `Did you mean ${near}?`;
  throw notFoundOn(failed, "not-found", `No instance is called ${word}`, detail);
}
