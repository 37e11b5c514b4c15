import { randomBytes } from "node:crypto";
import { chmod, chown, copyFile, cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { checkout, mustRun, type Result, runProgram } from "./virtform.ts";

/** A user of the test's own, who is in no group and has a copy of the program: the checkout can be in a directory that is root's alone. */
export interface OrdinaryUser {
  readonly name: string;
  /** A directory of the user. */
  readonly home: string;
  /** The words that run a program as this user, in these further groups. */
  words(program: string, args: readonly string[], groups?: readonly string[]): readonly string[];
  /** The words that run virtform as this user. */
  virtform(args: readonly string[], groups?: readonly string[]): readonly string[];
  run(words: readonly string[]): Promise<Result>;
}

/** Makes a user, and removes it with its processes and files after the test. */
export async function createOrdinaryUser(t: { after(done: () => unknown): void }): Promise<OrdinaryUser> {
  const name = `vtuser-${randomBytes(4).toString("hex")}`;
  // Not below /tmp: temporary directories of the machine may be private to root.
  const home = await mkdtemp("/var/lib/virtform-user-");
  await mustRun("useradd", ["--no-create-home", "--home-dir", home, "--shell", "/bin/sh", name]);
  t.after(async () => {
    // What the user started outlives its last client for a while: the daemons of the session.
    await runProgram("pkill", ["-KILL", "-u", name]);
    await rm(home, { recursive: true, force: true });
    await mustRun("userdel", ["--force", name]);
  });
  const id = Number(await mustRun("id", ["-u", name]));
  const group = Number(await mustRun("id", ["-g", name]));
  await chown(home, id, group);
  await chmod(home, 0o755);
  const program = `${home}/program`;
  await mkdir(program);
  for (const part of ["bin", "dist", "package.json"]) await cp(`${checkout}${part}`, `${program}/${part}`, { recursive: true });
  await copyFile(process.execPath, `${program}/node`);
  await mustRun("chmod", ["-R", "a+rX", program]);

  const words = (executable: string, args: readonly string[], groups: readonly string[] = []) => [
    "setpriv",
    `--reuid=${name}`,
    `--regid=${group}`,
    ...(groups.length === 0 ? ["--clear-groups"] : [`--groups=${groups.join(",")}`]),
    "env",
    "-i",
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    `HOME=${home}`,
    "LC_ALL=C.UTF-8",
    "NO_COLOR=1",
    executable,
    ...args,
  ];
  return {
    name,
    home,
    words,
    virtform: (args, groups) => words(`${program}/node`, [`${program}/bin/virtform.js`, ...args], groups),
    run: ([first = "", ...rest]) => runProgram(first, rest, 300_000),
  };
}
