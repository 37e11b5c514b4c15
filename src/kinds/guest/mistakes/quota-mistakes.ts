import type { Hardware, Mistake } from "./hardware.ts";

/** Limits that QEMU or libvirt do not take together. */
export function quotaMistakes({ values }: Hardware): Mistake[] {
  const has = (name: string) => values[`quota.${name}`] !== undefined && values[`quota.${name}`] !== 0;
  const disks = ["bytes", "iops"].filter(
    (metric) => has(`disk_total_${metric}_sec`) && (has(`disk_read_${metric}_sec`) || has(`disk_write_${metric}_sec`)),
  );
  const vifs = ["inbound", "outbound"].filter(
    (direction) => (has(`vif_${direction}_peak`) || has(`vif_${direction}_burst`)) && !has(`vif_${direction}_average`),
  );
  return [
    ...disks.map((metric) => ({
      path: `quota.disk_total_${metric}_sec`,
      summary: `A total of ${metric} together with one for reads or writes`,
      detail: "QEMU takes either. Remove the total, or the others.",
    })),
    ...vifs.map((direction) => ({
      path: has(`vif_${direction}_peak`) ? `quota.vif_${direction}_peak` : `quota.vif_${direction}_burst`,
      summary: `A peak or burst of ${direction} traffic without an average`,
      detail: `libvirt needs the average. Write quota.vif_${direction}_average.`,
    })),
  ];
}
