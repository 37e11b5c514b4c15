import { userError } from "../model/errors.ts";
import type { HostSession, Session } from "../session.ts";

/** A word of the command line in a session with several hosts. */
export interface HostAndName {
  /** The host that the word begins with; without one, all hosts. */
  readonly hosts: readonly HostSession[];
  /** The rest of the word. */
  readonly name: string;
}

/** Takes the host off `kvm1/web-0`. In a session with one host every word is a name. Pure. */
export function hostOfName({ hosts }: Session, word: string): HostAndName {
  const host = hosts.length > 1 ? hosts.find(({ name }) => word.startsWith(`${name}/`)) : undefined;
  return host === undefined ? { hosts, name: word } : { hosts: [host], name: word.slice(host.name.length + 1) };
}

/** The error for a name that objects of several hosts have. */
export function ambiguousName(name: string, hosts: readonly string[]) {
  const addresses = hosts.map((host) => `${host}/${name}`).join(", ");
  return userError("ambiguous-name", `Several hosts have ${name}`, `Write the name of the host in front: ${addresses}.`);
}
