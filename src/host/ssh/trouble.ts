import { UnreachableError } from "../../model/errors.ts";
import { shellWord } from "../../model/shell-word.ts";
import { lastWords } from "../command-line.ts";

/** The hops on the way to a host, in the order in which they are passed, and what it means that one is behind us. */
export const hops = {
  "ssh here": "ssh runs here",
  name: "the host's name is known",
  network: "sshd answers",
  "host key": "the host is the one that it was",
  login: "a key opens the door",
  shell: "the login shell runs commands",
  programs: "the programs that are needed are there",
} as const;
export type Hop = keyof typeof hops;

/** A connection that could not be made: at which hop, and what can be done. */
export interface SshTrouble {
  readonly hop: Hop;
  readonly hint: string;
}

/** What ssh's own words mean. Pure; the words are OpenSSH's. */
export function sshTrouble(words: string, destination: string): SshTrouble {
  if (/Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No .* host key is known/i.test(words)) {
    const hint = /CHANGED/.test(words)
      ? "The host presents another key than before, so it may be another machine. Find out why, then correct known_hosts (ssh-keygen -R)."
      : `Its key is not in known_hosts. Run \`ssh ${shellWord(destination)}\` once by hand, compare the key, and accept it.`;
    return { hop: "host key", hint };
  }
  if (/Could not resolve hostname|Name or service not known|Temporary failure in name resolution/i.test(words)) {
    return { hop: "name", hint: "Check the name in host.uri and in ~/.ssh/config, and the name service." };
  }
  if (/Permission denied|Too many authentication failures|no mutual signature|Authentication failed|UNPROTECTED PRIVATE KEY/i.test(words)) {
    const hint = `A password cannot be entered, so a key is needed. Load it (ssh-add), name it in ~/.ssh/config (IdentityFile), and allow it on the host (ssh-copy-id ${destination}).`;
    return { hop: "login", hint };
  }
  if (/refused|timed out|No route to host|unreachable|reset by|Connection closed|kex_exchange_identification|Broken pipe/i.test(words)) {
    return { hop: "network", hint: "Check that the host is up, that sshd runs there, and the port; then firewalls on the way." };
  }
  return { hop: "login", hint: `Try \`ssh ${shellWord(destination)} true\` by hand.` };
}

/** A host that cannot be reached: the failed hop, the message of ssh, the remedy. */
export class SshConnectError extends UnreachableError {
  readonly trouble: SshTrouble;
  constructor(name: string, words: string, trouble: SshTrouble) {
    const said = lastWords(words, 3).replace(/\.$/, "") || "ssh ended without a message";
    super(`${name} cannot be reached over ssh (${trouble.hop}): ${said}`, trouble.hint);
    this.trouble = trouble;
  }
}

/** A connection that broke. The last requests may or may not have been carried out. */
export function connectionLost(name: string, words = ""): UnreachableError {
  const said = lastWords(words, 2);
  return new UnreachableError(
    `The connection to ${name} was lost${said === "" ? "" : ` (${said})`}`,
    "Actions that were running may or may not have completed. Run the same command again; it reads the host again.",
  );
}
