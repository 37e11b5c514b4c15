import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config, NetworkConfig, NicConfig } from "../../../../src/kinds/config.ts";
import { checkPortSettings } from "../../../../src/kinds/guest/port-settings-check.ts";
import { observedWith } from "../../../support/observed.ts";

/** Keys of an interface that are refused, with libvirt of a version. */
function refused(libvirtVersion: string, nic: NicConfig, network?: NetworkConfig): string[] {
  const config: Config = {
    images: { debian: { source: "/debian.raw", disk_format: "raw" } },
    flavors: { small: { vcpus: 2, ram: 2 ** 29, disk: 2 ** 30 } },
    networks: network === undefined ? {} : { lan: network },
    instances: { web: { image: "debian", flavor: "small", networks: [nic] } },
  };
  const observed = observedWith();
  const known = { ...observed, facts: { ...observed.facts, libvirtVersion } };
  return checkPortSettings({ config, observed: known as typeof observed }).map(({ pointer = [] }) => pointer.slice(4).join("."));
}

test("a VLAN needs Open vSwitch, or libvirt 11 on a Linux bridge", () => {
  const nic = { network: "lan", vlan: 42 };
  assert.deepEqual(refused("9.0.0", nic), ["vlan"]);
  assert.deepEqual(refused("9.0.0", nic, { type: "nat" }), ["vlan"]);
  assert.deepEqual(refused("9.0.0", nic, { type: "ovs", bridge: "br-int" }), []);
  assert.deepEqual(refused("11.0.0", nic), []);
  assert.deepEqual(refused("11.0.0", nic, { type: "macvtap", device: "eth0" }), ["vlan"]);
  // `validate` knows no host.
  assert.deepEqual(refused("", nic), []);
});

test("trust is for virtio cards in macvtap networks", () => {
  const edge = { type: "macvtap", device: "eth0" } as const;
  assert.deepEqual(refused("9.0.0", { network: "lan", trust: true }, edge), []);
  assert.deepEqual(refused("9.0.0", { network: "lan", trust: true, model: "e1000" }, edge), ["trust"]);
  assert.deepEqual(refused("9.0.0", { network: "lan", trust: true }, { type: "nat" }), ["trust"]);
});
