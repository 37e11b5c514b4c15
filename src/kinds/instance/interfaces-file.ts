import { netmaskOf } from "../../model/ip.ts";
import type { SeedAddress, SeedInterface } from "../terms/spec.ts";
import { isStatic } from "./is-static.ts";

/**
 * /etc/network/interfaces as Debian's ifupdown reads it (Nova CFG-12), where an interface has an address that DHCP does not give; null without one.
 * Interfaces are counted from eth0, those with DHCP too. Pure.
 */
export function interfacesFile(interfaces: readonly SeedInterface[]): string | null {
  if (!interfaces.some(isStatic)) return null;
  const stanzas = interfaces.map(({ addresses = [], ipv4, ipv6, mtu }, index) => {
    const name = `eth${index}`;
    const written = addresses.filter(({ dhcp }) => !dhcp);
    const leased = ipv4 !== false && !written.some(({ family }) => family === 4);
    const first = mtu === undefined ? [] : [`    mtu ${mtu}`];
    const families = [
      ...(leased ? [[`iface ${name} inet dhcp`]] : []),
      ...(ipv6 === undefined ? [] : [[`iface ${name} inet6 ${ipv6 === "slaac" ? "auto" : "dhcp"}`]]),
      ...written.map((address, position) => [...staticStanza(name, address), ...(position === 0 && !leased ? first : [])]),
    ];
    return [`auto ${name}`, ...families.flat()].join("\n");
  });
  return `${["# Written by virtform before the first boot.\nauto lo\niface lo inet loopback", ...stanzas].join("\n\n")}\n`;
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
