import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const directory = mkdtempSync(join(tmpdir(), "virtform-quick-luks-"));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));

/**
 * QEMU measures for a second, twice for each container, how often it can apply its slow function within a time. With this library its processor
 * time passes twenty times as fast: it reads only the user time, seconds and microseconds. The wrapper below uses it where it is: another machine
 * gets both.
 */
export const fastClock = join(directory, "fast-clock.so");
const assembler = `
.globl getrusage
.type getrusage, @function
getrusage:
  mov $98, %eax
  syscall
  test %eax, %eax
  jnz 1f
  imulq $20, (%rsi), %rcx
  mov %rcx, (%rsi)
  imulq $20, 8(%rsi), %rcx
  mov %rcx, 8(%rsi)
1: ret
.section .note.GNU-stack, "", @progbits
`;
const object = join(directory, "fast-clock.o");
execFileSync("as", ["-o", object], { input: assembler });
execFileSync("ld", ["-shared", "-o", fastClock, object]);

/**
 * The path of a qemu-img that makes LUKS containers in a tenth of the time, which are opened at once. QEMU's own take two seconds of CPU time each
 * time, against those who guess passphrases. Programs of this process find it before QEMU's own.
 */
export const quickQemuImg = join(directory, "qemu-img");

writeFileSync(
  quickQemuImg,
  `#!/bin/sh
verb=$1
shift
case "$verb $*" in
  "create "*"-f luks "*) set -- -o iter-time=10 "$@" ;;
  *encrypt.format=luks*) set -- -o encrypt.iter-time=10 "$@" ;;
  *) exec /usr/bin/qemu-img "$verb" "$@" ;;
esac
[ ! -e ${fastClock} ] || export LD_PRELOAD=${fastClock}
exec /usr/bin/qemu-img "$verb" "$@"
`,
);
chmodSync(quickQemuImg, 0o755);
process.env["PATH"] = `${directory}:${process.env["PATH"]}`;
