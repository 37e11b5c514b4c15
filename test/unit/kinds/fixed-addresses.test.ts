import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config, InstanceConfig, NetworkConfig, NicConfig } from "../../../src/kinds/config.ts";
import { interfacesOf } from "../../../src/kinds/guest/interfaces.ts";
import { networkData } from "../../../src/kinds/instance/seed/network.ts";
import { networkConfig } from "../../../src/kinds/instance/seed/nocloud.ts";
import { publicSeed } from "../../../src/kinds/instance/seed/public.ts";
import { seedTree } from "../../../src/kinds/instance/seed/tree.ts";
import { seedInterfaces } from "../../../src/kinds/instance/seed-interfaces.ts";
import { desiredNetworks } from "../../../src/kinds/network/desired.ts";
import { networkDriftEdits } from "../../../src/kinds/network/drift-edits.ts";
import { checkFixedAddresses } from "../../../src/kinds/network/fixed-address-check.ts";
import type { NetworkState } from "../../../src/kinds/terms/network-state.ts";
import { tapName } from "../../../src/kinds/terms/tap-name.ts";
import { createObserved } from "../../../src/model/observed.ts";
import { seedSpec, uuid } from "./instance/seed/fixtures.ts";

const leased: NetworkConfig = {
  subnets: [{ cidr: "10.20.0.0/24", dhcp: { ranges: [{ start: "10.20.0.100", end: "10.20.0.199" }] } }, { cidr: "fd00:20::/64" }],
};
const plain: NetworkConfig = {
  mtu: 1400,
  subnets: [
    { cidr: "10.20.0.0/24", gateway: "10.20.0.254", dns_servers: ["9.9.9.9"], routes: [{ to: "10.0.0.0/8", via: "10.20.0.253" }] },
    { cidr: "fd00:20::/64" },
  ],
};

const instance = (over: Partial<InstanceConfig> = {}): InstanceConfig => ({ image: "debian", flavor: "small", ...over });
const nic = (addresses: string[], over: Partial<NicConfig> = {}): NicConfig => ({ network: "lan", addresses, ...over }) as NicConfig;

/** `instances.web.networks.0.addresses.0: SUMMARY` of each mistake. */
const mistakes = (instances: Record<string, InstanceConfig>, lan: NetworkConfig = leased) =>
  checkFixedAddresses({ networks: { lan }, instances }).map(({ pointer = [], summary }) => `${pointer.slice(1).join(".")}: ${summary}`);

/** What the config drive is made from, of an instance with one interface. */
const driveOf = (lan: NetworkConfig, addresses: string[] | undefined) => {
  const config: Config = { project: "shop", networks: { lan } };
  const web = instance({ networks: [addresses === undefined ? { network: "lan" } : nic(addresses)] });
  return seedSpec("/instances", { interfaces: seedInterfaces(config, web, interfacesOf(web, {}, config, "web")) });
};

test("addresses that are in their subnets and free are accepted", () => {
  assert.deepEqual(mistakes({ web: instance({ networks: [nic(["10.20.0.10", "fd00:20::10"])] }) }), []);
  assert.deepEqual(mistakes({ web: instance({ networks: [nic(["10.20.0.150"])], config_drive: false }) }), []);
  const outside: NetworkConfig = { external: true, subnets: [{ cidr: "192.168.122.0/24" }] };
  assert.deepEqual(mistakes({ web: instance({ networks: [nic(["192.168.122.10"])] }) }, outside), []);
});

