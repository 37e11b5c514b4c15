import { bytesOf } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
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
  const home = uri.endsWith("/session") ? `${runner.dataHome}/virtform/instances` : "/var/lib/virtform/instances";
  return {
    uri,
    instancesPath: host.instances_path ?? home,
    virtType: host.virt_type ?? "auto",
    imagesType: host.images_type ?? "qcow2",
    forceRawImages: host.force_raw_images ?? true,
    preallocateImages: host.preallocate_images ?? "none",
    reserved: { memory: bytesOf(host.reserved?.memory ?? "512MiB"), disk: bytesOf(host.reserved?.disk ?? "0GiB") },
    allocationRatio: {
      vcpus: host.allocation_ratio?.vcpus ?? 4,
      memory: host.allocation_ratio?.memory ?? 1,
      disk: host.allocation_ratio?.disk ?? 1,
    },
  };
}
