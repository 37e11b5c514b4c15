import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config, InstanceConfig } from "../../../../src/kinds/config.ts";
import { interfacesOf } from "../../../../src/kinds/guest/interfaces.ts";
import { interfacesFile } from "../../../../src/kinds/instance/interfaces-file.ts";
import { networkdFiles } from "../../../../src/kinds/instance/networkd-files.ts";
import { seedFields } from "../../../../src/kinds/instance/seed/fields.ts";
import { networkData } from "../../../../src/kinds/instance/seed/network.ts";
import { networkConfig } from "../../../../src/kinds/instance/seed/nocloud.ts";
import { publicSeed } from "../../../../src/kinds/instance/seed/public.ts";
import { seedInterfaces } from "../../../../src/kinds/instance/seed-interfaces.ts";
import type { SeedInterface } from "../../../../src/kinds/terms/spec.ts";
import { tapName } from "../../../../src/kinds/terms/tap-name.ts";
import { nic } from "./fixtures.ts";
import { seedSpec, uuid } from "./seed/fixtures.ts";

const config: Config = {
  project: "shop",
  networks: {
    trunk: { type: "ovs", bridge: "br-int", vlan: 100 },
    storage: { type: "ovs", bridge: "br-int", vlan: 101, mtu: 1400, subnets: [{ cidr: "10.0.101.0/24", gateway: "10.0.101.1" }] },
  },
};
const web: InstanceConfig = {
  image: "debian",
  flavor: "small",
  networks: [
    { network: "trunk", mac: "52:54:00:00:00:01", vlans: [{ id: 102 }, { id: 101, network: "storage", addresses: ["10.0.101.10"] }] },
  ],
};
const interfaces = seedInterfaces(config, web, interfacesOf(web, {}, config, "web"));
const [first] = interfaces as [SeedInterface];

test("network_data.json has a link for each VLAN, on the link of its card, and its addresses", () => {
  const { links, networks } = networkData({ uuid, interfaces }) as unknown as Record<"links" | "networks", Record<string, unknown>[]>;
  const link = tapName(uuid, first.mac);
  assert.deepEqual(links.slice(1), [
    { id: `${link}.102`, type: "vlan", mtu: null, vlan_id: 102, vlan_link: link, vlan_mac_address: first.mac },
    { id: `${link}.101`, type: "vlan", mtu: 1400, vlan_id: 101, vlan_link: link, vlan_mac_address: first.mac },
  ]);
  assert.deepEqual(
    networks.map(({ type, link: of, ip_address: address, network_id: id }) => [type, of, address, id]),
    [
      ["ipv4_dhcp", link, undefined, "trunk"],
      ["ipv4_dhcp", `${link}.102`, undefined, "vlan102"],
      ["ipv4", `${link}.101`, "10.0.101.10", "storage"],
    ],
  );
});

test("a NoCloud drive names the device of a VLAN by its card, and VLANs of a bond are on the bond", () => {
  const bonded: SeedInterface[] = [{ ...first, bond: "bond0" }, nic({ mac: "52:54:00:00:00:02", bond: "bond0" })];
  for (const [of, card] of [
    [interfaces, "eth0"],
    [bonded, "bond0"],
  ] as const) {
    const { config: found } = networkConfig(of) as unknown as { config: Record<string, unknown>[] };
    assert.deepEqual(found.slice(-2), [
      { type: "vlan", name: `${card}.102`, vlan_link: card, vlan_id: 102, subnets: [{ type: "dhcp4" }] },
      {
        type: "vlan",
        name: `${card}.101`,
        vlan_link: card,
        vlan_id: 101,
        mtu: 1400,
        subnets: [{ type: "static", address: "10.0.101.10/24", gateway: "10.0.101.1" }],
      },
    ]);
  }
  const { links } = networkData({ uuid, interfaces: bonded }) as unknown as { links: Record<string, unknown>[] };
  assert.deepEqual(
    links.slice(-2).map(({ id, vlan_link: of }) => [id, of]),
    [
      ["bond0.102", "bond0"],
      ["bond0.101", "bond0"],
    ],
  );
});

test("injected network files have VLANs", () => {
  assert.match(
    interfacesFile(interfaces) ?? "",
    /auto eth0\niface eth0 inet dhcp\n\nauto eth0\.102\niface eth0\.102 inet dhcp\n {4}vlan-raw-device eth0\n\nauto eth0\.101\niface eth0\.101 inet static\n {4}vlan-raw-device eth0\n {4}address 10\.0\.101\.10\n/,
  );
  const files = new Map(
    networkdFiles(interfaces).map(({ path, content }) => [path.replace("/etc/systemd/network/10-virtform-", ""), content]),
  );
  assert.deepEqual([...files.keys()], ["0.network", "0-102.netdev", "0-102.network", "0-101.netdev", "0-101.network"]);
  assert.match(files.get("0.network") ?? "", /DHCP=ipv4\nVLAN=vlan0\.102\nVLAN=vlan0\.101\n/);
  assert.match(files.get("0-101.netdev") ?? "", /\[NetDev\]\nName=vlan0\.101\nKind=vlan\n\n\[VLAN\]\nId=101\n/);
  assert.match(
    files.get("0-101.network") ?? "",
    /\[Match\]\nName=vlan0\.101\n\n\[Link\]\nMTUBytes=1400\n\n\[Network\]\nAddress=10\.0\.101\.10\/24\n/,
  );
  // networkd takes the first file that matches, and the MAC address of the card matches the device of a VLAN as well.
  const names = [...files.keys()].filter((name) => name.endsWith(".network")).sort();
  assert.deepEqual(names, ["0-101.network", "0-102.network", "0.network"]);
});

test("a plan names each VLAN of a drive", () => {
  const { vlans: _, ...plain } = first;
  const before = publicSeed(seedSpec("/i", { interfaces: [plain] }));
  const after = publicSeed(seedSpec("/i", { interfaces }));
  assert.deepEqual(
    seedFields(before, after).map(({ path, new: value }) => [path, value]),
    [
      ["interfaces.0.vlans.101", "storage, 10.0.101.10/24, gateway 10.0.101.1, MTU 1400"],
      ["interfaces.0.vlans.102", "DHCP"],
    ],
  );
});

test("a port of Open vSwitch carries the VLANs of its guest, and that of its network without a tag", () => {
  assert.equal(first.port?.trunk, "trunk 100 untagged, 101, 102");
  const plain = { ...config, networks: { plain: { type: "ovs", bridge: "br-int" } } } as const;
  const onPlain = { ...web, networks: [{ network: "plain", vlans: [{ id: 102 }] }] };
  assert.equal(interfacesOf(onPlain, {}, plain, "web")[0]?.port?.trunk, "trunk 0, 102", "VLAN 0 is what has no tag");
  const onBridge = { ...web, networks: [{ bridge: "br0", vlans: [{ id: 102 }] }] };
  assert.equal(interfacesOf(onBridge, {}, config, "web")[0]?.port, undefined);
});