test("an address in no subnet, of the host, of the network or in a range of DHCPv6 is refused", () => {
  const of = (address: string, lan?: NetworkConfig) => mistakes({ web: instance({ networks: [nic([address])] }) }, lan);
  const place = "web.networks.0.addresses.0";
  assert.deepEqual(of("10.21.0.1"), [`${place}: 10.21.0.1 is in no subnet of network lan`]);
  assert.deepEqual(of("10.20.0.1"), [`${place}: 10.20.0.1 is not free`]);
  assert.deepEqual(of("10.20.0.254", plain), [`${place}: 10.20.0.254 is not free`]);
  assert.deepEqual(of("10.20.0.255"), [`${place}: 10.20.0.255 cannot be the address of a machine in 10.20.0.0/24`]);
  assert.deepEqual(of("10.20.0"), [`${place}: 10.20.0 is not an IP address`]);
  const v6: NetworkConfig = { subnets: [{ cidr: "fd00:20::/64", dhcp: { ranges: [{ start: "fd00:20::100", end: "fd00:20::1ff" }] } }] };
  assert.deepEqual(of("fd00:20::110", v6), [`${place}: fd00:20::110 is in a range of DHCP`]);
});

test("a subnet gives an interface one address, and an address belongs to one interface", () => {
  assert.deepEqual(mistakes({ web: instance({ networks: [nic(["10.20.0.10", "10.20.0.11"])] }) }), [
    "web.networks.0.addresses.1: 10.20.0.11 is the second address in its subnet",
  ]);
  const both = { web: instance({ networks: [nic(["fd00:20::10"])] }), db: instance({ networks: [nic(["fd00:20:0::10"])] }) };
  assert.deepEqual(mistakes(both), ["db.networks.0.addresses.0: fd00:20:0::10 is the address of two interfaces"]);
});

test("a reservation of the network for the address or for the interface is named", () => {
  const mac = "52:54:00:00:00:01";
  const reserving = (reservation: object): NetworkConfig =>
    ({ subnets: [{ cidr: "10.20.0.0/24", dhcp: { reservations: [reservation] } }] }) as NetworkConfig;
  const web = { web: instance({ networks: [nic(["10.20.0.10"], { mac })] }) };
  const found = ["web.networks.0.addresses.0: 10.20.0.10 is reserved already"];
  assert.deepEqual(mistakes(web, reserving({ mac: "52:54:00:00:00:02", address: "10.20.0.10" })), found);
  assert.deepEqual(mistakes(web, reserving({ mac, address: "10.20.0.11" })), found);
  assert.deepEqual(mistakes(web, reserving({ mac: "52:54:00:00:00:02", address: "10.20.0.11" })), []);
});

test("addresses that nothing tells the guest are refused", () => {
  const place = "web.networks.0.addresses";
  const none = `${place}: The fixed addresses have no effect`;
  assert.deepEqual(mistakes({ web: instance({ networks: [{ network: "default", addresses: ["10.0.0.1"] }] }) }), [none]);
  assert.deepEqual(mistakes({ web: instance({ networks: [{ user: true, addresses: ["10.0.0.1"] }] }) }), [none]);
  assert.deepEqual(mistakes({ web: instance({ networks: [nic(["10.0.0.1"])] }) }, { type: "isolated" }), [none]);
  const untold = instance({ networks: [nic(["10.20.0.10"])], config_drive: false });
  assert.deepEqual(mistakes({ web: untold }, plain), [`${place}: Nothing tells the guest its address 10.20.0.10`]);
  const filtered = instance({ networks: [{ network: "default", addresses: ["10.0.0.1"] }], security_groups: [] });
  assert.deepEqual(mistakes({ web: filtered }), [], "they are those that it may send from");
});

/** The reservations of the network `lan`, by address. */
const reservations = (instances: Record<string, InstanceConfig>, lan = leased, facts: Parameters<typeof desiredNetworks>[1] = {}) => {
  const [network] = desiredNetworks({ project: "shop", networks: { lan }, instances }, facts);
  const at = "subnets.10.20.0.0/24.dhcp.reservations.";
  return Object.entries(network?.spec.fields ?? {}).flatMap(([path, value]) =>
    path.includes(".reservations.") ? [`${path.replace(at, "")} ${String(value)}`] : [],
  );
};

