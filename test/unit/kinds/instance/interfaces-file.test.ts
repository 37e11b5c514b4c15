import assert from "node:assert/strict";
import { test } from "node:test";
import { interfacesFile } from "../../../../src/kinds/instance/interfaces-file.ts";
import type { SeedAddress } from "../../../../src/kinds/terms/spec.ts";
import { four, nic } from "./fixtures.ts";

const six: SeedAddress = { family: 6, address: "fd00::5", prefix: 64, dhcp: false, gateway: "fd00::1", dnsServers: [], routes: [] };

test("without an address that DHCP does not give there is no file", () => {
  assert.equal(interfacesFile([]), null);
  assert.equal(interfacesFile([nic(), nic({ addresses: [{ ...four, dhcp: true }] })]), null);
});

test("Nova CFG-12: static addresses are written, and interfaces with DHCP keep it", () => {
  assert.equal(
    interfacesFile([nic(), nic({ addresses: [four, six], mtu: 1400 }), nic({ addresses: [six] }), nic({ addresses: [six], ipv4: false })]),
    `# Written by virtform before the first boot.
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp

auto eth1
iface eth1 inet static
    address 10.0.0.5
    netmask 255.255.255.0
    gateway 10.0.0.1
    dns-nameservers 10.0.0.2 10.0.0.3
    up ip route add 10.9.0.0/16 via 10.0.0.9 dev eth1
    mtu 1400
iface eth1 inet6 static
    address fd00::5
    netmask 64
    gateway fd00::1

auto eth2
iface eth2 inet dhcp
iface eth2 inet6 static
    address fd00::5
    netmask 64
    gateway fd00::1

auto eth3
iface eth3 inet6 static
    address fd00::5
    netmask 64
    gateway fd00::1
`,
  );
});

test("an MTU is also set where DHCP or the router gives all addresses, and in VLANs", () => {
  const written = interfacesFile([
    nic({ mtu: 1400, vlans: [{ id: 5, source: null, mtu: 1300 }] }),
    nic({ mtu: 1400, addresses: [six] }),
    nic({ mtu: 1400, ipv4: false, ipv6: "slaac" }),
  ]);
  assert.equal(
    written,
    `# Written by virtform before the first boot.
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp
    up ip link set dev eth0 mtu 1400

auto eth0.5
iface eth0.5 inet dhcp
    vlan-raw-device eth0
    up ip link set dev eth0.5 mtu 1300

auto eth1
iface eth1 inet dhcp
    up ip link set dev eth1 mtu 1400
iface eth1 inet6 static
    address fd00::5
    netmask 64
    gateway fd00::1

auto eth2
iface eth2 inet6 auto
    up ip link set dev eth2 mtu 1400
`,
  );
});
