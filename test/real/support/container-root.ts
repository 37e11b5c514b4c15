import { chmod, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { mustRun } from "./virtform.ts";

/** What the first process of the container does: it notes that it runs, serves what it has by HTTP, and notes that it was asked to end. */
const init = `#!/bin/sh
echo "$$ on $(hostname) with $*" > /var/started
ip -o link > /var/links
for word; do case "$word" in address=*) ip address add "\${word#address=}" dev eth0; ip link set eth0 up;; esac; done
for port in 80 81; do httpd -p "$port" -h /var; done
trap 'echo ended > /var/ended; exit 0' TERM
while :; do sleep 0.2; done
`;

const programs = ["sh", "cat", "df", "hostname", "httpd", "ip", "sleep", "stat"];

/** Makes a root file system with a busybox in a directory, in a raw file with ext4. Gives the path of the file. */
export async function makeContainerRoot(directory: string): Promise<string> {
  const [root, file] = [`${directory}/root`, `${directory}/root.ext4`];
  for (const name of ["bin", "etc", "sbin", "dev", "proc", "root", "sys", "var"]) await mkdir(`${root}/${name}`, { recursive: true });
  await copyFile("/bin/busybox", `${root}/bin/busybox`);
  for (const program of programs) await symlink("busybox", `${root}/bin/${program}`);
  await writeFile(`${root}/sbin/init`, init);
  for (const path of ["bin/busybox", "sbin/init"]) await chmod(`${root}/${path}`, 0o755);
  await mustRun("mke2fs", ["-q", "-t", "ext4", "-d", root, file, "16M"]);
  return file;
}
