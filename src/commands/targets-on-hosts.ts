import { configuredNames } from "../kinds/config/configured-names.ts";
import { matchesPattern } from "../model/matches-pattern.ts";
import type { Session } from "../session.ts";
import { ambiguousName, hostOfName } from "./host-of-name.ts";

/**
 * The names of guests or images as targets of a session. With several hosts a target begins with a host: one that is not written is the host
 * whose configuration declares the name; a pattern stands for all hosts that declare a match. A name that no configuration declares is
 * returned unchanged. Throws a UserError for a name that several hosts declare. Pure.
 */
export function targetsOnHosts(session: Session, words: readonly string[]): string[] {
  const { hosts } = session;
  if (hosts.length === 1) return [...words];
  const declared = hosts.map(({ name, config }) => {
    const { instances, images, addresses } = configuredNames(config);
    return { host: name, names: [...instances, ...images, ...addresses] };
  });
  return words.flatMap((word) => {
    if (hostOfName(session, word).hosts.length === 1) return [word];
    const having = declared.filter(({ names }) => names.some((name) => matchesPattern(word, name))).map(({ host }) => host);
    if (having.length > 1 && !word.includes("*")) throw ambiguousName(word, having);
    return having.length === 0 ? [word] : having.map((host) => `${host}/${word}`);
  });
}