test("DHCP reserves IPv4 addresses for the MAC address, with the host name once in a network", () => {
  const instances = {
    web: instance({ hostname: "front", networks: [nic(["10.20.0.10", "fd00:20::10"], { mac: "52:54:00:00:00:01" })] }),
    db: instance({ hostname: "front", networks: [nic(["10.20.0.11"], { mac: "52:54:00:00:00:02" })] }),
    mail: instance({ hostname: "mail.example.org", networks: [nic(["10.20.0.12"], { mac: "52:54:00:00:00:03" })] }),
    none: instance({ count: 0, networks: [nic(["10.20.0.13"])] }),
  };
  assert.deepEqual(reservations(instances), [
    "10.20.0.10 52:54:00:00:00:01 front",
    "10.20.0.11 52:54:00:00:00:02",
    "10.20.0.12 52:54:00:00:00:03",
  ]);
  assert.deepEqual(reservations(instances, plain), []);
});

test("a renamed instance keeps the reservation of its MAC address", () => {
  const macOf = ([line = ""]: string[]) => line.split(" ")[1];
  const before = reservations({ web: instance({ networks: [nic(["10.20.0.10"])] }) });
  const identities = { "domain/front": { uuid: "6f1f6f0a-6a4e-5c0f-9b8e-0123456789ab", origin: "web" } };
  const after = reservations({ front: instance({ networks: [nic(["10.20.0.10"])] }) }, leased, { identities });
  assert.equal(macOf(after), macOf(before));
  assert.notEqual(macOf(reservations({ front: instance({ networks: [nic(["10.20.0.10"])] }) })), macOf(before));
});

test("Nova CFG-11: without DHCP the drive has address, netmask, routes and name servers; the link has the MTU of the network", () => {
  const drive = driveOf(plain, ["10.20.0.10", "fd00:20::10"]);
  const { links, networks, services } = networkData(drive) as Record<string, object[]>;
  // Nova's id of a link is the name of its device on the host.
  const link = tapName(uuid, drive.interfaces[0]?.mac ?? "");
  assert.deepEqual(
    links?.map((link) => (link as { mtu: number }).mtu),
    [1400],
  );
  assert.deepEqual(networks, [
    {
      id: "network0",
      type: "ipv4",
      link,
      ip_address: "10.20.0.10",
      netmask: "255.255.255.0",
      routes: [
        { network: "0.0.0.0", netmask: "0.0.0.0", gateway: "10.20.0.254" },
        { network: "10.0.0.0", netmask: "255.0.0.0", gateway: "10.20.0.253" },
      ],
      services: [{ type: "dns", address: "9.9.9.9" }],
      network_id: "lan",
    },
    {
      id: "network1",
      type: "ipv6",
      link,
      ip_address: "fd00:20::10",
      netmask: "ffff:ffff:ffff:ffff::",
      routes: [{ network: "::", netmask: "::", gateway: "fd00:20::1" }],
      services: [{ type: "dns", address: "fd00:20::1" }],
      network_id: "lan",
    },
  ]);
  assert.deepEqual(services, [
    { type: "dns", address: "9.9.9.9" },
    { type: "dns", address: "fd00:20::1" },
  ]);
});

test("an address that DHCP gives is not written; without IPv4 and DHCP nothing asks for one", () => {
  const typesOf = (lan: NetworkConfig, addresses: string[]) =>
    (networkData(driveOf(lan, addresses)) as unknown as { networks: { type: string }[] }).networks.map(({ type }) => type);
  assert.deepEqual(typesOf(leased, ["10.20.0.10"]), ["ipv4_dhcp", "ipv6_slaac"]);
  assert.deepEqual(typesOf(leased, ["fd00:20::10"]), ["ipv4_dhcp", "ipv6"]);
  assert.deepEqual(typesOf(plain, ["fd00:20::10"]), ["ipv6"]);
  const tree = seedTree(driveOf(leased, ["10.20.0.10"]), { userData: null, adminPassword: null, randomSeed: Buffer.alloc(512) });
  assert.equal(JSON.parse(tree.get("ec2/latest/meta-data.json")?.toString() ?? "")["local-ipv4"], "10.20.0.10");
});

