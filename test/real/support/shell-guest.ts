import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { until } from "./until.ts";
import { type GuestFiles, tinyGuest, virsh, type Workspace } from "./workspace.ts";

/**
 * A guest that does what its serial port tells it: `N COMMAND` runs the command in a shell with busybox, and prints its output between lines
 * that begin with the number.
 */
const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty -echo
echo 4 >/proc/sys/kernel/printk
while read -r module; do insmod "/modules/$module" 2>/dev/null; done </modules/list
ip link set lo up
ip link set eth0 up
mkdir -p /tmp
echo shell-guest: ready
while :; do
  read -r number command || continue
  [ -n "$command" ] || continue
  echo "begin $number"
  sh -c "$command" </dev/null 2>&1
  echo "end $number $?"
done
`;

/** Makes the files of such a guest: those of the tiny guest with another init, which the kernel unpacks over the first one. */
export async function shellGuest(directory: string): Promise<GuestFiles> {
  const ramdisk = `${directory}/shell-initramfs.img`;
  await writeFile(ramdisk, Buffer.concat([await readFile(tinyGuest.ramdisk), gzipSync(archive("init", Buffer.from(init)))]));
  return { ...tinyGuest, ramdisk };
}

/** A cpio archive (newc) with one executable file. */
function archive(name: string, content: Buffer): Buffer {
  return Buffer.concat([entry(name, content, 0o100755), entry("TRAILER!!!", Buffer.alloc(0), 0)]);
}

function entry(name: string, content: Buffer, mode: number): Buffer {
  const fields = [1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return Buffer.concat([padded(Buffer.from(header)), padded(content)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

/** What a command printed in the guest, and its exit code. */
export interface Answer {
  readonly code: number;
  readonly output: string;
}

/** The shell of a guest that runs. */
export interface GuestShell {
  run(command: string, seconds?: number): Promise<Answer>;
  /** Starts it in the background. */
  start(command: string): Promise<void>;
}

/** Waits until the guest has booted and gives its shell. */
export async function shellOf(t: TestContext, { instancesPath }: Workspace, name: string): Promise<GuestShell> {
  const uuid = (await virsh("domuuid", name)).trim();
  const log = `${instancesPath}/${uuid}/console.log`;
  const read = async () => (await readFile(log, "latin1")).replaceAll("\r", "");
  await until(`${name} to boot`, 120, async () => (await read()).includes("shell-guest: ready") || undefined);
  const terminal = (await virsh("ttyconsole", name)).trim();
  // qemu reads from a terminal only while it is open, and stops to write to one that is not read.
  const script = 'cat "$1" >/dev/null & trap "kill $!" EXIT; cat >"$1"';
  const serial = spawn("sh", ["-c", script, "sh", terminal], { stdio: ["pipe", "ignore", "ignore"] });
  t.after(() => serial.stdin.end());
  let number = 0;
  const run = async (command: string, seconds = 180) => {
    number += 1;
    serial.stdin.write(`${number} ${command}\n`);
    const pattern = new RegExp(`^begin ${number}\\n(.*?)^end ${number} (\\d+)$`, "ms");
    const [, output = "", code] = await until(
      `${name} to run ${command}`,
      seconds,
      async () => pattern.exec(await read()) ?? undefined,
      async () => (await read()).slice(-2000),
    );
    return { code: Number(code), output };
  };
  return {
    run,
    start: async (command) => void (await run(`{ ${command}; } >/dev/null 2>&1 &`)),
  };
}
