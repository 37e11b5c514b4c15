import type { DiskSpec } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";
import type { CapacityClaim } from "../../model/host-facts.ts";
import type { Plan } from "../../model/plan.ts";
import type { DomainSpec } from "../terms/spec.ts";

/** What a plan brings to the host: guests that it defines or changes, new and grown disks that are files. Undefined when nothing. Pure. */
export function claimOf({ actions, changes }: Pick<Plan, "actions" | "changes">): Omit<CapacityClaim, "project"> | undefined {
  const guests = new Map<string, CapacityClaim["guests"][number]>();
  let diskBytes = 0;
  for (const { type, args } of actions) {
    const { spec, disk } = args as { readonly spec?: Partial<DomainSpec>; readonly disk?: DiskSpec };
    if (type.startsWith("domain.") && spec?.uuid !== undefined && spec.memory !== undefined && spec.vcpus !== undefined) {
      guests.set(spec.uuid, { uuid: spec.uuid, memory: spec.memory, vcpus: spec.vcpus });
    }
    if (type.endsWith(".create") && disk !== undefined && isFile(disk)) diskBytes += disk.size ?? 0;
  }
  for (const { actions: steps, fields } of changes) {
    const grows = steps.some(({ type, args }) => type.endsWith(".grow") && isFile((args as unknown as { readonly disk: DiskSpec }).disk));
    const size = fields.find(({ path }) => path === "size");
    if (grows && typeof size?.new === "number" && typeof size.old === "number") diskBytes += Math.max(0, size.new - size.old);
  }
  return guests.size === 0 && diskBytes === 0 ? undefined : { guests: [...guests.values()], diskBytes };
}

function isFile({ backend }: DiskSpec): boolean {
  return driverOf(backend).traits.files;
}
