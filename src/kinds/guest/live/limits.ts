import { type LiveField, live } from "./live.ts";

/** A limit of a disk, by libvirt's name of it. */
export const liveDiskLimit: LiveField = live((libvirt, { path, want, spec }) => {
  const [, target = "", name = ""] = path.split(".");
  return libvirt.setDiskLimits(spec.uuid, target, { [name]: Number(want ?? 0) });
})
  .when(() => true)
  .otherwise("next_boot");

/** libvirt's names of the shares of the processors, and what none is for it. */
const scheduler: Readonly<Record<string, { readonly name: string; readonly none: number | null; readonly signed: boolean }>> = {
  "quota.cpu_shares": { name: "cpu_shares", none: null, signed: false },
  "quota.cpu_period": { name: "vcpu_period", none: 100_000, signed: false },
  "quota.cpu_quota": { name: "vcpu_quota", none: -1, signed: true },
};

/** The share of the processors that a guest gets. */
export const liveCpuShare: LiveField = live(async (libvirt, { path, want, spec }) => {
  const known = scheduler[path];
  const value = want ?? known?.none;
  if (known === undefined || value === null || value === undefined) return;
  await libvirt.setScheduler(spec.uuid, { [known.name]: { value: Number(value), signed: known.signed } });
})
  .when(({ path, want }) => want !== null || scheduler[path]?.none !== null || "libvirt has no way to lift this limit")
  .otherwise("next_boot");
