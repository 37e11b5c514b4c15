import type { HostFacts } from "../../model/host-facts.ts";

/** Nova XML-05: the machine type in the image's properties, else the modern one of the host's architecture. */
export function machineType(properties: Readonly<Record<string, string>>, { arch }: Pick<HostFacts, "arch">): string {
  return properties["hw_machine_type"] ?? (arch === "x86_64" ? "q35" : arch === "i686" ? "pc" : "virt");
}
