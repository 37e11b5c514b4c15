import type { NetworkFile } from "../terms/injection.ts";
import type { SeedAddress, SeedAddressing, SeedInterface, SeedVlan } from "../terms/spec.ts";
import { isStatic } from "./is-static.ts";
import { leasesIpv4 } from "./leases-ipv4.ts";

/**
 * Files of systemd-networkd, one for each interface, which is found by its MAC address; none where DHCP gives all addresses. Pure.
 */
export function networkdFiles(interfaces: readonly SeedInterface[]): NetworkFile[] {
  if (!interfaces.some(isStatic)) return [];
  return interfaces.flatMap((nic, index) => {
    const path = `/etc/systemd/network/10-virtform-${index}`;
    const deviceOf = ({ id }: SeedVlan) => `vlan${index}.${id}`;
    const names = (nic.vlans ?? []).map(deviceOf);
    return [
      { path: `${path}.network`, content: networkdFile(`MACAddress=${nic.mac}`, nic, names) },
      // The device of a VLAN has the MAC address of its card. Its file comes first in the order of names, and the first that matches counts.
      ...(nic.vlans ?? []).flatMap((vlan) => [
        { path: `${path}-${vlan.id}.netdev`, content: netdevFile(deviceOf(vlan), vlan) },
        { path: `${path}-${vlan.id}.network`, content: networkdFile(`Name=${deviceOf(vlan)}`, vlan) },
      ]),
    ];
  });
}

function netdevFile(name: string, { id }: SeedVlan): string {
  return `# Written by virtform before the first boot.\n[NetDev]\nName=${name}\nKind=vlan\n\n[VLAN]\nId=${id}\n`;
}

function networkdFile(match: string, nic: SeedAddressing, vlans: readonly string[] = []): string {
  const { mtu, addresses = [] } = nic;
  const written = addresses.filter(({ dhcp }) => !dhcp);
  const network = [
    ...(leasesIpv4(nic) ? ["DHCP=ipv4"] : []),
    ...written.flatMap(({ address, prefix, gateway, dnsServers }) => [
      `Address=${address}/${prefix}`,
      ...(gateway === null ? [] : [`Gateway=${gateway}`]),
      ...dnsServers.map((server) => `DNS=${server}`),
    ]),
    ...vlans.map((name) => `VLAN=${name}`),
  ];
  const sections = [
    ["[Match]", match],
    ...(mtu === undefined ? [] : [["[Link]", `MTUBytes=${mtu}`]]),
    ["[Network]", ...network],
    ...written.flatMap(routesOf),
  ];
  return `# Written by virtform before the first boot.\n${sections.map((lines) => `${lines.join("\n")}\n`).join("\n")}`;
}

function routesOf({ routes }: SeedAddress): string[][] {
  return routes.map(({ to, via }) => ["[Route]", `Destination=${to}`, `Gateway=${via}`]);
}
