import type { Context } from "../../model/context.ts";
import type { GuestFacts } from "../../model/host-facts.ts";
import { libvirtOf, type NodeFacts } from "../../tools/libvirt/libvirt.ts";
import { machineType } from "../config/machine-type.ts";
import { virtTypeOf } from "../config/virt-type.ts";

/** Looks up what guests of the machine types in use can have; undefined when no guest needs anything that a host may lack. */
export async function lookUpGuests(
  context: Context,
  { arch, kvm }: Pick<NodeFacts, "arch" | "kvm">,
): Promise<Readonly<Record<string, GuestFacts | null>> | undefined> {
  const { machines, virtType } = context.settings;
  if (machines.length === 0) return undefined;
  const names = [...new Set(machines.map((machine) => machine ?? machineType({}, { arch })))];
  const found = await Promise.all(
    names.map(async (machine) => {
      const capabilities = await libvirtOf(context).guestCapabilities({ arch, machine, virtType: virtTypeOf(virtType, { kvm }) });
      return [machine, capabilities ?? null] as const;
    }),
  );
  return Object.fromEntries(found);
}
