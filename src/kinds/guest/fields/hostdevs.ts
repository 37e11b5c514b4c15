import { find, type XmlElement } from "../../../tools/xml.ts";
import { add, at } from "../draft.ts";
import type { DeviceFields } from "../field.ts";
import { named } from "./named.ts";
import { set } from "./write.ts";

interface HostDevice {
  readonly type: string;
  /** As the configuration writes it: `0000:03:00.0`, `046d:c52b`, or a uuid. */
  readonly name: string;
}

/** Devices of the host that a guest has, by `pci 0000:03:00.0` and the like. */
export const hostdevs: DeviceFields<HostDevice> = {
  section: "hostdevs",
  onlyIfSet: true,
  items: ({ values }) => named(values, "hostdevs").map(([path, name]) => ({ type: path.slice(path.indexOf(".") + 1), name: String(name) })),
  key: ({ type, name }) => `${type} ${name}`,
  at: "devices/hostdev",
  owns: ["@mode", "@type", "source"],
  shape: (hostdev, { type, name }, fresh) => {
    if (!fresh) return;
    set(set(hostdev, "mode", "subsystem"), "type", type);
    const source = at(hostdev, "source");
    if (type === "mdev") add(source, "address", { uuid: name });
    else if (type === "usb") {
      const [vendor, product] = name.split(":");
      add(source, "vendor", { id: `0x${vendor}` });
      add(source, "product", { id: `0x${product}` });
    } else {
      const [, bus, slot, pciFunction] = /^[0-9a-f]{4}:(..):(..)\.(.)$/.exec(name) ?? [];
      add(source, "address", { domain: `0x${name.slice(0, 4)}`, bus: `0x${bus}`, slot: `0x${slot}`, function: `0x${pciFunction}` });
    }
  },
  keyOf,
  fields: [
    {
      name: "driver",
      // libvirt takes a PCI device away from the driver of the host and gives it back.
      want: ({ type }) => (type === "pci" ? "managed" : type === "mdev" ? "vfio-pci" : "usb"),
      owns: ["@managed", "@model"],
      write: (hostdev, value) => {
        if (value === "managed") set(hostdev, "managed", "yes");
        else if (value === "vfio-pci") set(hostdev, "model", value);
      },
      read: ({ attributes }) =>
        attributes["type"] === "pci"
          ? attributes["managed"] === "yes"
            ? "managed"
            : "unmanaged"
          : (attributes["model"] ?? attributes["type"]),
    },
  ],
};

function keyOf(hostdev: XmlElement): string {
  const { type = "?" } = hostdev.attributes;
  const address = find(hostdev, "source", "address")?.attributes ?? {};
  const hex = (text = "0", digits = 2) => Number(text).toString(16).padStart(digits, "0");
  if (type === "mdev") return `mdev ${address["uuid"] ?? "?"}`;
  if (type === "pci")
    return `pci ${hex(address["domain"], 4)}:${hex(address["bus"])}:${hex(address["slot"])}.${hex(address["function"], 1)}`;
  const [vendor, product] = ["vendor", "product"].map((name) => find(hostdev, "source", name)?.attributes["id"]);
  if (vendor !== undefined && product !== undefined) return `${type} ${hex(vendor, 4)}:${hex(product, 4)}`;
  return [type, ...Object.values(address)].join(" ");
}
