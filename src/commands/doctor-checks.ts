import type { Config } from "../kinds/config.ts";
import type { Context } from "../model/context.ts";
import { CodedError, errorMessage } from "../model/errors.ts";
import type { Finding } from "../model/finding.ts";
import { approximateQuantity } from "../model/quantity.ts";
import { shellWord } from "../model/shell-word.ts";
import { libvirtOf } from "../tools/libvirt/libvirt.ts";

type Check = (context: Context, config: Config) => Promise<Finding>;

/** The checks of a host. They are independent of each other, so all of them always run. */
export const doctorChecks: readonly Check[] = [
  checkLibvirt,
  checkQemuImg,
  checkVfat,
  checkAcceleration,
  checkInstancesPath,
  checkTraversal,
  checkSpace,
  checkSecurity,
];

async function checkLibvirt(context: Context): Promise<Finding> {
  const check = "libvirt";
  try {
    const { libvirtVersion, arch, cpus, memory } = await libvirtOf(context).node();
    return {
      check,
      status: "ok",
      found: `${context.settings.uri} answers: libvirt ${libvirtVersion}, ${arch}, ${cpus} CPUs, ${approximateQuantity(memory)}`,
    };
  } catch (error) {
    const fix =
      (error instanceof CodedError ? error.diagnostics[0]?.detail : undefined) ??
      "Start libvirt (systemctl start libvirtd), and be root or in the group libvirt. Without either, use uri: qemu:///session.";
    return { check, status: "error", found: errorMessage(error), fix };
  }
}

function checkQemuImg(context: Context): Promise<Finding> {
  return checkProgram(context, "qemu-img", ["--version"], "error", "apt install qemu-utils");
}

function checkVfat(context: Context, config: Config): Promise<Finding> {
  const wanted = Object.values(config.instances ?? {}).some(
    ({ config_drive: drive }) => typeof drive === "object" && drive.format === "vfat",
  );
  return checkProgram(
    context,
    "mcopy",
    ["--version"],
    wanted ? "error" : "warning",
    "apt install mtools dosfstools (only config drives with format vfat need it)",
  );
}

async function checkProgram(
  context: Context,
  program: string,
  args: readonly string[],
  status: "error" | "warning",
  fix: string,
): Promise<Finding> {
  try {
    const { stdout } = await context.host.run({ program, args, timeoutMs: 10_000 });
    return { check: program, status: "ok", found: stdout.split("\n")[0] ?? "" };
  } catch (error) {
    return { check: program, status, found: errorMessage(error).split("\n")[0] ?? "", fix };
  }
}

async function checkAcceleration(context: Context): Promise<Finding> {
  const check = "acceleration";
  const wanted = context.settings.virtType;
  if (wanted === "lxc") return { check, status: "ok", found: "containers run on the host's own processors" };
  const kvm = await libvirtOf(context)
    .node()
    .then(
      (node) => node.kvm,
      () => false,
    );
  const device = await context.host.files.stat("/dev/kvm");
  if (device !== undefined && (device.mode & 0o066) === 0 && context.settings.uri.endsWith("/system")) {
    const found = "only root may open /dev/kvm: guests cannot use it, and libvirt examines every emulator again at each call";
    return { check, status: "warning", found, fix: "chgrp kvm /dev/kvm && chmod 660 /dev/kvm (udev does that where it runs)" };
  }
  if (kvm) return { check, status: "ok", found: wanted === "qemu" ? "KVM is available; virt_type: qemu does not use it" : "KVM" };
  const fix = "Load the module (modprobe kvm_intel or kvm_amd), switch virtualisation on in the firmware, or allow nested virtualisation.";
  if (wanted === "kvm") return { check, status: "error", found: "virt_type is kvm, but libvirt offers no KVM", fix };
  return {
    check,
    status: wanted === "qemu" ? "ok" : "warning",
    found: "no KVM: guests are emulated in software, many times slower",
    ...(wanted === "qemu" ? {} : { fix }),
  };
}

/** Creates nothing: for a path that does not exist yet, the nearest existing directory is checked. */
async function checkInstancesPath(context: Context): Promise<Finding> {
  const check = "instances path";
  const path = context.settings.instancesPath;
  const { files } = context.host;
  const directories = ["/", ...directoriesTo(path)];
  const stats = await files.statMany(directories);
  const nearest = directories.findLast((_, index) => stats[index] !== undefined) ?? "/";
  const probe = `${nearest === "/" ? "" : nearest}/.virtform-doctor-${process.pid}`;
  try {
    await files.writeAtomic(probe, "");
    await files.remove(probe);
    return { check, status: "ok", found: nearest === path ? `${path} can be written` : `${path} does not exist yet and can be created` };
  } catch (error) {
    const fix = "Run as a user who may write there, or choose another place with host.instances_path.";
    return { check, status: "error", found: errorMessage(error), fix };
  }
}

/** Every directory on the way to a path, the path itself last. */
function directoriesTo(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

/** libvirt runs the qemu of qemu:///system as another user, which needs search permission on every directory of the path. Homes often deny it. */
async function checkTraversal(context: Context): Promise<Finding> {
  const check = "path for qemu";
  if (context.settings.virtType === "lxc") return { check, status: "ok", found: "libvirt opens the files of containers as root" };
  if (!context.settings.uri.endsWith("/system")) return { check, status: "ok", found: "qemu runs as you" };
  const directories = directoriesTo(context.settings.instancesPath);
  const stats = await context.host.files.statMany(directories);
  const closed = directories.filter((_, index) => ((stats[index]?.mode ?? 0o755) & 0o001) === 0);
  if (closed.length === 0) return { check, status: "ok", found: "every directory on the way is open to libvirt's qemu user" };
  return {
    check,
    status: "error",
    found: `libvirt's qemu user cannot pass ${closed.join(", ")}`,
    fix: `chmod o+x ${closed.map(shellWord).join(" ")}, or choose another place with host.instances_path (its default needs nothing).`,
  };
}

async function checkSpace(context: Context): Promise<Finding> {
  const { free, total } = await context.host.files.space(context.settings.instancesPath);
  const found = `${approximateQuantity(free)} free of ${approximateQuantity(total)}`;
  const scarce = free < 2 ** 30;
  return scarce
    ? { check: "space", status: "warning", found, fix: "Make room, or move host.instances_path to a larger filesystem." }
    : { check: "space", status: "ok", found };
}

async function checkSecurity(context: Context): Promise<Finding> {
  const check = "security driver";
  const { files } = context.host;
  if ((await files.read("/sys/fs/selinux/enforce"))?.toString() === "1") {
    const fix = `If a guest is refused its disk: semanage fcontext -a -t virt_image_t '${context.settings.instancesPath}(/.*)?' && restorecon -R ${context.settings.instancesPath}`;
    return { check, status: "ok", found: `SELinux enforces. ${fix}` };
  }
  const apparmor = (await files.read("/sys/module/apparmor/parameters/enabled"))?.toString().trim() === "Y";
  return {
    check,
    status: "ok",
    found: apparmor ? "AppArmor: libvirt allows each guest its own disks and their base images" : "none enforced",
  };
}
