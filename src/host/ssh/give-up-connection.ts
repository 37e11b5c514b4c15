import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import type { sshProgram } from "./program.ts";
import type { SshTarget } from "./target.ts";

/** The process that holds a connection answers at once, unless it is stopped. */
const answerMs = 1_000;

/** Lets no further run use the connection of a socket. What uses it goes on; the last of it ends it. Never rejects. */
export async function giveUpConnection(ssh: ReturnType<typeof sshProgram>, { destination }: SshTarget, socket: string): Promise<void> {
  if (!existsSync(socket)) return;
  await new Promise<void>((resolve) => {
    // The user's configuration, which may run programs, is for connections only.
    const words = [...ssh.args, "-F", "none", "-S", socket, "-O", "stop", "--", destination];
    const child = spawn(ssh.program, words, { stdio: "ignore", detached: true });
    const timer = setTimeout(() => child.kill("SIGKILL"), answerMs);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    child.once("exit", end);
    child.once("error", end);
  });
  rmSync(socket, { force: true });
}
