import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { shellLine } from "../../src/host/ssh-quote.ts";
import type { SshTarget } from "../../src/host/ssh-target.ts";
import { freePort } from "../ssh/sshd.ts";

const built = fileURLToPath(new URL("../../.cache/lvm-host/", import.meta.url));
/** A slow machine that does other things as well takes a minute and a half. */
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
 * Starts it from what test/guests/lvm-host/build made, which takes a minute; nothing that it writes is kept. It ends by its
 * process id after the tests, and with this process.
 */
export async function startLvmHost(t: { after(done: () => unknown): void }, gibibytes = 4): Promise<LvmHost> {
  if (!existsSync(`${built}root.qcow2`)) throw new Error("there is no LVM host: run test/guests/lvm-host/build");
  const directory = mkdtempSync(join(tmpdir(), "virtform-lvm-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const port = await freePort();
  const key = makeKey(directory, port);
  const disk = join(directory, "disk.raw");
  writeFileSync(disk, "");
  truncateSync(disk, gibibytes * 2 ** 30);
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", `${built}root.qcow2`, join(directory, "root.qcow2")]);

  const qemu = spawn("setpriv", ["--pdeathsig", "KILL", ...emulator(directory, port, key)], { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  qemu.stderr.setEncoding("utf8").on("data", (text: string) => {
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
  there("systemctl start libvirtd && pvcreate -q -f /dev/vdb && vgcreate -q vg0 /dev/vdb && virsh -q -c qemu:///system version");
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

/** Keys and a configuration for ssh; gives the public key. */
function makeKey(directory: string, port: number): string {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", join(directory, "key")]);
  const [type, key] = read(`${built}host_key.pub`).split(" ");
  writeFileSync(join(directory, "known_hosts"), `[127.0.0.1]:${port} ${type} ${key}\n`);
  const lines = [
    "Host *",
    `  UserKnownHostsFile ${directory}/known_hosts`,
    "  GlobalKnownHostsFile /dev/null",
    `  IdentityFile ${directory}/key`,
    "  IdentitiesOnly yes",
    "  BatchMode yes",
    "",
  ];
  writeFileSync(join(directory, "config"), lines.join("\n"));
  return read(join(directory, "key.pub")).trim();
}

function emulator(directory: string, port: number, key: string): string[] {
  const kernel = `root=/dev/vda rw console=ttyS0 quiet mitigations=off apparmor=0 "systemd.set_credential=ssh.authorized_keys.root:${key}"`;
  return [
    "qemu-system-x86_64",
    ...["-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", "2048"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-sandbox", "on", "-pidfile", join(directory, "pid")],
    ...["-kernel", `${built}vmlinuz`, "-initrd", `${built}initrd.img`, "-append", kernel],
    ...["-drive", `file=${directory}/root.qcow2,if=virtio,format=qcow2,cache=unsafe`],
    // Seen from here as it is seen there.
    ...["-drive", `file=${directory}/disk.raw,if=virtio,format=raw,cache=writeback,discard=unmap`],
    ...["-netdev", `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`, "-device", "virtio-net-pci,netdev=net"],
    ...["-device", "virtio-rng-pci", "-serial", `file:${directory}/console.log`],
  ];
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
