import type { Command } from "../model/host.ts";
import { decompressionPackages } from "../model/packing.ts";
import { shellWord } from "../model/shell-word.ts";

/** A command line that can be pasted into a shell. */
export function commandLine(program: string, args: readonly string[]): string {
  return [program, ...args].map(shellWord).join(" ");
}

/** A program and its arguments. */
export type CommandWords = Pick<Command, "program" | "args">;

/** The same on one processor. */
export function onProcessor(processor: number, { program, args }: CommandWords): CommandWords {
  return { program: "taskset", args: ["-c", String(processor), program, ...args] };
}

/** The command that is started: with limits, prlimit, which executes the program after setting them. */
export function boundedCommand({ program, args, limits }: Pick<Command, "program" | "args" | "limits">): CommandWords {
  if (limits === undefined) return { program, args };
  const bounds = [
    `--as=${limits.addressSpaceBytes}`,
    `--cpu=${limits.cpuSeconds}`,
    ...(limits.fileBytes === undefined ? [] : [`--fsize=${limits.fileBytes}`]),
  ];
  return { program: "prlimit", args: [...bounds, "--", program, ...args] };
}

/** The environment of every program: messages in English, and the directories that only root's PATH has on some systems. */
export function commandEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const directories = (own["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(":");
  const missing = ["/usr/sbin", "/sbin"].filter((directory) => !directories.includes(directory));
  return { PATH: [...directories, ...missing].join(":"), LC_ALL: "C", ...extra };
}

/** The Debian package of each program, and the Fedora package where it differs. */
const packages: Readonly<Record<string, string>> = {
  "virt-xml-validate": "libvirt-clients (Debian) or libvirt-client (Fedora)",
  "qemu-img": "qemu-utils (Debian) or qemu-img (Fedora)",
  prlimit: "util-linux",
  fallocate: "util-linux",
  mkswap: "util-linux",
  "mkfs.ext4": "e2fsprogs",
  "mkfs.ext3": "e2fsprogs",
  "mkfs.xfs": "xfsprogs",
  "mkfs.vfat": "dosfstools",
  "mkfs.fat": "dosfstools",
  mcopy: "mtools",
  genisoimage: "genisoimage",
  ...decompressionPackages,
  gpgv: "gpgv (Debian) or gnupg2 (Fedora)",
};

/** What to do about a missing program. */
export function missingHint(program: string): string {
  const known = packages[program];
  return known === undefined ? "Install it, or add its directory to PATH." : `Install the package ${known}.`;
}

/** The last lines of output, joined; they usually give the reason of a failure. */
export function lastWords(text: string, count = 5): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return lines.slice(-count).join("; ").slice(-2000);
}
