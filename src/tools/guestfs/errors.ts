import { CommandError, RefusedError, userError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { GuestfsTrouble } from "./guest-disk.ts";
import { guestfsPackage } from "./python.ts";

/** The error for what a session did not do. `disk`: for messages, such as `disk of web`. Pure. */
export function guestfsError(host: Pick<Host, "name">, disk: string, trouble: GuestfsTrouble): Error {
  const { step, message: words, roots = [], filesystems = {} } = trouble;
  const holds = `libguestfs finds ${listOf(filesystems)}.`;
  const cannot = `Nothing can be injected into the ${disk}`;
  switch (step) {
    case "bindings":
      return userError("guestfs-missing", `libguestfs is not installed on ${host.name}`, `${words}. ${guestfsRemedy}`);
    case "open":
    case "launch":
      return new RefusedError(
        "guestfs-failed",
        `The appliance of libguestfs does not start on ${host.name}: ${words}`,
        "libguestfs builds it from a Linux kernel that is installed on the host and readable (below /boot; on Debian: apt install linux-image-amd64) and runs it with qemu. `LIBGUESTFS_BACKEND=direct libguestfs-test-tool` there (package libguestfs-tools) shows what is missing.",
      );
    case "roots":
      return new RefusedError(
        "inject-no-file-system",
        `${cannot}: inspection found ${roots.length === 0 ? "no operating system" : `several operating systems (${roots.join(", ")})`}`,
        `${holds} Name the partition: inject: { partition: 1 }, or none where the whole disk is the file system.`,
      );
    case "partition":
      return new RefusedError(
        "inject-no-file-system",
        `${cannot}: it has no such partition`,
        `${holds} Write another number, inspect, or none where the whole disk is the file system.`,
      );
    case "mount":
      return new RefusedError(
        "inject-no-file-system",
        `${cannot}: ${trouble.device ?? "its file system"} cannot be mounted${trouble.point === undefined || trouble.point === "/" ? "" : ` as ${trouble.point}`} (${words})`,
        `${holds} Write the partition that holds the root file system: inject: { partition: 1 }; none stands for the whole disk.`,
      );
    default:
      return new CommandError({
        commandLine: "libguestfs",
        exitCode: undefined,
        stderr: words,
        reason: "exit",
        summary: `libguestfs failed on ${host.name} with the ${disk} (${step}): ${words}`,
        detail: "Run the same command again: what was not injected is injected then.",
      });
  }
}

/** What installs libguestfs. */
export const guestfsRemedy = `On Debian and Ubuntu: apt install ${guestfsPackage}, on Fedora: dnf install python3-libguestfs. VIRTFORM_PYTHON names another Python than /usr/bin/python3 that has its bindings.`;

/** `/dev/sda1 (ext4), /dev/sda2 (swap)`. */
function listOf(filesystems: NonNullable<GuestfsTrouble["filesystems"]>): string {
  const found = Object.entries(filesystems).map(([device, type]) => `${device} (${type})`);
  return found.length === 0 ? "no file system in it" : `${found.slice(0, 8).join(", ")} in it`;
}
