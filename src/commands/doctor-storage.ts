import { allDrivers } from "../drivers/index.ts";
import { firstLine } from "../drivers/shared/doctor.ts";
import type { Context } from "../model/context.ts";
import type { Finding } from "../model/finding.ts";
import { decompressionPackages } from "../model/packing.ts";
import { filesystemOf } from "../tools/filesystem-type.ts";
import { guestfsRemedy } from "../tools/guestfs/errors.ts";
import { isGuestfsInstalled } from "../tools/guestfs/is-guestfs-installed.ts";
import { guestfsPackage } from "../tools/guestfs/python.ts";
import { isInstalled } from "../tools/is-installed.ts";
import { missingPrograms } from "../tools/missing-programs.ts";
import { mkfsPackage } from "../tools/mkfs.ts";
import { rootArchivePackages } from "../tools/root-archive-packages.ts";

/** What the disk drivers of the configuration need, and nothing about others. */
export async function checkStorage(context: Context): Promise<Finding[]> {
  const { usedDrivers = [], drivers = {}, programs = [], preallocateImages } = context.settings;
  const used = allDrivers().filter(({ name }) => usedDrivers.includes(name));
  const found = await Promise.all([
    ...allDrivers()
      .filter((driver) => used.includes(driver) || driver.name in drivers)
      .map((driver) => driver.doctor?.(context) ?? []),
    ...programs.map((program) => (program === guestfsPackage ? checkGuestfs(context) : checkProgram(context, program))),
    used.some(({ traits }) => traits.growsInside) ? checkE2fs(context) : [],
    preallocateImages === "space" && used.some(({ traits }) => traits.reserves) ? checkFallocate(context) : [],
  ]);
  return found.flat();
}

async function checkProgram(context: Context, program: string): Promise<Finding[]> {
  const { use, fix } = purposeOf(program);
  try {
    const [missing] = await missingPrograms(context, [program]);
    if (missing === undefined) return [{ check: program, status: "ok", found: use }];
    return [{ check: program, status: "error", found: `${program} is not installed on the host`, fix }];
  } catch (error) {
    return [{ check: program, status: "error", found: firstLine(error), fix }];
  }
}

/** What the configuration needs a program for, and how to get it. */
function purposeOf(program: string): { readonly use: string; readonly fix: string } {
  const unpacking = decompressionPackages[program];
  if (unpacking !== undefined) return { use: "unpacks images of the configuration", fix: `install the package ${unpacking}` };
  const making = program.startsWith("mkfs.") ? undefined : rootArchivePackages[program];
  if (making !== undefined) return { use: "makes root file systems from tar archives", fix: `apt install ${making}` };
  return { use: "makes empty disks of the configuration", fix: `apt install ${mkfsPackage(program)}, or choose another format` };
}

/** What writes files into root disks. */
async function checkGuestfs(context: Context): Promise<Finding[]> {
  const check = "libguestfs";
  try {
    if (await isGuestfsInstalled(context)) return [{ check, status: "ok", found: "writes what is injected into root disks" }];
    return [{ check, status: "error", found: "the Python bindings of libguestfs are not installed on the host", fix: guestfsRemedy }];
  } catch (error) {
    return [{ check, status: "error", found: firstLine(error), fix: guestfsRemedy }];
  }
}

/** Disks have their size without it. */
async function checkE2fs({ host, signal }: Context): Promise<Finding[]> {
  const check = "e2fsprogs";
  const programs = ["e2label", "e2fsck", "resize2fs"];
  const found = await Promise.all(programs.map((program) => isUsable({ host, signal }, program, program === "e2fsck" ? ["-V"] : [])));
  const missing = programs.filter((_, index) => found[index] !== true);
  if (missing.length === 0) return [{ check, status: "ok", found: "ext filesystems without partitions grow with their disks" }];
  const words = `${missing.join(", ")} not installed: ext filesystems without partitions do not grow with their disks`;
  return [{ check, status: "warning", found: words, fix: "apt install e2fsprogs" }];
}

async function checkFallocate(context: Context): Promise<Finding[]> {
  const check = "preallocation";
  const { instancesPath } = context.settings;
  if (!(await isUsable(context, "fallocate", ["--version"]))) {
    return [{ check, status: "error", found: "fallocate is not installed on the host", fix: "apt install util-linux" }];
  }
  const ability = await filesystemOf(context, instancesPath);
  if (ability?.reserves !== false) return [{ check, status: "ok", found: `space can be reserved below ${instancesPath}` }];
  const fix = "Write preallocate_images: none, or put host.instances_path on ext4, xfs or btrfs.";
  return [{ check, status: "error", found: `${instancesPath} is on ${ability.filesystem}, which does not reserve space for files`, fix }];
}

/** Whether a program can be run; the fix is to install it. */
function isUsable(context: Pick<Context, "host" | "signal">, program: string, args: readonly string[]): Promise<boolean> {
  return isInstalled(context, program, args).catch(() => false);
}
