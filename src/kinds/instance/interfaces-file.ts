import { netmaskOf } from "../../model/ip.ts";
import type { SeedAddress, SeedAddressing, SeedInterface } from "../terms/spec.ts";
import { isStatic } from "./is-static.ts";
import { vlanDevice } from "../terms/vlan-device.ts";

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
function stanza(name: string, { addresses = [], ipv4, ipv6, mtu }: SeedAddressing, more: readonly string[] = []): string {
  const written = addresses.filter(({ dhcp }) => !dhcp);
  const leased = ipv4 !== false && !written.some(({ family }) => family === 4);
  const first = mtu === undefined ? [] : [`    mtu ${mtu}`];
  const families = [
    ...(leased ? [[`iface ${name} inet dhcp`]] : []),
    ...(ipv6 === undefined ? [] : [[`iface ${name} inet6 ${ipv6 === "slaac" ? "auto" : "dhcp"}`]]),
    ...written.map((address, position) => [...staticStanza(name, address), ...(position === 0 && !leased ? first : [])]),
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
