import type { HostFacts } from "../../model/host-facts.ts";
import type { HostSettings } from "../../model/settings.ts";

/** How guests run on a host: `auto` is KVM where the host has it. */
export function virtTypeOf(wanted: HostSettings["virtType"], { kvm }: Pick<HostFacts, "kvm">): Exclude<HostSettings["virtType"], "auto"> {
  return wanted === "auto" ? (kvm ? "kvm" : "qemu") : wanted;
}
