import type { NetworkFile } from "../terms/injection.ts";
import type { SeedAddress, SeedInterface } from "../terms/spec.ts";
import { isStatic } from "./is-static.ts";

/**
 * Files of systemd-networkd, one for each interface, which is found by its MAC address; none where DHCP gives all addresses. Pure.
 */
export function networkdFiles(interfaces: readonly SeedInterface[]): NetworkFile[] {
  if (!interfaces.some(isStatic)) return [];
  return interfaces.map((nic, index) => ({ path: `/etc/systemd/network/10-virtform-${index}.network`, content: networkdFile(nic) }));
}

function networkdFile({ mac, mtu, addresses = [], ipv4 }: SeedInterface): string {
  const written = addresses.filter(({ dhcp }) => !dhcp);
  const leased = ipv4 !== false && !written.some(({ family }) => family === 4);
  const network = [
    ...(leased ? ["DHCP=ipv4"] : []),
    ...written.flatMap(({ address, prefix, gateway, dnsServers }) => [
      `Address=${address}/${prefix}`,
      ...(gateway === null ? [] : [`Gateway=${gateway}`]),
      ...dnsServers.map((server) => `DNS=${server}`),
    ]),
  ];
  const sections = [
    ["[Match]", `MACAddress=${mac}`],
    ...(mtu === undefined ? [] : [["[Link]", `MTUBytes=${mtu}`]]),
    ["[Network]", ...network],
    ...written.flatMap(routesOf),
  ];
  return `# Written by virtform before the first boot.\n${sections.map((lines) => `${lines.join("\n")}\n`).join("\n")}`;
}

function routesOf({ routes }: SeedAddress): string[][] {
  return routes.map(({ to, via }) => ["[Route]", `Destination=${to}`, `Gateway=${via}`]);
}
