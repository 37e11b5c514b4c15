import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { shellLine } from "../../src/host/ssh/quote.ts";
import type { SshTarget } from "../../src/host/ssh/target.ts";

const built = fileURLToPath(new URL("../../.cache/lvm-host/", import.meta.url));
/** It takes some seconds, on a machine that does other things as well a minute. */
const startMs = 8 * 60_000;

/** A Debian with LVM under a kernel of the test's own, reached over ssh. Volume group `vg0` has one empty disk. */
export interface LvmHost {
  readonly uri: string;
  readonly target: SshTarget;
  /** What VIRTFORM_SSH has to be to get in. */
  readonly program: string;
  readonly group: string;
  /** The device of the group's disk. */
  readonly disk: string;
  readonly extentSize: number;
  /** Runs a program there, which has to succeed, and gives its output. */
  run(program: string, ...args: readonly string[]): string;
  /** Runs it while this process does other things. Rejects when it fails. */
  wait(program: string, ...args: readonly string[]): Promise<void>;
  /** Makes a file there, with the directory that it is in, a copy of one here. */
  put(from: string, to: string): void;
  /** Bytes of the disk that the group is on. */
  bytes(offset: number, length: number): Buffer;
}

/**
 * Starts what test/guests/lvm-host/build built; nothing that it writes is kept. It ends after the tests, and with this process. Its address is one
 * of those that are for tests of networks (RFC 2544), on a tap device with the number of this process.
 */
