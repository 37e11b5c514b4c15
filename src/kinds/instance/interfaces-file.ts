import { netmaskOf } from "../../model/ip.ts";
import type { SeedAddress, SeedAddressing, SeedInterface } from "../terms/spec.ts";
import { vlanDevice } from "../terms/vlan-device.ts";
import { isStatic } from "./is-static.ts";
import { leasesIpv4 } from "./leases-ipv4.ts";

/**
 * /etc/network/interfaces as Debian's ifupdown reads it (Nova CFG-12), where an interface has an address that DHCP does not give; null without one.
 * Interfaces are counted from eth0, those with DHCP too. Pure.
 */
export function interfacesFile(interfaces: readonly SeedInterface[]): string | null {
  if (!interfaces.some(isStatic)) return null;
  const stanzas = interfaces.flatMap((nic, index) => {
    const card = `eth${index}`;
    const vlans = (nic.vlans ?? []).map((vlan) => stanza(vlanDevice(card, vlan.id), vlan, [`    vlan-raw-device ${card}`]));
    return [stanza(card, nic), ...vlans];
  });
  return `${["# Written by virtform before the first boot.\nauto lo\niface lo inet loopback", ...stanzas].join("\n\n")}\n`;
}

/** `more`: further lines of the first family. */
function stanza(name: string, nic: SeedAddressing, more: readonly string[] = []): string {
  const { addresses = [], ipv6, mtu } = nic;
  const written = addresses.filter(({ dhcp }) => !dhcp);
  const leased = leasesIpv4(nic);
  // Only static methods take mtu.
  const size = mtu === undefined ? [] : [leased || written.length === 0 ? `    up ip link set dev ${name} mtu ${mtu}` : `    mtu ${mtu}`];
  const announced = ipv6 === "slaac" ? "auto" : "dhcp";
  const families = [
    ...(leased ? [[`iface ${name} inet dhcp`, ...size]] : []),
    ...(ipv6 === undefined ? [] : [[`iface ${name} inet6 ${announced}`, ...(leased || written.length > 0 ? [] : size)]]),
    ...written.map((address, position) => [...staticStanza(name, address), ...(position === 0 && !leased ? size : [])]),
  ];
  const [head = [], ...rest] = families;
  const [line = "", ...options] = head;
  return [`auto ${name}`, line, ...more, ...options, ...rest.flat()].join("\n");
}

function staticStanza(name: string, { family, address, prefix, gateway, dnsServers, routes }: SeedAddress): string[] {
  const six = family === 6;
  return [
    `iface ${name} ${six ? "inet6" : "inet"} static`,
    `    address ${address}`,
    `    netmask ${six ? prefix : netmaskOf({ family, prefix })}`,
    ...(gateway === null ? [] : [`    gateway ${gateway}`]),
    ...(dnsServers.length === 0 ? [] : [`    dns-nameservers ${dnsServers.join(" ")}`]),
    ...routes.map(({ to, via }) => `    up ip${six ? " -6" : ""} route add ${to} via ${via} dev ${name}`),
  ];
}
