import type { Diagnostic } from "../../model/diagnostic.ts";
import type { HostSettings } from "../../model/settings.ts";

// What backends lack on a host, in the same words for plans and for `doctor`.

/** Nova LVM-01: it is never made. */
export function groupMissing({ lvm }: HostSettings): Diagnostic {
  const detail = "host.lvm.volume_group names it. `vgs` on the host shows what there is; `vgcreate` makes one.";
  return { severity: "error", code: "volume-group-missing", summary: `There is no volume group ${lvm?.volumeGroup} on the host`, detail };
}

/** Nova RBD-01, likewise. */
export function poolMissing({ rbd }: HostSettings): Diagnostic {
  const detail = "host.rbd.pool names it. `ceph osd pool ls` shows what there is; `ceph osd pool create` makes one.";
  return { severity: "error", code: "ceph-pool-missing", summary: `There is no Ceph pool ${rbd?.pool}`, detail };
}

/** Without it no guest starts. The key goes from file to libvirt: argument lists can be read by everybody. */
export function secretMissing({ uri, rbd }: HostSettings): Diagnostic {
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
  return { severity: "error", code: "ceph-secret-missing", summary: `libvirt has no secret ${uuid}`, detail };
}

/** The program, not the kernel module. */
export const ploopMissing: Diagnostic = {
  severity: "error",
  code: "ploop-missing",
  summary: "ploop is not installed on the host",
  detail:
    "It writes the descriptor of a disk and grows it. On Debian and Ubuntu: apt install ploop. The kernel module is not needed for guests under qemu.",
};
