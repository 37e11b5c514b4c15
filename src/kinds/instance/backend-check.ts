import { sparsePool } from "../../disks/lvm-sparse.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import { checkPreallocation } from "./preallocation-check.ts";
import { foundInPlace, missingBytes, type SizedDisk, wantedBase } from "./room-check.ts";

/** Whether what the backends of these disks need is there, and has room for them. `drives`: config drives are in Ceph. */
export function checkBackends(disks: readonly SizedDisk[], observed: Observed, settings: HostSettings, drives = false): Diagnostic[] {
  const on = (name: string) => disks.filter(({ disk }) => disk.backend === name);
  return [
    ...checkLvm(on("lvm"), observed, settings),
    ...checkRbd(drives || on("rbd").length > 0, observed, settings),
    ...checkPloop(on("ploop"), observed),
    ...checkPreallocation(disks, observed, settings),
  ];
}

/** Nova LVM-03: a sparse volume is counted by what it takes at once. */
function checkLvm(disks: readonly SizedDisk[], observed: Observed, settings: HostSettings): Diagnostic[] {
  if (disks.length === 0) return [];
  const group = observed.facts.storage?.lvm;
  const name = settings.lvm?.volumeGroup ?? "";
  if (group === undefined || group === null) {
    const detail = "host.lvm.volume_group names it. `vgs` on the host shows what there is; `vgcreate` makes one.";
    return [{ severity: "error", code: "volume-group-missing", summary: `There is no volume group ${name} on the host`, detail }];
  }
  const sparse = settings.lvm?.sparse === true;
  const virtual = sum(disks.map((disk) => missingBytes(disk, observed)));
  const needed = bytesAtOnce(disks, observed, sparse, group.extentSize);
  const words = `${formatQuantity(needed)} for new and grown volumes, free: ${formatQuantity(group.free)} of ${formatQuantity(group.size)}`;
  if (needed > group.free) {
    const remedy = "Extend the group, remove volumes, or use smaller disks.";
    return [
      {
        severity: "error",
        code: "insufficient-volume-group",
        summary: `Volume group ${name} has not enough space`,
        detail: `Requested: ${words}. ${remedy}`,
      },
    ];
  }
  if (!sparse || virtual <= group.free) return [];
  const detail = `The new volumes are ${formatQuantity(virtual)} together and ${formatQuantity(group.free)} are free. They are sparse: when guests fill them, the group runs out, and their writes fail.`;
  return [
    { severity: "warning", code: "volume-group-overcommitted", summary: `Volume group ${name} is promised more than it has`, detail },
  ];
}

/** Bytes that the volumes take from their group when they are made or grown. */
function bytesAtOnce(disks: readonly SizedDisk[], observed: Observed, sparse: boolean, extentSize: number): number {
  let inReserve = 0;
  const each = disks.map((sized) => {
    const missing = missingBytes(sized, observed);
    const have = foundInPlace(sized, observed);
    // What a sparse volume takes when it has grown is its pool's business.
    if (have !== undefined) return have.allocated === undefined ? 0 : missing;
    const pool = sparse ? sparsePool(missing, wantedBase(sized, observed)?.sidecar.virtualSize ?? 0, extentSize) : undefined;
    if (pool === undefined) return missing;
    inReserve = Math.max(inReserve, pool.records);
    return pool.data + pool.records;
  });
  return sum(each) + inReserve;
}

function checkRbd(used: boolean, observed: Observed, settings: HostSettings): Diagnostic[] {
  if (!used) return [];
  const secret = observed.facts.storage?.rbd?.secret === false ? checkSecret(settings) : [];
  if (observed.facts.storage?.rbd?.pool === true) return secret;
  const detail = "host.rbd.pool names it. `ceph osd pool ls` shows what there is; `ceph osd pool create` makes one.";
  return [{ severity: "error", code: "ceph-pool-missing", summary: `There is no Ceph pool ${settings.rbd?.pool}`, detail }, ...secret];
}

/** Without it no guest starts. The key goes from file to libvirt: argument lists can be read by everybody. */
function checkSecret({ uri, rbd }: HostSettings): Diagnostic[] {
  const [user, uuid] = [`client.${rbd?.user}`, rbd?.secretUuid];
  const virsh = uri.endsWith("/session") ? "virsh -c qemu:///session" : "virsh";
  const detail = [
    `Guests log in to Ceph as ${user} with the key that libvirt keeps under this uuid (host.rbd.secret_uuid). Make it on the host: write secret.xml,`,
    "  <secret ephemeral='no' private='yes'>",
    `    <uuid>${uuid}</uuid>`,
    `    <usage type='ceph'><name>${user} ${uuid}</name></usage>`,
    "  </secret>",
    `get the key into a file that nobody else can read (umask 077; ceph auth get-key ${user} > ${user}.key), hand both over, and remove the file:`,
    `  ${virsh} secret-define secret.xml`,
    `  ${virsh} secret-set-value ${uuid} --file ${user}.key`,
  ].join("\n");
  return [{ severity: "error", code: "ceph-secret-missing", summary: `libvirt has no secret ${uuid}`, detail }];
}

function checkPloop(disks: readonly SizedDisk[], observed: Observed): Diagnostic[] {
  if (disks.length === 0 || observed.facts.storage?.ploop === true) return [];
  const detail =
    "It writes the descriptor of a disk and grows it. On Debian and Ubuntu: apt install ploop. The kernel module is not needed for guests under qemu.";
  return [{ severity: "error", code: "ploop-missing", summary: "ploop is not installed on the host", detail }];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
