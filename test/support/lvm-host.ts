import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { shellLine } from "../../src/host/ssh/quote.ts";
import type { SshTarget } from "../../src/host/ssh/target.ts";
import { freePort } from "../real/ssh/sshd.ts";

const built = fileURLToPath(new URL("../../.cache/lvm-host/", import.meta.url));
/** It takes seconds, on a machine that does other things as well half a minute. */
const startMs = 8 * 60_000;

/** A Debian with LVM in an emulated machine of the test's own, reached over ssh. Volume group `vg0` has one empty disk. */
export interface LvmHost {
  readonly uri: string;
  readonly target: SshTarget;
  /** What VIRTFORM_SSH has to be to get in. */
  readonly program: string;
  readonly group: string;
  readonly extentSize: number;
  /** Runs a program there, which has to succeed, and gives its output. */
  run(program: string, ...args: readonly string[]): string;
  /** Makes a file there, with the directory that it is in, a copy of one here. */
  put(from: string, to: string): void;
  /** Bytes of the disk that the group is on. */
  bytes(offset: number, length: number): Buffer;
}

/**
 * Goes on with the machine that test/guests/lvm-host/build started and halted; nothing that it writes is kept. It ends by its
 * process id after the tests, and with this process.
 */
export async function startLvmHost(t: { after(done: () => unknown): void }): Promise<LvmHost> {
  if (!existsSync(`${built}state`)) throw new Error("there is no LVM host: run test/guests/lvm-host/build");
  const directory = mkdtempSync(join(tmpdir(), "virtform-lvm-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const port = await freePort();
  writeClient(directory, port);
  const disk = join(directory, "disk.raw");
  execFileSync("cp", ["--sparse=always", `${built}disk.raw`, disk]);
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", `${built}root.qcow2`, join(directory, "root.qcow2")]);

  const state = openSync(`${built}state`, "r");
  const args = ["--pdeathsig", "KILL", "qemu-system-x86_64", ...emulator(directory, port), "-incoming", "fd:3"];
  const qemu = spawn("setpriv", args, { stdio: ["ignore", "ignore", "pipe", state] });
  closeSync(state);
  let words = "";
  qemu.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words += text;
  });
  t.after(() => end(qemu));
  const console = () => `${words}${read(join(directory, "console.log")).slice(-3000)}`;
  const ssh = ["-F", join(directory, "config"), "-o", "ConnectTimeout=15", `root@127.0.0.1`, "-p", String(port)];
  const shared = ["-o", "ControlMaster=auto", "-o", `ControlPath=${directory}/control`, "-o", "ControlPersist=yes"];
  const there = (line: string, input: Buffer | "ignore" = "ignore") =>
    execFileSync("ssh", [...shared, ...ssh, line], {
      encoding: "utf8",
      timeout: 10 * 60_000,
      maxBuffer: 2 ** 28,
      stdio: [input === "ignore" ? "ignore" : "pipe", "pipe", "pipe"],
      ...(input === "ignore" ? {} : { input }),
    });

  const deadline = Date.now() + startMs;
  for (;;) {
    if (qemu.exitCode !== null) throw new Error(`the LVM host ended before it was up:\n${console()}`);
    if (await reached(ssh)) break;
    if (Date.now() > deadline) throw new Error(`the LVM host is not up after ${startMs / 60_000} min:\n${console()}`);
    await pause(1000);
  }
  // Its clock stood still.
  there(`date -s @${Math.round(Date.now() / 1000)} && virsh -q -c qemu:///system version`);
  return {
    uri: `qemu+ssh://root@127.0.0.1:${port}/system`,
    target: { destination: "root@127.0.0.1", port, libvirtUri: "qemu:///system" },
    program: `ssh -F ${join(directory, "config")}`,
    group: "vg0",
    extentSize: 4 * 2 ** 20,
    run: (program, ...args) => there(shellLine(["env", "LC_ALL=C", program, ...args])),
    put: (from, to) =>
      void there(`mkdir -p ${shellLine([join(to, "..")])} && rm -f ${shellLine([to])} && cat >${shellLine([to])}`, readFileSync(from)),
    bytes: (offset, length) => {
      // What programs there have written is on the disk once the kernel there says so.
      there("sync");
      const file = openSync(disk, "r");
      try {
        const buffer = Buffer.alloc(length);
        return buffer.subarray(0, readSync(file, buffer, 0, length, offset));
      } finally {
        closeSync(file);
      }
    },
  };
}

/** A configuration for ssh: the machine's key, and the one that it lets in. */
function writeClient(directory: string, port: number): void {
  const key = join(directory, "key");
  writeFileSync(key, readFileSync(`${built}client_key`), { mode: 0o600 });
  writeFileSync(join(directory, "known_hosts"), `[127.0.0.1]:${port} ${read(`${built}host_key.pub`)}`);
  const lines = [
    "Host *",
    `  UserKnownHostsFile ${directory}/known_hosts`,
    "  GlobalKnownHostsFile /dev/null",
    `  IdentityFile ${key}`,
    "  IdentitiesOnly yes",
    "  BatchMode yes",
    // The usual one takes an emulated processor longer.
    "  KexAlgorithms curve25519-sha256",
    "",
  ];
  writeFileSync(join(directory, "config"), lines.join("\n"));
}

/** As it was started with, but for the places. */
function emulator(directory: string, port: number): string[] {
  const lines = readFileSync(`${built}emulator`, "utf8").trimEnd().split("\n");
  return lines.map((line) => line.replace("@DIRECTORY@", directory).replace("@PORT@", String(port)));
}

async function reached(ssh: readonly string[]): Promise<boolean> {
  const child = spawn("ssh", [...ssh, "true"], { stdio: "ignore" });
  const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
  const code = await new Promise((resolve) => child.once("exit", resolve));
  clearTimeout(timer);
  return code === 0;
}

async function end(qemu: ChildProcess): Promise<void> {
  if (qemu.exitCode !== null || qemu.signalCode !== null) return;
  const ended = new Promise((resolve) => qemu.once("exit", resolve));
  qemu.kill("SIGKILL");
  await ended;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
