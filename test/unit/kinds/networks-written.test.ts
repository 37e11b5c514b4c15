import assert from "node:assert/strict";
import { test } from "node:test";
import { networkOf } from "../../../src/kinds/config/network-of.ts";
import { subnetsOf } from "../../../src/kinds/config/subnets-of.ts";
import type { Config, NetworkConfig } from "../../../src/kinds/config.ts";
import { checkNetworkKind } from "../../../src/kinds/network/check.ts";
import { desiredNetworks } from "../../../src/kinds/network/desired.ts";
import { checkWrittenNetworks } from "../../../src/kinds/network/written-check.ts";
import { formatCidr, formatIp } from "../../../src/model/ip.ts";
import { createObserved, type Observed } from "../../../src/model/observed.ts";

/** `subnets.0.gateway: SUMMARY` of each mistake in one network. */
const wrong = (network: NetworkConfig, more: Config["networks"] = {}) =>
  checkWrittenNetworks({ networks: { ...more, lan: network } }).map(
    ({ pointer = [], summary }) => `${pointer.slice(2).join(".")}: ${summary}`,
  );

const lan: NetworkConfig = {
  subnets: [
    {
      cidr: "192.168.50.0/24",
      dhcp: {
        ranges: [{ start: "192.168.50.100", end: "192.168.50.199" }],
        reservations: [{ mac: "52:54:00:00:00:01", address: "192.168.50.20" }],
      },
      routes: [{ to: "10.0.0.0/8", via: "192.168.50.254" }],
    },
    { cidr: "fd00:50::/64" },
  ],
};

test("a chain of renames is refused", () => {
  assert.deepEqual(wrong({ ...lan, renamed_from: "office" }), []);
  assert.deepEqual(wrong({ ...lan, renamed_from: "office" }, { office: { type: "isolated", renamed_from: "old" } }), [
    "renamed_from: office and lan are renamed in a chain",
  ]);
});

test("a network with IPv4, IPv6, DHCP and routes is accepted, and so is each type", () => {
  assert.deepEqual(wrong(lan), []);
  const types: NetworkConfig[] = [
    { type: "isolated" },
    { type: "bridge", bridge: "br0", subnets: [{ cidr: "192.168.50.0/24", gateway: "192.168.50.1" }] },
    { type: "bridge", create: true, mtu: 9000 },
    { type: "ovs", bridge: "br-int", vlan: 42 },
    { type: "macvtap", device: "eth0" },
    { external: true, name: "default", subnets: [{ cidr: "192.168.122.0/24", gateway: "192.168.122.1" }] },
  ];
  for (const network of types) assert.deepEqual(wrong(network), [], JSON.stringify(network));
});

test("keys that a type does not have are refused, and those that it needs are asked for", () => {
  assert.deepEqual(wrong({ type: "nat", vlan: 4, create: true }), [
    "create: create has no effect for type nat",
    "vlan: vlan has no effect for type nat",
    ": A network of type nat needs a subnet",
  ]);
  assert.deepEqual(wrong({ type: "bridge", domain: "lan.example" }), [
    ": A network of type bridge needs bridge",
    "domain: domain has no effect for type bridge",
  ]);
  assert.deepEqual(wrong({ type: "macvtap", bridge: "br0", mtu: 1400 }), [
    "bridge: bridge has no effect for type macvtap",
    ": A network of type macvtap needs device",
    "mtu: mtu has no effect for type macvtap",
  ]);
  assert.deepEqual(wrong({ type: "isolated", dns: { enabled: false, forwarders: ["9.9.9.9"] } }), [
    "dns.forwarders: forwarders has no effect while DNS is off",
  ]);
});

