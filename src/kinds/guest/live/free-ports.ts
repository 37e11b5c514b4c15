import { find, findAll, type XmlElement } from "../../../tools/xml.ts";

/** PCI ports of a running guest that a device can be added to; null where the machine has slots instead. */
export function freePorts(domain: XmlElement): number | null {
  const devices = find(domain, "devices");
  const ports = findAll(devices, "controller").filter(
    ({ attributes }) => attributes["type"] === "pci" && /^pcie-(root-port|switch-downstream-port)$/.test(attributes["model"] ?? ""),
  );
  if (ports.length === 0) return null;
  const used = new Set(
    (devices?.children ?? []).flatMap((device) => {
      const address = find(device, "address")?.attributes;
      return address?.["type"] === "pci" ? [Number(address["bus"])] : [];
    }),
  );
  return ports.filter(({ attributes }) => !used.has(Number(attributes["index"]))).length;
}
