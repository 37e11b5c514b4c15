import { find, findAll, parseXml } from "../../../tools/xml.ts";

/** What an interface of a running or paused guest is on the host. */
export interface NicDevice {
  /** Name of its device: `vnet3`; null where it has none, as a device that is passed through. */
  readonly name: string | null;
  /** The device whose link is that of the interface: itself, or the device below a macvtap, which libvirt switches on when the guest runs. */
  readonly link: string | null;
  /** The bridge that libvirt connects it to; null: none. */
  readonly bridge: string | null;
  /** It is a port of Open vSwitch. */
  readonly ovs: boolean;
}

/** The devices of a guest's interfaces by MAC address, as its active definition names them. Pure. */
export function nicDevices(active: string): ReadonlyMap<string, NicDevice> {
  const nics = findAll(find(parseXml(active), "devices"), "interface");
  return new Map(
    nics.flatMap((nic) => {
      const mac = find(nic, "mac")?.attributes["address"]?.toLowerCase();
      if (mac === undefined) return [];
      const name = find(nic, "target")?.attributes["dev"] ?? null;
      const { bridge = null, dev = null } = find(nic, "source")?.attributes ?? {};
      const below = nic.attributes["type"] === "direct" ? dev : null;
      const ovs = find(nic, "virtualport")?.attributes["type"] === "openvswitch";
      return [[mac, { name, link: below ?? name, bridge, ovs }] as const];
    }),
  );
}
