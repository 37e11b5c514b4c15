import { greetingScript } from "./greeting-script.ts";
import { helperProgram } from "./helper-program.ts";
import { loginWords } from "./login-words.ts";
import { shellLine } from "./quote.ts";
import type { SshTarget } from "./target.ts";

/** The programs that the helper starts; it does everything else itself. */
const required = ["cp", "stat", "prlimit"];

/** The arguments of the ssh that makes a connection (`loginWords`) and runs the greeting. `hasHelper`: the helper runs in its session. */
export function masterWords(
  ssh: { readonly args: readonly string[] },
  target: SshTarget,
  login: { readonly socket: string; readonly persist: number; readonly nonce: string; readonly hasHelper: boolean },
): readonly string[] {
  const remote = `exec sh -c ${shellLine([greetingScript, "virtform", login.nonce, login.hasHelper ? helperProgram : "", ...required])}`;
  return [...loginWords(ssh, target, login), remote];
}
