import assert from "node:assert/strict";
import { test } from "node:test";
import { networkData } from "../../../../../src/kinds/instance/seed/network.ts";
import { networkConfig, nocloudTree } from "../../../../../src/kinds/instance/seed/nocloud.ts";
import { tapName } from "../../../../../src/kinds/terms/tap-name.ts";
import { fullSpec, seedSpec, uuid } from "./fixtures.ts";

const text = (tree: ReadonlyMap<string, Buffer>, path: string) => JSON.parse(tree.get(path)?.toString() ?? "null");

test("a NoCloud drive has the id, names, keys and metadata of the instance, and its user data byte for byte", () => {
  const userData = Buffer.from("#cloud-config\r\n");
  const spec = fullSpec("/i", { format: "nocloud" });
  const tree = nocloudTree(spec, { userData });
  assert.deepEqual([...tree.keys()], ["meta-data", "user-data", "network-config"]);
  assert.deepEqual(text(tree, "meta-data"), {
    "instance-id": spec.uuid,
    "local-hostname": "web-1.example.org",
    name: spec.instance,
    launch_index: 1,
    project_id: spec.project,
    "public-keys": ["ssh-ed25519 AAAAC3NzaC1 ops@example.org", "ssh-rsa AAAAB3NzaC1 dev@example.org"],
    meta: { role: "web", "a key": 'größer\n"quoted"' },
  });
  assert.deepEqual(tree.get("user-data"), userData);
  const plain = nocloudTree(seedSpec("/i", { format: "nocloud" }), { userData: null });
  assert.deepEqual([...plain.keys()], ["meta-data", "user-data"]);
  assert.equal(plain.get("user-data")?.length, 0);
});

test("cards of one bond are a bond with the addresses and the MTU of the first one, in both forms of the drive", () => {
  const card = (index: number, more: object = {}) =>
    ({
      name: `${index}`,
      type: "network",
      source: "lan",
      mac: `52:54:00:0a:0b:0${index}`,
      model: "virtio",
      link: "up",
      filter: null,
      ...more,
    }) as const;
  const v6 = { family: 6, address: "fd00::10", prefix: 64, dhcp: false, gateway: null, dnsServers: [], routes: [] } as const;
  const interfaces = [card(0), card(1, { bond: "bond0", mtu: 1400, addresses: [v6] }), card(2, { bond: "bond0" })];
  assert.deepEqual((networkConfig(interfaces) as { config: object[] }).config, [
    { type: "physical", name: "eth0", mac_address: card(0).mac, subnets: [{ type: "dhcp4" }] },
    { type: "physical", name: "eth1", mac_address: card(1).mac, mtu: 1400 },
    { type: "physical", name: "eth2", mac_address: card(2).mac },
    {
      type: "bond",
      name: "bond0",
      mac_address: card(1).mac,
      mtu: 1400,
      bond_interfaces: ["eth1", "eth2"],
      params: { "bond-mode": "active-backup", "bond-miimon": 100 },
      subnets: [{ type: "dhcp4" }, { type: "static6", address: "fd00::10/64" }],
    },
  ]);
  const { links, networks } = networkData({ uuid, interfaces }) as {
    links: object[];
    networks: { type: string; link: string }[];
  };
  assert.equal(links.length, 4);
  assert.deepEqual(links[3], {
    id: "bond0",
    type: "bond",
    mtu: 1400,
    ethernet_mac_address: card(1).mac,
    bond_links: [tapName(uuid, card(1).mac), tapName(uuid, card(2).mac)],
    bond_mode: "active-backup",
    bond_miimon: 100,
  });
  assert.deepEqual(
    networks.map(({ type, link }) => [type, link]),
    [
      ["ipv4_dhcp", tapName(uuid, card(0).mac)],
      ["ipv4_dhcp", "bond0"],
      ["ipv6", "bond0"],
    ],
  );
});

test("a card asks for an IPv4 address by DHCP unless one is written, and has what DHCP does not tell", () => {
  const nic = { name: "0", type: "network", source: "lan", mac: "52:54:00:0a:0b:01", model: "virtio", link: "up", filter: null } as const;
  const v4 = {
    family: 4,
    address: "10.0.0.10",
    prefix: 24,
    dhcp: false,
    gateway: "10.0.0.1",
    dnsServers: ["10.0.0.1"],
    routes: [{ to: "10.8.0.0/16", via: "10.0.0.2" }],
  } as const;
  const v6 = { family: 6, address: "fd00::10", prefix: 64, dhcp: false, gateway: null, dnsServers: [], routes: [] } as const;
  const subnetsOf = (more: object) => (networkConfig([{ ...nic, ...more }]) as { config: { subnets: unknown }[] }).config[0]?.subnets;
  assert.deepEqual(networkConfig([{ ...nic, mtu: 1400, addresses: [v4, v6] }]), {
    version: 1,
    config: [
      {
        type: "physical",
        name: "eth0",
        mac_address: nic.mac,
        mtu: 1400,
        subnets: [
          {
            type: "static",
            address: "10.0.0.10/24",
            gateway: "10.0.0.1",
            dns_nameservers: ["10.0.0.1"],
            routes: [{ network: "10.8.0.0", netmask: "255.255.0.0", gateway: "10.0.0.2" }],
          },
          { type: "static6", address: "fd00::10/64" },
        ],
      },
    ],
  });
  const static6 = { type: "static6", address: "fd00::10/64" };
  assert.deepEqual(subnetsOf({}), [{ type: "dhcp4" }]);
  assert.deepEqual(subnetsOf({ addresses: [{ ...v4, dhcp: true }, v6] }), [{ type: "dhcp4" }, static6]);
  assert.deepEqual(subnetsOf({ addresses: [v6], ipv4: false }), [static6]);
});
