import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SshTarget } from "../../../../src/host/ssh/target.ts";

export const target: SshTarget = { destination: "root@kvm1", libvirtUri: "qemu:///system" };

/** An ssh that runs what the remote would run on this machine, for VIRTFORM_SSH. */
export interface FakeSsh {
  readonly program: string;
  /** The process ids of all that were started, in order. */
  pids(): number[];
}

/**
 * Makes one. `master` and `channel` are scripts of sh that replace the command of the connection and of each channel; `$last` is
 * that command.
 */
export function fakeSsh(
  context: { after(done: () => unknown): void },
  scripts: { readonly master?: string; readonly channel?: string } = {},
): FakeSsh {
  const directory = mkdtempSync(join(tmpdir(), "virtform-fake-ssh-"));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, "ssh");
  const run = 'exec sh -c "$last"';
  writeFileSync(
    program,
    `#!/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; echo $$ >>${directory}/pids
for last; do :; done
case " $* " in
  *" ControlMaster=yes "*) ${scripts.master ?? run} ;;
  *) ${scripts.channel ?? run} ;;
esac
`,
  );
  chmodSync(program, 0o755);
  return {
    program,
    pids: () => readFileSync(`${directory}/pids`, "utf8").trim().split("\n").map(Number),
  };
}

/** Whether a process runs; one that only waits to be collected does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
