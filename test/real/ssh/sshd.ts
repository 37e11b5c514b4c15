import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { SshTarget } from "../../../src/host/ssh/target.ts";

/** An sshd of a test's own on loopback, with keys of its own, that only the test's key opens. */
export interface Sshd {
  readonly port: number;
  readonly uri: string;
  readonly target: SshTarget;
  /** What VIRTFORM_SSH has to be to get in. */
  readonly program: string;
  readonly directory: string;
  /** Logins so far. */
  logins(): number;
  /** Ends sshd and every connection to it. */
  stop(): void;
}

/**
 * Starts one, and ends it after the test by its process id. `options` are lines for sshd_config. Commands that run from then on log in afresh and leave no
 * connection, unless a test says otherwise.
 */
export async function startSshd(t: { after(done: () => unknown): void }, options: readonly string[] = []): Promise<Sshd> {
  process.env["VIRTFORM_SSH_PERSIST"] = "0";
  const directory = mkdtempSync(join(tmpdir(), "virtform-sshd-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync("/run/sshd", { recursive: true });
  for (const key of ["host_key", "user_key"]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${directory}/${key}`]);
  const port = await freePort();
  const user = userInfo().username;
  writeFileSync(`${directory}/authorized_keys`, readFileSync(`${directory}/user_key.pub`));
  const [type, key] = readFileSync(`${directory}/host_key.pub`, "utf8").split(" ");
  writeFileSync(`${directory}/known_hosts`, `[127.0.0.1]:${port} ${type} ${key}\n`);
  writeFileSync(
    `${directory}/config`,
    [
      "Host *",
      `  UserKnownHostsFile ${directory}/known_hosts`,
      "  GlobalKnownHostsFile /dev/null",
      `  IdentityFile ${directory}/user_key`,
      "  IdentitiesOnly yes",
      "Host by-alias",
      "  HostName 127.0.0.1",
      `  Port ${port}`,
      `  User ${user}`,
      "",
    ].join("\n"),
  );
  writeFileSync(
    `${directory}/sshd_config`,
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${directory}/host_key`,
      `AuthorizedKeysFile ${directory}/authorized_keys`,
      `PidFile ${directory}/pid`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "PermitRootLogin prohibit-password",
      // Of each, sshd takes the first.
      ...options,
      // The programs that tests find. Bash reads a .bashrc at its first level only: no test depends on one, and some take longer than the command.
      `SetEnv SHLVL=1 "PATH=${process.env["PATH"]}"`,
      "",
    ].join("\n"),
  );
  const sshd = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", `${directory}/sshd_config`], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  sshd.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const stop = () => endTree(sshd);
  t.after(stop);
  await listening(port, () => log);
  return {
    port,
    directory,
    uri: `qemu+ssh://${user}@127.0.0.1:${port}/system`,
    target: { destination: `${user}@127.0.0.1`, port, libvirtUri: "qemu:///system" },
    program: `ssh -F ${directory}/config`,
    logins: () => log.split("Accepted publickey").length - 1,
    stop,
  };
}

/** The processes that a process started, and those that they started, in no order. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found.slice(1);
}

function endTree(sshd: ChildProcess): void {
  if (sshd.pid === undefined || sshd.exitCode !== null) return;
  for (const pid of [...descendants(sshd.pid).filter((one) => nameOf(one) === "sshd"), sshd.pid]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** The processes that hold a connection whose socket is below a directory, after the ssh that made it has ended. */
export function keptMasters(directory: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && told(Number(name), "cmdline").startsWith(`ssh: ${directory}/`))
    .map(Number);
}

/** The ssh processes below a process that hold a connection, in no order. */
export function masters(pid: number): number[] {
  return descendants(pid).filter((one) => nameOf(one) === "ssh" && told(one, "cmdline").includes("ControlMaster=yes"));
}

/** The name of a process's program; empty when it has ended. */
export const nameOf = (pid: number): string => told(pid, "comm").trim();

function told(pid: number, file: "comm" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** A free port on loopback. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function listening(port: number, log: () => string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const reached = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (reached) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`sshd does not listen:\n${log()}`);
}
