import { lookUpStorage } from "../kinds/host/storage-facts.ts";
import { groupMissing, ploopMissing, poolMissing, secretMissing } from "../kinds/storage/backend-problems.ts";
import type { Context } from "../model/context.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { errorMessage, UserError } from "../model/errors.ts";
import type { Finding } from "../model/finding.ts";
import type { StorageFacts } from "../model/host-facts.ts";
import { approximateQuantity } from "../model/quantity.ts";
import type { BackendName, HostSettings } from "../model/settings.ts";
import { filesystemOf } from "../tools/filesystem-type.ts";
import { isInstalled } from "../tools/is-installed.ts";
import { missingMkfs, mkfsPackage } from "../tools/mkfs.ts";
import { hasRbdDriver } from "../tools/qemu-img.ts";

/** What the disk backends of the configuration need, and nothing about others. */
export async function checkStorage(context: Context): Promise<Finding[]> {
  const { settings } = context;
  const { usedBackends = [], programs = [] } = settings;
  const uses = (...names: BackendName[]) => names.some((name) => usedBackends.includes(name));
  const found = await Promise.all([
    settings.lvm === undefined ? [] : checkLvm(context),
    settings.rbd === undefined ? [] : Promise.all([checkCeph(context), checkRbdDriver(context)]).then((both) => both.flat()),
    uses("ploop") ? checkPloop(context) : [],
    ...programs.map((program) => checkMkfs(context, program)),
    uses("flat", "lvm", "ploop") ? checkE2fs(context) : [],
    settings.preallocateImages === "space" && uses("flat", "qcow2") ? checkFallocate(context) : [],
  ]);
  return found.flat();
}

async function checkLvm(context: Context): Promise<Finding[]> {
  const { settings } = context;
  const check = "lvm";
  const { facts, failed } = await look(context, check, { lvm: settings.lvm });
  if (facts === undefined) return failed;
  const { lvm: group } = facts;
  if (group === null || group === undefined) return [problem(check, groupMissing(settings))];
  const found = `volume group ${settings.lvm?.volumeGroup}: ${approximateQuantity(group.free)} free of ${approximateQuantity(group.size)}`;
  const full = group.free < group.extentSize;
  return [
    full ? { check, status: "warning", found, fix: "Extend the group (vgextend) or remove volumes." } : { check, status: "ok", found },
  ];
}

async function checkCeph(context: Context): Promise<Finding[]> {
  const { settings } = context;
  const check = "ceph";
  const { facts, failed } = await look(context, check, { rbd: settings.rbd });
  if (facts?.rbd === undefined) return failed;
  const { fsid, monitors, pool, secret } = facts.rbd;
  const secretCheck = "ceph secret";
  return [
    { check, status: "ok", found: `cluster ${fsid} answers: ${monitors.join(", ")}` },
    pool ? { check: "ceph pool", status: "ok", found: `pool ${settings.rbd?.pool} is there` } : problem("ceph pool", poolMissing(settings)),
    ...(secret === undefined
      ? []
      : secret
        ? [{ check: secretCheck, status: "ok", found: `libvirt has secret ${settings.rbd?.secretUuid}` } as const]
        : [problem(secretCheck, secretMissing(settings))]),
  ];
}

/** Guests on rbd do not start without it, and nothing else asks for it before. */
async function checkRbdDriver({ host, signal }: Context): Promise<Finding> {
  const check = "qemu's rbd driver";
  const fix = "apt install qemu-block-extra (elsewhere qemu-block-rbd, qemu-kvm-block-rbd)";
  try {
    if (await hasRbdDriver(host, signal)) return { check, status: "ok", found: "qemu opens images in Ceph" };
    return { check, status: "error", found: "qemu on the host cannot open images in Ceph", fix };
  } catch (error) {
    return { check, status: "error", found: firstLine(error), fix: `apt install qemu-utils, then ${fix}` };
  }
}

async function checkPloop(context: Context): Promise<Finding[]> {
  const check = "ploop";
  const { facts, failed } = await look(context, check, { usedBackends: ["ploop"] });
  if (facts === undefined) return failed;
  return [facts.ploop === true ? { check, status: "ok", found: "the program is there" } : problem(check, ploopMissing)];
}

async function checkMkfs(context: Context, program: string): Promise<Finding[]> {
  const fix = `apt install ${mkfsPackage(program)}, or choose another format`;
  try {
    const [missing] = await missingMkfs(context, [program]);
    if (missing === undefined) return [{ check: program, status: "ok", found: "makes empty disks of the configuration" }];
    return [{ check: program, status: "error", found: `${program} is not installed on the host`, fix }];
  } catch (error) {
    return [{ check: program, status: "error", found: firstLine(error), fix }];
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

/** Looks at one backend alone: what is wrong with another one must not hide it. */
async function look(
  context: Context,
  check: string,
  only: { readonly [Name in "lvm" | "rbd" | "usedBackends"]?: HostSettings[Name] | undefined },
): Promise<{ readonly facts?: StorageFacts; readonly failed: Finding[] }> {
  const { lvm: _lvm, rbd: _rbd, usedBackends: _used, ...rest } = context.settings;
  try {
    const settings = { ...rest, ...(only as Pick<HostSettings, "lvm" | "rbd" | "usedBackends">) };
    const facts = await lookUpStorage({ ...context, settings });
    return { ...(facts === undefined ? {} : { facts }), failed: [] };
  } catch (error) {
    if (error instanceof UserError) return { failed: error.diagnostics.map((diagnostic) => problem(check, diagnostic)) };
    return { failed: [{ check, status: "error", found: errorMessage(error), ...(check in hints ? { fix: hints[check] ?? "" } : {}) }] };
  }
}

/** What to look at where a program was there and said no. */
const hints: Readonly<Record<string, string>> = {
  lvm: "Run `vgs` there as the same user: it needs root.",
  ceph: "Run `ceph -s` there, with --id and --conf as host.rbd has them.",
};

/** Whatever is wrong with a program, its fix is to install it. */
function isUsable(context: Pick<Context, "host" | "signal">, program: string, args: readonly string[]): Promise<boolean> {
  return isInstalled(context, program, args).catch(() => false);
}

function problem(check: string, { summary, detail }: Diagnostic): Finding {
  return { check, status: "error", found: summary, ...(detail === undefined ? {} : { fix: detail }) };
}

function firstLine(error: unknown): string {
  return errorMessage(error).split("\n")[0] ?? "";
}
