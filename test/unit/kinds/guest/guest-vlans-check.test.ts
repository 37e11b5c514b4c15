import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config, InstanceConfig, NetworkConfig } from "../../../../src/kinds/config.ts";
import { checkGuestVlans } from "../../../../src/kinds/guest/guest-vlans-check.ts";
import { checkFixedAddresses } from "../../../../src/kinds/network/fixed-address-check.ts";

const networks: Record<string, NetworkConfig> = {
  trunk: { type: "ovs", bridge: "br-int", vlan: 100, mtu: 1500 },
  office: { type: "bridge", bridge: "br0" },
  storage: { type: "ovs", bridge: "br-int", vlan: 101, subnets: [{ cidr: "10.0.101.0/24", gateway: "10.0.101.1" }] },
  lan: { subnets: [{ cidr: "10.20.0.0/24" }] },
};

const configOf = (instance: Partial<InstanceConfig>): Config => ({
  networks,
  instances: { web: { image: "tiny", flavor: "small", ...instance } },
});
const mistakes = (instance: Partial<InstanceConfig>) =>
  [...checkGuestVlans(configOf(instance)), ...checkFixedAddresses(configOf(instance))].map(
    ({ pointer = [], summary }) => `${pointer.slice(3).join(".")}: ${summary}`,
  );
const storage = { id: 101, network: "storage", addresses: ["10.0.101.10"] };

test("VLANs on Open vSwitch, on bridges and on networks of others are accepted", () => {
  assert.deepEqual(mistakes({ networks: [{ network: "trunk", vlans: [storage, { id: 102 }] }] }), []);
  assert.deepEqual(mistakes({ networks: [{ network: "office", vlans: [storage] }] }), []);
  assert.deepEqual(mistakes({ networks: [{ bridge: "br0", vlans: [{ id: 102 }] }] }), []);
  assert.deepEqual(mistakes({ networks: [{ bridge: "br0", vlans: [storage] }], inject: { partition: "none" } }), []);
});

test("VLANs of an interface that carries no tagged packets, or of a guest that gets no network configuration, are refused", () => {
  const of = (nic: object, more: Partial<InstanceConfig> = {}) =>
    mistakes({ networks: [{ ...nic, vlans: [{ id: 102 }] } as never], ...more });
  assert.deepEqual(of({ user: true }), ["0.vlans: Interface 0 of web is in user-mode networking and cannot have VLANs"]);
  assert.deepEqual(of({ network: "lan" }), ["0.vlans: Interface 0 of web has VLANs in a network that has none"]);
  assert.deepEqual(of({ bridge: "br0", vlan: 5 }), ["0.vlans: Interface 0 of web has both vlan and vlans"]);
  assert.deepEqual(of({ bridge: "br0" }, { security_groups: [] }), ["0.vlans: Interface 0 of web is filtered and cannot have VLANs"]);
  const untold = ["0.vlans: Interface 0 of web has VLANs that are not described to the guest"];
  assert.deepEqual(of({ bridge: "br0" }, { config_drive: false }), untold);
  assert.deepEqual(of({ bridge: "br0" }, { inject: { partition: "none", network: "none" } }), untold);
});

test("a VLAN is in an interface once, and its network is that VLAN", () => {
  const of = (...vlans: object[]) => mistakes({ networks: [{ network: "trunk", vlans } as never] });
  assert.deepEqual(of({ id: 102 }, { id: 102 }), ["0.vlans.1.id: Interface 0 of web has VLAN 102 twice"]);
  assert.deepEqual(of({ id: 100 }), ["0.vlans.0.id: Interface 0 of web has VLAN 100 with and without a tag"]);
  assert.deepEqual(of({ ...storage, id: 7 }), ["0.vlans.0.network: Interface 0 of web has network storage in VLAN 7"]);
  assert.deepEqual(of({ id: 102, network: "lan" }), ["0.vlans.0.network: Interface 0 of web has network lan in VLAN 102"]);
  assert.deepEqual(of({ id: 102, mtu: 9000 }), [
    "0.vlans.0.mtu: Interface 0 of web has a larger MTU in VLAN 102 than itself: 9000 and 1500",
  ]);
  assert.deepEqual(of({ id: 102, addresses: ["10.0.102.1"] }), [
    "0.vlans.0.addresses: Interface 0 of web has addresses in VLAN 102, of which no network is known",
  ]);
});

test("the positions of a VLAN that is there twice count from 1", () => {
  const [found] = checkGuestVlans(configOf({ networks: [{ network: "trunk", vlans: [{ id: 102 }, { id: 103 }, { id: 102 }] }] }));
  assert.equal(found?.detail, "It is number 1 and 3 of vlans. Remove one of them.");
});

test("the device of a VLAN on a bond has a name that Linux takes", () => {
  const bonded = (bond: string, id: number) =>
    mistakes({
      networks: [
        { bridge: "br0", bond, vlans: [{ id }] },
        { bridge: "br1", bond },
      ],
    });
  assert.deepEqual(bonded("uplinks123", 4094), []);
  assert.deepEqual(bonded("uplinks1234", 101), []);
  assert.deepEqual(bonded("uplinks1234", 4094), ["0.vlans.0.id: Interface 0 of web has VLAN 4094 in a bond with a long name"]);
});

test("addresses in a VLAN are in its subnets, free and used once", () => {
  const of = (...addresses: string[]) => mistakes({ networks: [{ network: "trunk", vlans: [{ ...storage, addresses }] }] });
  assert.deepEqual(of("10.0.102.10"), ["0.vlans.0.addresses.0: 10.0.102.10 is in no subnet of network storage"]);
  assert.deepEqual(of("10.0.101.1"), ["0.vlans.0.addresses.0: 10.0.101.1 is not free"]);
  const two = { network: "trunk", vlans: [storage] };
  assert.deepEqual(mistakes({ networks: [two, two] }), ["1.vlans.0.addresses.0: 10.0.101.10 is the address of two interfaces"]);
  assert.deepEqual(mistakes({ networks: [two, { network: "storage", addresses: ["10.0.101.10"] }] }), [
    "1.addresses.0: 10.0.101.10 is the address of two interfaces",
  ]);
});
