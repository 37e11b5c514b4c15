import { userError } from "../../model/errors.ts";
import type { BackendName, HostSettings, LvmSettings, RbdSettings } from "../../model/settings.ts";
import { mkfsPrograms } from "../../tools/mkfs.ts";
import { cloneAddresses } from "../config/clone-addresses.ts";
import { usedFilesystems } from "../config/used-filesystems.ts";
import type { Config } from "../config.ts";

/** Who runs virtform: decides which libvirt is meant when none is named, and where its files go. */
export interface Runner {
  readonly root: boolean;
  /** `$XDG_DATA_HOME`, or `~/.local/share`. */
  readonly dataHome: string;
}

/**
 * The `host:` section with its defaults. Root's guests live in the system libvirt and below /var/lib; anybody else's in
 * their own session and home, where no rights are needed.
 */
export function hostSettings(config: Config, runner: Runner): HostSettings {
  const host = config.host ?? {};
  const uri = host.uri ?? (runner.root ? "qemu:///system" : "qemu:///session");
  const usedBackends = backendsOf(config);
  for (const name of ["lvm", "rbd"] as const) if (usedBackends.includes(name) && host[name] === undefined) throw notConfigured(name);
  const programs = mkfsPrograms(usedFilesystems(config));
  const home = uri.endsWith("/session") ? `${runner.dataHome}/virtform/instances` : "/var/lib/virtform/instances";
  return {
    uri,
    instancesPath: host.instances_path ?? home,
    virtType: host.virt_type ?? "auto",
    imagesType: host.images_type ?? "qcow2",
    forceRawImages: host.force_raw_images ?? true,
    preallocateImages: host.preallocate_images ?? "none",
    reserved: { memory: host.reserved?.memory ?? 512 * 2 ** 20, disk: host.reserved?.disk ?? 0 },
    allocationRatio: {
      vcpus: host.allocation_ratio?.vcpus ?? 4,
      memory: host.allocation_ratio?.memory ?? 1,
      disk: host.allocation_ratio?.disk ?? 1,
    },
    usedBackends,
    ...(programs.length === 0 ? {} : { programs }),
    ...(host.lvm === undefined ? {} : { lvm: lvmSettings(host.lvm) }),
    ...(host.rbd === undefined ? {} : { rbd: rbdSettings(host.rbd), cloneSources: cloneSourcesOf(config) }),
  };
}

function backendsOf(config: Config): BackendName[] {
  const users = [...Object.values(config.instances ?? {}), ...Object.values(config.volumes ?? {})];
  const named = users.map((user) => user.images_type ?? config.host?.images_type ?? "qcow2");
  return [...new Set<BackendName>([...named, config.host?.images_type ?? "qcow2"])];
}

function lvmSettings(lvm: NonNullable<NonNullable<Config["host"]>["lvm"]>): LvmSettings {
  return {
    volumeGroup: lvm.volume_group,
    sparse: lvm.sparse ?? false,
    volumeClear: lvm.volume_clear ?? "zero",
    volumeClearSize: lvm.volume_clear_size ?? 0,
  };
}

function rbdSettings(rbd: NonNullable<NonNullable<Config["host"]>["rbd"]>): RbdSettings {
  return {
    pool: rbd.pool,
    user: rbd.user ?? null,
    conf: rbd.conf ?? "/etc/ceph/ceph.conf",
    secretUuid: rbd.secret_uuid ?? null,
    resizeSnapshot: rbd.resize_snapshot ?? true,
  };
}

function cloneSourcesOf({ images = {} }: Config): string[] {
  return [...new Set(Object.values(images).flatMap(cloneAddresses))];
}

/** Nova LVM-01, RBD-01: there is no place by default. */
function notConfigured(name: "lvm" | "rbd") {
  return name === "lvm"
    ? userError(
        "lvm-not-configured",
        "images_type lvm needs a volume group",
        "Name the one that holds the disks: host: { lvm: { volume_group: vg0 } }.",
      )
    : userError("rbd-not-configured", "images_type rbd needs a pool", "Name the one that holds the disks: host: { rbd: { pool: vms } }.");
}
