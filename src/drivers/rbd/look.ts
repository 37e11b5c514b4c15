import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { UnreachableError } from "../../model/errors.ts";
import type { Finding } from "../../model/finding.ts";
import { problem } from "../../model/problem.ts";
import { approximateQuantity, formatQuantity } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { hasRbdDriver } from "../../tools/qemu-img.ts";
import { cephCluster, cephPools, cephRoom, type Rbd, rbdNames } from "../../tools/rbd/rbd.ts";
import type { ClaimedRoom, Driver, PlannedDisk } from "../driver.ts";
import { findingOf, firstLine, lookForDoctor } from "../shared/doctor.ts";
import { sum } from "../shared/sum.ts";
import { cloneable } from "./clone.ts";
import { type CephFacts, type RbdSettings, rbdSettings } from "./settings.ts";

/** Looks at the cluster that the configuration names. */
export async function lookAtCluster(context: Context, settings: RbdSettings): Promise<CephFacts> {
  const place = { context, access: settings };
  const [cluster, pools] = await Promise.all([cephCluster(place), cephPools(place)]);
  // A user without rights to the pool shows now, and not when half of a plan is done.
  const there = pools.includes(settings.pool);
  const [room] = there ? await Promise.all([cephRoom(place, settings.pool), rbdNames(place, settings.pool)]) : [null];
  return {
    ...cluster,
    pool: there,
    room,
    secret: settings.secretUuid === null ? null : await libvirtOf(context).hasSecret(settings.secretUuid),
    cloneable: await lookUpClones(context, place),
  };
}

/** An image that cannot be looked at cannot be cloned from; fetching it says why. */
async function lookUpClones(context: Context, place: Rbd): Promise<Readonly<Record<string, number>>> {
  const found = await Promise.all(
    context.settings.cloneSources.map(async (address) => {
      try {
        const parent = await cloneable(place, [address]);
        return parent === undefined ? [] : [[address, parent.size] as const];
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        return [];
      }
    }),
  );
  return Object.fromEntries(found.flat());
}

/** Whether the pool and the guests' secret exist, and whether the pool has room for all that guests may write. Pure. */
export function checkRbd(
  disks: readonly PlannedDisk[],
  facts: CephFacts | undefined,
  host: HostSettings,
  claimed: ClaimedRoom,
): Diagnostic[] {
  const secret = facts?.secret === false ? [secretMissing(host)] : [];
  if (facts?.pool !== true) return [poolMissing(host), ...secret];
  const { room = null } = facts;
  const virtual = sum(disks.map(({ missing }) => missing));
  if (room === null || virtual === 0 || virtual <= room - claimed.bytes) return secret;
  const others =
    claimed.bytes === 0 ? "" : `, ${formatQuantity(claimed.bytes)} of it claimed by running applies of ${claimed.applies.join(", ")}`;
  const detail = `The new and grown disks are ${formatQuantity(virtual)} together, and the pool has room for ${approximateQuantity(room)}${others}. Images are sparse: if guests fill them, the pool runs full and their writes stop.`;
  return [
    ...secret,
    problem(
      "ceph-pool-overcommitted",
      { summary: `Ceph pool ${rbdSettings(host)?.pool} is overcommitted`, detail, pointer: ["host", "rbd", "pool"] },
      "warning",
    ),
  ];
}

/** The Ceph pool in claims: applies of several projects that run on this host at the same time share its room. */
export const rbdPool: NonNullable<Driver<RbdSettings, CephFacts>["pool"]> = {
  name: (facts, host) => (facts === undefined ? undefined : `ceph ${facts.fsid} ${rbdSettings(host)?.pool}`),
  takes: (disks) => sum(disks.map(({ missing }) => missing)),
};

/** Cluster, pool, secret and qemu's driver, for `doctor`. */
export async function rbdDoctor(context: Context): Promise<Finding[]> {
  if (rbdSettings(context.settings) === undefined) return [];
  const found = await Promise.all([checkCeph(context), checkRbdDriver(context)]);
  return found.flat();
}

async function checkCeph(context: Context): Promise<Finding[]> {
  const check = "ceph";
  const settings = rbdSettings(context.settings);
  if (settings === undefined) return [];
  const hint = "Run `ceph -s` there, with --id and --conf as host.rbd has them.";
  // Images to clone from are not what `doctor` is about.
  const without = { ...context.settings, cloneSources: [] };
  const looked = await lookForDoctor(check, hint, () => lookAtCluster({ ...context, settings: without }, settings));
  if ("failed" in looked) return looked.failed;
  const { fsid, monitors, pool, secret } = looked.facts;
  const secretCheck = "ceph secret";
  return [
    { check, status: "ok", found: `cluster ${fsid} answers: ${monitors.join(", ")}` },
    pool
      ? { check: "ceph pool", status: "ok", found: `pool ${settings.pool} exists` }
      : findingOf("ceph pool", poolMissing(context.settings)),
    ...(secret === null
      ? []
      : secret
        ? [{ check: secretCheck, status: "ok", found: `libvirt has secret ${settings.secretUuid}` } as const]
        : [findingOf(secretCheck, secretMissing(context.settings))]),
  ];
}

/** Guests with disks in Ceph do not start without it, and nothing else asks for it before. */
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

/** Nova RBD-01: it is never made. */
function poolMissing(host: HostSettings): Diagnostic {
  const detail = "host.rbd.pool names it. `ceph osd pool ls` lists the pools; `ceph osd pool create` creates one.";
  return problem("ceph-pool-missing", {
    summary: `Ceph pool ${rbdSettings(host)?.pool} does not exist`,
    detail,
    pointer: ["host", "rbd", "pool"],
  });
}

/** Without it no guest starts. The key goes from file to libvirt: argument lists can be read by everybody. */
function secretMissing(host: HostSettings): Diagnostic {
  const rbd = rbdSettings(host);
  const [user, uuid] = [`client.${rbd?.user}`, rbd?.secretUuid];
  const virsh = host.uri.endsWith("/session") ? "virsh -c qemu:///session" : "virsh";
  const detail = [
    `Guests authenticate to Ceph as ${user} with the key in this libvirt secret (host.rbd.secret_uuid). Create it on the host: write secret.xml,`,
    "  <secret ephemeral='no' private='yes'>",
    `    <uuid>${uuid}</uuid>`,
    `    <usage type='ceph'><name>${user} ${uuid}</name></usage>`,
    "  </secret>",
    `write the key into a file that only you can read (umask 077; ceph auth get-key ${user} > ${user}.key), pass both to libvirt, and remove the file:`,
    `  ${virsh} secret-define secret.xml`,
    `  ${virsh} secret-set-value ${uuid} --file ${user}.key`,
  ].join("\n");
  return problem("ceph-secret-missing", { summary: `libvirt has no secret ${uuid}`, detail, pointer: ["host", "rbd", "secret_uuid"] });
}