test("a VLAN of a Linux bridge or a macvtap is refused with the commands that make the device on the host", () => {
  const details = (network: NetworkConfig) => checkWrittenNetworks({ networks: { lan: network } }).map(({ detail }) => detail);
  assert.deepEqual(details({ type: "bridge", bridge: "br-42", vlan: 42 }), [
    "Guests are in the VLAN of the ports of their bridge. Make a VLAN device a port of it (ip link add link eth0 name eth0.42 type vlan id 42; ip link set eth0.42 master br-42 up) in the network configuration of the host, which does so again at each boot, write bridge: br-42, and remove vlan. Or use type: ovs, which takes vlan; or, with libvirt 11, write vlan into the interfaces of instances.",
  ]);
  const [created = "", ...more] = details({ type: "bridge", create: true, device: "eth1", vlan: 42 });
  assert.match(
    created,
    /add link eth1 name eth1\.42 type vlan id 42; .* master br-42 up.*write bridge: br-42, and remove create, device and vlan\./,
  );
  assert.deepEqual(more, []);
  assert.deepEqual(details({ type: "macvtap", device: "eth1", vlan: 7 }), [
    "Guests are in the VLAN of device. Make a VLAN device (ip link add link eth1 name eth1.7 type vlan id 7) in the network configuration of the host, which does so again at each boot, write device: eth1.7, and remove vlan.",
  ]);
});

test("a bridge that virtform makes takes no network card of the host", () => {
  assert.deepEqual(wrong({ type: "bridge", create: true, device: "eth1" }), ["device: A bridge gets no network card from virtform"]);
  assert.deepEqual(wrong({ type: "isolated", device: "eth1" }), ["device: device has no effect for type isolated"]);
});

test("addresses outside of their subnet, or of the other family, are refused", () => {
  const subnet = {
    cidr: "192.168.50.0/24",
    address: "192.168.51.1",
    gateway: "fd00::1",
    dhcp: {
      ranges: [
        { start: "192.168.50.100", end: "192.168.50.90" },
        { start: "192.168.50.0", end: "192.168.50.10" },
      ],
      reservations: [{ mac: "52:54:00:00:00:01", address: "192.168.50.255" }],
    },
    dns_servers: ["fd00::1"],
    routes: [
      { to: "10.0.0.1/8", via: "192.168.50.254" },
      { to: "0.0.0.0/0", via: "10.0.0.1" },
    ],
  };
  assert.deepEqual(wrong({ subnets: [subnet] }), [
    "subnets.0.address: 192.168.51.1 is outside of 192.168.50.0/24",
    "subnets.0.gateway: fd00::1 is outside of 192.168.50.0/24",
    "subnets.0.dhcp.ranges.0: The range ends before it starts",
    "subnets.0.dhcp.ranges.1.start: 192.168.50.0 cannot be the address of a machine in 192.168.50.0/24",
    "subnets.0.dhcp.reservations.0.address: 192.168.50.255 cannot be the address of a machine in 192.168.50.0/24",
    "subnets.0.dns_servers.0: fd00::1 is an IPv6 address",
    "subnets.0.routes.0.to: 10.0.0.1/8 is an address in a subnet, not a subnet",
    "subnets.0.routes.1.to: The route is the default route",
    "subnets.0.routes.1.via: 10.0.0.1 is outside of 192.168.50.0/24",
  ]);
});

test("subnets that overlap and addresses that are given twice are refused", () => {
  const reservations = [
    { mac: "52:54:00:00:00:01", address: "10.0.0.20" },
    { mac: "52:54:00:00:00:01", address: "10.0.0.20" },
    { mac: "52:54:00:00:00:02", address: "10.0.0.1" },
    { address: "10.0.0.30" },
  ];
  const network: NetworkConfig = {
    subnets: [
      { cidr: "10.0.0.0/24", dhcp: { ranges: [{ start: "10.0.0.1", end: "10.0.0.50" }], reservations } },
      { cidr: "10.0.0.128/25", dhcp: {} },
    ],
  };
  assert.deepEqual(wrong(network, { other: { subnets: [{ cidr: "10.0.0.0/23" }] } }), [
    "subnets.0.dhcp.ranges.0: The range contains 10.0.0.1",
    "subnets.0.dhcp.reservations.2.address: 10.0.0.1 is not free",
    "subnets.0.dhcp.reservations.3: The reservation names no machine",
    "subnets.0.dhcp.reservations.1.address: 10.0.0.20 is listed twice",
    "subnets.0.dhcp.reservations.1.mac: 52:54:00:00:00:01 is listed twice",
    "subnets.1.cidr: 10.0.0.128/25 overlaps 10.0.0.0/24",
    "subnets.1.dhcp: Two IPv4 subnets have dhcp",
    "subnets.0.cidr: 10.0.0.0/24 overlaps 10.0.0.0/23 of network other",
    "subnets.1.cidr: 10.0.0.128/25 overlaps 10.0.0.0/23 of network other",
  ]);
});