test("Nova CFG-11: a network without IPv4 has no DHCP for it; its IPv6 addresses come by SLAAC or DHCPv6", () => {
  const ranges = [{ start: "fd00:21::100", end: "fd00:21::1ff" }];
  const announced: NetworkConfig = { type: "isolated", subnets: [{ cidr: "fd00:21::/64" }] };
  const managed: NetworkConfig = { type: "isolated", subnets: [{ cidr: "fd00:21::/64", dhcp: { ranges } }] };
  const both: NetworkConfig = { subnets: [...(leased.subnets ?? []).slice(0, 1), ...(managed.subnets ?? [])] };
  const of = (lan: NetworkConfig, addresses?: string[]) => {
    const drive = driveOf(lan, addresses);
    const { networks } = networkData(drive) as unknown as { networks: { type: string }[] };
    const { config } = networkConfig(drive.interfaces) as unknown as { config: { subnets: { type: string }[] }[] };
    return [networks.map(({ type }) => type), config[0]?.subnets.map(({ type }) => type)];
  };
  assert.deepEqual(of(announced), [["ipv6_slaac"], ["ipv6_slaac"]]);
  assert.deepEqual(of(managed), [["ipv6_dhcpv6-stateful"], ["dhcp6"]]);
  assert.deepEqual(of(both), [
    ["ipv4_dhcp", "ipv6_dhcpv6-stateful"],
    ["dhcp4", "dhcp6"],
  ]);
  assert.deepEqual(of(managed, ["fd00:21::10"]), [["ipv6"], ["static6"]]);
  assert.deepEqual(of({ external: true, subnets: [{ cidr: "fd00:21::/64" }] }), [["ipv4_dhcp"], ["dhcp4"]]);
  assert.equal((publicSeed(driveOf(announced, undefined))["interfaces"] as { ipv6?: string }[])[0]?.ipv6, "slaac");
});

test("drives of interfaces without fixed addresses and MTU stay as they were", () => {
  const [shown] = publicSeed(driveOf(leased, undefined))["interfaces"] as Record<string, unknown>[];
  assert.deepEqual(Object.keys(shown ?? {}), ["type", "source", "mac"]);
  const [fixed] = publicSeed(driveOf(plain, ["10.20.0.10"]))["interfaces"] as Record<string, unknown>[];
  assert.deepEqual(fixed?.["addresses"], ["10.20.0.10/24, gateway 10.20.0.254, DNS 9.9.9.9, 10.0.0.0/8 via 10.20.0.253"]);
});

test("drift: reservations of instances are not written into the network", () => {
  const instances = { web: instance({ networks: [nic(["10.20.0.10"], { mac: "52:54:00:00:00:01" })] }) };
  const config: Config = { project: "shop", networks: { lan: leased }, instances };
  const at = "subnets.10.20.0.0/24.dhcp.reservations";
  const fields = { [`${at}.10.20.0.10`]: "52:54:00:00:00:09", [`${at}.10.20.0.20`]: "52:54:00:00:00:02 printer" };
  const state = { fields, running: fields, applied: {}, users: [] } as unknown as NetworkState;
  const observed = createObserved({
    facts: {} as never,
    states: new Map([["network/lan", state]]) as never,
    unmanaged: [],
    diagnostics: [],
    complete: true,
    unread: [],
  });
  const change = {
    address: "network/lan",
    verb: "update",
    cause: "drift",
    reason: "it was changed on the host",
    fields: Object.entries(fields).map(([path, old]) => ({ path, old, cause: "drift" })),
  };
  const { edits, left } = networkDriftEdits([change] as never, config, observed);
  assert.deepEqual(
    edits.map(({ value }) => value),
    [[{ mac: "52:54:00:00:00:02", name: "printer", address: "10.20.0.20" }]],
  );
  assert.deepEqual(
    left.map(({ path }) => path),
    [`${at}.10.20.0.10`],
  );
});
