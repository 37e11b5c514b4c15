import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const directory = mkdtempSync(join(tmpdir(), "virtform-quick-luks-"));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));

/**
 * The path of a qemu-img that makes LUKS containers which are opened at once. QEMU's own take two seconds of CPU time each time, against those
 * who guess passphrases. Programs of this process find it before QEMU's own.
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
esac
exec /usr/bin/qemu-img "$verb" "$@"
`,
);
chmodSync(quickQemuImg, 0o755);
process.env["PATH"] = `${directory}:${process.env["PATH"]}`;
