import { existsSync } from "node:fs";

/** The command line of a program that the kernel ends with a signal when this process ends, also after SIGKILL. Unchanged where setpriv is missing. */
export function withThisProcess(
  signal: "TERM" | "KILL",
  [program, ...args]: readonly [program: string, ...args: string[]],
): [program: string, ...args: string[]] {
  const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path));
  return setpriv === undefined ? [program, ...args] : [setpriv, "--pdeathsig", signal, "--", program, ...args];
}