export async function startLvmHost(t: { after(done: () => unknown): void }): Promise<LvmHost> {
  // No command leaves a connection that would outlast the host.
  process.env["VIRTFORM_SSH_PERSIST"] = "0";
  if (!existsSync(`${built}kernel`)) throw new Error("there is no LVM host: run test/guests/lvm-host/build");
  const directory = mkdtempSync(join(tmpdir(), "virtform-lvm-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [here, address] = connect(t);
  writeClient(directory, address);
  const disk = join(directory, "disk.raw");
  closeSync(openSync(disk, "w"));
  truncateSync(disk, diskBytes);
  closeSync(openSync(join(directory, "root.raw"), "w"));

  const machine = spawn(
    "unshare",
    [...namespaces, "sh", "-c", script, "sh", `${built}kernel`, directory, ...kernelArguments(here, address)],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], HOME: "/machine" },
    },
  );
  let words = "";
  for (const stream of [machine.stdout, machine.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      words = `${words}${text}`.slice(-5000);
    });
  t.after(() => end(machine));
  const ssh = ["-F", join(directory, "config"), "-o", "ConnectTimeout=15", `root@${address}`];
  // It ends by itself: a machine that was killed closes no connection.
  const shared = ["-o", "ControlMaster=auto", "-o", `ControlPath=${directory}/control`, "-o", "ControlPersist=60"];
  const options = { encoding: "utf8", timeout: 10 * 60_000, maxBuffer: 2 ** 28 } as const;
  const there = (line: string) => execFileSync("ssh", [...shared, ...ssh, line], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  // The kernel there reads files of this machine. Over ssh each MiB takes up to half a second of processor time.
  const given = join(directory, "given");
  mkdirSync(given);
  let files = 0;

  const deadline = Date.now() + startMs;
  for (;;) {
    if (machine.exitCode !== null || machine.signalCode !== null) throw new Error(`the LVM host ended before it was up:\n${words}`);
    if (await reached(ssh)) break;
    if (Date.now() > deadline) throw new Error(`the LVM host is not up after ${startMs / 60_000} min:\n${words}`);
    await pause(1000);
  }
  // libvirt knows the emulator then.
  const share = `modprobe hostfs && mkdir -p ${givenThere} && mount -t hostfs none ${givenThere} -o /machine/given`;
  there(`${share} && vgcreate -q vg0 ${device} && virsh -q -c qemu:///system version`);
  return {
    uri: `qemu+ssh://root@${address}/system`,
    target: { destination: `root@${address}`, libvirtUri: "qemu:///system" },
    program: `ssh -F ${join(directory, "config")}`,
    group: "vg0",
    disk: device,
    extentSize: 4 * 2 ** 20,
    run: (program, ...args) => there(inEnglish(program, ...args)),
    wait: async (program, ...args) => {
      await promisify(execFile)("ssh", [...shared, ...ssh, inEnglish(program, ...args)], options);
    },
    put: (from, to) => {
      files += 1;
      const file = join(given, String(files));
      copyFileSync(from, file);
      there(`mkdir -p ${shellLine([join(to, "..")])} && rm -f ${shellLine([to])} && cat ${givenThere}/${files} >${shellLine([to])}`);
      rmSync(file);
    },
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

const inEnglish = (...words: readonly string[]) => `LC_ALL=C ${shellLine(words)}`;

/** Where the files are there that this machine gives. */
const givenThere = "/run/given";

/** The second disk of a kernel of User Mode Linux. */
const device = "/dev/ubdb";
const diskBytes = 8 * 2 ** 30;

/** A kernel in namespaces of its own, which end with the program that made them: no process of the machine outlives the test. */
const namespaces = ["--mount", "--pid", "--fork", "--kill-child"] as const;

/** Starts the kernel of $1 on the disks of directory $2, with the other arguments, below a root that has what it needs. */
const script = `
set -e
kernel=$1 machine=$2
shift 2
mount --bind "$machine" "$kernel/machine"
mount --bind "$kernel/../root.raw" "$kernel/machine/root.raw"
mount -t proc proc "$kernel/proc"
mount --rbind /dev "$kernel/dev"
mount -t tmpfs tmpfs "$kernel/dev/shm"
exec chroot "$kernel" /bin/linux "$@"
`;

function kernelArguments(tap: string, address: string): string[] {
  return [
    "mem=2048M",
    "ubd0=/machine/root.cow,/machine/root.raw",
    "ubd1=/machine/disk.raw",
    "root=/dev/ubda",
    "rw",
    `vec0:transport=tap,ifname=${tap},depth=64,gro=1`,
    "con=null",
    "con0=null,fd:1",
    "umid=lvm",
    "uml_dir=/machine/",
    "quiet",
    "rcupdate.rcu_expedited=1",
    `address=${address}/31`,
  ];
}

/** Makes a tap device and gives its name and the address of the machine behind it. Devices of processes that ended are removed. */
function connect(t: { after(done: () => unknown): void }): [device: string, address: string] {
  const ip = (...args: readonly string[]) => execFileSync("ip", args, { encoding: "utf8" });
  for (const [, name = "", pid] of ip("-o", "link").matchAll(/^\d+: (vflvm(\d+))[:@]/gm))
    if (!existsSync(`/proc/${pid}`)) ip("link", "delete", name);
  const name = `vflvm${process.pid}`;
  ip("tuntap", "add", "dev", name, "mode", "tap");
  t.after(() => ip("link", "delete", name));
  const pair = 2 * (process.pid % 2 ** 16);
  const addressOf = (number: number) => `198.${18 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
  ip("address", "add", `${addressOf(pair)}/31`, "dev", name);
  ip("link", "set", name, "up");
  return [name, addressOf(pair + 1)];
}

/** A configuration for ssh: the machine's key, and the one that it lets in. */
function writeClient(directory: string, address: string): void {
  const key = join(directory, "key");
  writeFileSync(key, readFileSync(`${built}client_key`), { mode: 0o600 });
  writeFileSync(join(directory, "known_hosts"), `${address} ${readFileSync(`${built}host_key.pub`, "utf8")}`);
  const lines = [
    "Host *",
    `  UserKnownHostsFile ${directory}/known_hosts`,
    "  GlobalKnownHostsFile /dev/null",
    `  IdentityFile ${key}`,
    "  IdentitiesOnly yes",
    "  BatchMode yes",
    "",
  ];
  writeFileSync(join(directory, "config"), lines.join("\n"));
}

async function reached(ssh: readonly string[]): Promise<boolean> {
  const child = spawn("ssh", [...ssh, "true"], { stdio: "ignore" });
  const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
  const code = await new Promise((resolve) => child.once("exit", resolve));
  clearTimeout(timer);
  return code === 0;
}

/** Ends the kernel rather than the program that waits for it: the processor time of both is then counted as this process's. */
async function end(machine: ChildProcess): Promise<void> {
  if (machine.exitCode !== null || machine.signalCode !== null) return;
  const ended = new Promise((resolve) => machine.once("exit", resolve));
  const [kernel] = readFileSync(`/proc/${machine.pid}/task/${machine.pid}/children`, "utf8").split(" ");
  if (kernel) process.kill(Number(kernel), "SIGKILL");
  else machine.kill("SIGKILL");
  await ended;
}