test("DHCP without addresses, a target that is listed twice and a subnet of all addresses are refused", () => {
  const record = { service: "ldap", protocol: "tcp", target: "a.lan", port: 389 } as const;
  const srv = [record, { ...record, target: "b.lan" }, { ...record, priority: 5 }];
  assert.deepEqual(wrong({ domain: "lan", subnets: [{ cidr: "fd00::/64", dhcp: {} }, { cidr: "0.0.0.0/0" }], dns: { srv } }), [
    "dns.srv.2: ldap tcp lan a.lan:389 is listed twice",
    "subnets.0.dhcp: dhcp of an IPv6 subnet has no addresses",
    "subnets.1.cidr: A subnet with the prefix /0 is the whole Internet",
  ]);
});

test("subnets of special addresses are refused", () => {
  for (const cidr of ["127.0.5.0/24", "224.0.0.0/24", "fe80::/64", "::ffff:10.0.0.0/120"]) {
    const [found, ...rest] = wrong({ type: "bridge", bridge: "br0", subnets: [{ cidr }] });
    assert.match(found ?? "", /^subnets\.0\.cidr: .* is not for networks of guests$/);
    assert.deepEqual(rest, []);
  }
});

test("IPv6 subnets have what announcing them needs", () => {
  assert.deepEqual(wrong({ mtu: 1000, subnets: [{ cidr: "fd00::/80" }] }), [
    "subnets.0.cidr: An IPv6 subnet without dhcp has the prefix /80",
    "mtu: IPv6 needs an MTU of 1280 or more",
  ]);
  assert.deepEqual(
    wrong({ subnets: [{ cidr: "fd00::/64", dhcp: { reservations: [{ mac: "52:54:00:00:00:01", address: "fd00::5" }] } }] }),
    ["subnets.0.dhcp.reservations.0.mac: mac has no effect in an IPv6 subnet"],
  );
});

test("subnets have the first address as the host's, and the host as router and name server", () => {
  const networks: Config["networks"] = {
    lan,
    inner: { type: "isolated", subnets: [{ cidr: "10.1.0.0/24" }] },
    outer: { type: "bridge", bridge: "br0", subnets: [{ cidr: "10.2.0.0/24" }] },
  };
  const text = (name: string) =>
    subnetsOf({ networks }, name).map(({ cidr, address, gateway, dnsServers }) =>
      [formatCidr(cidr), ...[address, gateway].map((ip) => (ip === null ? "-" : formatIp(ip))), dnsServers.map(formatIp).join()].join(" "),
    );
  assert.deepEqual(text("lan"), [
    "192.168.50.0/24 192.168.50.1 192.168.50.1 192.168.50.1",
    "fd00:50::/64 fd00:50::1 fd00:50::1 fd00:50::1",
  ]);
  assert.deepEqual(text("inner"), ["10.1.0.0/24 10.1.0.1 - 10.1.0.1"]);
  assert.deepEqual(text("outer"), ["10.2.0.0/24 - - "]);
  assert.equal(networkOf({ networks }, { network: "lan" })?.name, "lan");
  assert.equal(networkOf({ networks }, { network: "default" }), undefined);
  assert.equal(networkOf({ networks }, {}), undefined);
});

test("the libvirt of one user makes no networks", () => {
  const config: Config = { project: "shop", networks: { lan: { type: "isolated" }, outside: { external: true } } };
  const facts = { networks: null } as Observed["facts"];
  const observed = createObserved({ facts, states: new Map(), unmanaged: [], diagnostics: [], complete: true, unread: [] });
  const codes = (uri: string) =>
    checkNetworkKind(desiredNetworks(config, {}), observed, { config, uri, destroying: false }).map(
      ({ code, address }) => `${code} ${address}`,
    );
  assert.deepEqual(codes("qemu:///session"), ["network-needs-system network/lan"]);
  assert.deepEqual(codes("qemu:///system"), []);
});
