import { createHash } from "node:crypto";
import { lstatSync, statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { resolve } from "node:path";
import { loginWords } from "./login-words.ts";
import { ownDirectory } from "./own-directory.ts";
import type { sshProgram } from "./program.ts";
import type { SshTarget } from "./target.ts";

/** The socket of a connection that stays after the run that made it. */
export interface KeptSocket {
  readonly path: string;
  /** How long it stays after its last use. */
  readonly seconds: number;
  /**
   * What an earlier run left there. A usable connection may have ended since. One that is too old, or whose process was killed long ago, has to be given
   * up before another can be kept.
   */
  readonly earlier: "none" | "usable" | "too old";
}

/** A path of a socket has at most 107 bytes, and ssh makes it under a name that is 17 longer. */
const mostBytes = 107 - 17;
/** A connection that is always in use is given up when it is so many times as old as it may be idle: rights on the host belong to a login. */
const mostAges = 10;
/** What decides beside the arguments which ssh runs, which key it uses, and as whom. */
const deciding = ["PATH", "HOME", "SSH_AUTH_SOCK", "KRB5CCNAME"] as const;

/**
 * The socket by which runs of this user share a connection to a host, for `seconds` after its last use. Undefined where no connection is kept:
 * for 0 seconds, and without a directory of this user's own.
 */
export function keptSocket(ssh: ReturnType<typeof sshProgram>, target: SshTarget, seconds: number): KeptSocket | undefined {
  if (seconds === 0) return undefined;
  const directory = ownDirectory(process.env);
  if (directory === undefined) return undefined;
  const digest = digestOf(ssh, target, seconds);
  if (digest === undefined) return undefined;
  const path = `${directory}/${nameOf(target)}-${digest}`;
  // ssh expands and splits paths with other characters.
  if (Buffer.byteLength(path) > mostBytes || !/^[\w/.@:+-]+$/.test(path)) return undefined;
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { path, seconds, earlier: "none" };
  if (!found.isSocket()) return undefined;
  const isOld = Date.now() - found.mtimeMs > mostAges * seconds * 1000;
  return { path, seconds, earlier: isOld ? "too old" : "usable" };
}

/** Says to a person which host it is. */
function nameOf({ destination }: SshTarget): string {
  return destination.replaceAll(/[^A-Za-z0-9.@-]/g, "-").slice(0, 24);
}

/** Changes with all that decides where a login leads and how it is made. Undefined for a user without a home. */
function digestOf(ssh: ReturnType<typeof sshProgram>, target: SshTarget, seconds: number): string | undefined {
  const home = homeOfUser();
  if (home === undefined) return undefined;
  const own = [ssh.program, ...ssh.args];
  const files = [`${home}/.ssh/config`, `${home}/.ssh/known_hosts`, "/etc/ssh/ssh_config", ...own.flatMap(filesIn)];
  // Paths in the words of VIRTFORM_SSH may be relative.
  const place = own.length > 1 || ssh.program.includes("/") ? resolve() : null;
  // Machines may share a home.
  const around = [hostname(), ...deciding.map((name) => process.env[name] ?? null)];
  const words = loginWords(ssh, target, { socket: "", persist: seconds });
  return createHash("sha256")
    .update(JSON.stringify([ssh.program, words, place, around, files.map(versionOf)]))
    .digest("hex")
    .slice(0, 16);
}

/** Where ssh looks for its files, whatever HOME says. */
function homeOfUser(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    return undefined;
  }
}

/** What may be the path of a file in words such as `./config`, `-F./config` and `-oIdentityFile=./key`. */
function filesIn(word: string): readonly string[] {
  return [word.slice(word.indexOf("=") + 1), word.slice(2)];
}

/** Changes when a file is edited or replaced. */
function versionOf(path: string): string | null {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return null;
  }
}
