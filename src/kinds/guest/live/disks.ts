import { instanceFiles } from "../../../model/layout.ts";
import type { DomainDisk } from "../../terms/spec.ts";
import type { Hotplug, RunningGuest } from "./live.ts";

/** Disks that a guest can release: its volumes and its ephemerals. Without the others it does not work. */
export const hotDisks: Hotplug<DomainDisk> = {
  attach: ({ name, device, bus }, guest) => {
    if (device !== "disk" || name === instanceFiles.configDrive || (bus !== "virtio" && bus !== "scsi")) return "";
    return bus === "virtio" || hasScsi(guest) || "it has no SCSI controller";
  },
  detach: (key, guest) => {
    const [device, bus] = [guest.active[`disks.${key}.device`], guest.active[`disks.${key}.bus`]];
    return device === "disk" && (bus === "virtio" || bus === "scsi") && isReleased(key, guest) ? true : "";
  },
  // A medium is exchanged; a disk is replaced as a whole.
  changes: (key, { active }) => (active[`disks.${key}.device`] === "cdrom" ? ["source"] : []),
  replaces: true,
  takesPort: ({ bus }) => bus === "virtio",
};

function hasScsi({ active }: RunningGuest): boolean {
  return Object.entries(active).some(([path, value]) => /^disks\.\w+\.bus$/.test(path) && value === "scsi");
}

/** A volume's serial is made from its uuid, that of another disk from its guest's and its name (`disk-serial.ts`). */
function isReleased(key: string, { active }: RunningGuest): boolean {
  return /^(?:[0-9a-f]{20}|[0-9a-f]{11}-(?:eph\d+|local))$/.test(String(active[`disks.${key}.serial`] ?? ""));
}
