import type { DiskOwner } from "../../drivers/driver.ts";
import { addressName } from "../../model/address.ts";
import { instanceFiles, type Layout } from "../../model/layout.ts";
import { guests } from "./guest-address.ts";
import { volumes } from "./volume-address.ts";

/** An instance as the owner of its disks. `protects`: its prevent_destroy. */
export function instanceOwner(layout: Pick<Layout, "instance">, uuid: string, instance: string, protects: boolean): DiskOwner {
  return { address: guests.at(instance), directory: layout.instance(uuid), label: instance, protects };
}

/** A volume, which is its own disk. `protects`: its prevent_destroy. */
export function volumeOwner(layout: Pick<Layout, "volume">, uuid: string, volume: string, protects: boolean): DiskOwner {
  return { address: volumes.at(volume), directory: layout.volume(uuid), label: `volume ${volume}`, protects };
}

/** The name of the owner in the configuration: `web-0`, `data`. */
export function ownerName({ address }: Pick<DiskOwner, "address">): string {
  return addressName(address);
}

/** Absolute path of the label of an owner. */
export function labelPath({ directory }: Pick<DiskOwner, "directory">): string {
  return `${directory}/${instanceFiles.label}`;
}
