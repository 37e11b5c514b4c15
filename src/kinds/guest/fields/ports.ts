import { find } from "../../../tools/xml.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { add, at, type Draft } from "../draft.ts";
import type { GuestField } from "../field.ts";
import { machineFamily } from "./machine-family.ts";

/** Ports that stay free for devices that are added while the guest runs: libvirt leaves one. */
const spare = 6;
/** USB, serial ports, balloon and random numbers. */
const always = 4;

/**
 * Free PCI ports of a q35 machine. A guest that was defined with fewer gets more with its next definition; until then that is no
 * difference.
 */
export const portFields: readonly GuestField[] = [
  {
    path: "pci_ports",
    fixed: true,
    running: "none",
    want: () => spare,
    write: (domain, _value, spec) => {
      if (machineFamily(spec.machine) !== "q35") return;
      const devices = at(domain, "devices");
      const indexes = pciControllers(devices).map(({ attributes }) => Number(attributes["index"]));
      if (indexes.length === 0) addController(devices, 0, "pcie-root");
      const next = Math.max(0, ...indexes) + 1;
      const end = next + missing(devices, spec);
      for (let index = next; index < end; index += 1) addController(devices, index, "pcie-root-port");
    },
    read: () => spare,
  },
];

function addController(devices: Draft, index: number, model: string): void {
  add(devices, "controller", { type: "pci", index, model });
}

function pciControllers(devices: Draft): Draft[] {
  return devices.children.filter(({ name, attributes }) => name === "controller" && attributes["type"] === "pci");
}

/** How many ports there are to be more. Devices that libvirt has not placed yet take one each. */
function missing(devices: Draft, { disks, interfaces }: DomainSpec): number {
  const ports = pciControllers(devices).filter(({ attributes }) => attributes["model"] === "pcie-root-port");
  const buses = devices.children.flatMap((device) => {
    const address = find(device, "address")?.attributes;
    return address?.["type"] === "pci" ? [Number(address["bus"])] : [];
  });
  const used = new Set(buses);
  const placed = ports.filter(({ attributes }) => used.has(Number(attributes["index"]))).length;
  const scsi = disks.some(({ bus }) => bus === "scsi") ? 1 : 0;
  const taken = always + scsi + disks.filter(({ bus }) => bus === "virtio").length + interfaces.length;
  return Math.max(0, Math.max(taken, placed) + spare - ports.length);
}
