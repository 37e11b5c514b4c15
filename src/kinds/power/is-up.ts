import type { DomainPower } from "../../tools/libvirt/libvirt.ts";

/** Whether a guest holds its disks open and notices changes to them. */
export function isUp(power: DomainPower): boolean {
  return power === "running" || power === "paused" || power === "suspended";
}
