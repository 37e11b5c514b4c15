import type { CommandError } from "../model/errors.ts";

const instead = "Or make a raw file system elsewhere with `mke2fs -d`, and use it with disk_format: raw.";

/** What to do when a program fails that makes a root file system from a tar archive, by what it reports. Pure. */
export function rootArchiveRemedy({ reason, stderr }: Pick<CommandError, "reason" | "stderr">): string {
  if (reason === "missing" || /: not found$/m.test(stderr)) return `Install GNU tar, e2fsprogs and util-linux on the host. ${instead}`;
  if (/Input\/output error|Read-only file system|Structure needs cleaning/.test(stderr))
    return "The file system of host.instances_path is full or its disk fails: free space there, look for errors with `dmesg`, and apply again.";
  if (/No space left on device|Disk quota exceeded/.test(stderr))
    return `Free space in the file system of host.instances_path, and apply again. Where it has enough, the archive unpacks to more than nine times its size. ${instead}`;
  if (/^(mount|unshare|umount): /m.test(stderr))
    return `It is mounted by root through a loop device: connect as root to a host that has loop devices. ${instead}`;
  return `Check the archive with \`tar --list --file\`. ${instead}`;
}
