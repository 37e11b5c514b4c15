import { checkout } from "./program.ts";

/** The Debian guest's three images, of which `debian` is the disk. Without a command line, the kernel gets virtform's own. */
export function debianImages(commandLine?: string): Record<string, unknown> {
  const guest = `${checkout}.cache/debian`;
  const properties = { os_distro: "debian", ...(commandLine === undefined ? {} : { os_command_line: commandLine }) };
  return {
    debian: { source: `${guest}/root.qcow2`, disk_format: "qcow2", kernel: "kernel", ramdisk: "initrd", properties },
    kernel: { source: `${guest}/vmlinuz`, disk_format: "aki" },
    initrd: { source: `${guest}/initrd.img`, disk_format: "ari" },
  };
}
