import assert from "node:assert/strict";
import { test } from "node:test";
import { type NicDevice, nicDevices } from "../../../../../src/kinds/guest/plug/devices.ts";
import { lackOf } from "../../../../../src/kinds/guest/plug/lack.ts";
import { type NetDevice, parseNetDevice } from "../../../../../src/tools/net-devices.ts";

/** Of a guest that libvirt 9.0 started paused. */
const active = `<domain type='qemu' id='7'><devices>
  <interface type='bridge'><mac address='52:54:00:AA:bb:01'/><source bridge='br0'/><target dev='vnet2'/><model type='virtio'/></interface>
  <interface type='network'><mac address='52:54:00:aa:bb:02'/><source network='lan' portid='1' bridge='virbr1'/><target dev='vnet3'/></interface>
  <interface type='direct'><mac address='52:54:00:aa:bb:03'/><source dev='eth1' mode='bridge'/><target dev='macvtap1'/></interface>
  <interface type='bridge'><mac address='52:54:00:aa:bb:04'/><source bridge='br-int'/><virtualport type='openvswitch'><parameters interfaceid='x'/></virtualport><target dev='vnet4'/></interface>
  <interface type='hostdev'><mac address='52:54:00:aa:bb:05'/><source><address type='pci' domain='0' bus='3'/></source></interface>
</devices></domain>`;
const devices = nicDevices(active);
const at = (end: string) => devices.get(`52:54:00:aa:bb:${end}`);

const tap = (fields: Partial<NetDevice> = {}): NetDevice => ({ up: true, operstate: "unknown", master: "br0", ...fields });
const link = (device: NicDevice | undefined, seen: NetDevice | undefined) =>
  lackOf({ what: "link" }, { device, own: seen, link: seen, ovsBridge: null });
const bridge = (device: NicDevice | undefined, own: NetDevice | undefined, wanted: string | null = null, ovsBridge: string | null = null) =>
  lackOf({ what: "bridge", bridge: wanted }, { device, own, link: own, ovsBridge });

test("the devices of interfaces come from the active definition, by MAC address", () => {
  assert.deepEqual(at("01"), { name: "vnet2", link: "vnet2", bridge: "br0", ovs: false });
  assert.deepEqual(at("02"), { name: "vnet3", link: "vnet3", bridge: "virbr1", ovs: false });
  assert.deepEqual(at("03"), { name: "macvtap1", link: "eth1", bridge: null, ovs: false });
  assert.deepEqual(at("04"), { name: "vnet4", link: "vnet4", bridge: "br-int", ovs: true });
  assert.deepEqual(at("05"), { name: null, link: null, bridge: null, ovs: false });
});

test("what the kernel says about a device", () => {
  const place = "/sys/devices/virtual/net/plugbr0";
  assert.deepEqual(parseNetDevice("0x1303\n", "unknown\n", place), { up: true, operstate: "unknown", master: "plugbr0" });
  assert.deepEqual(parseNetDevice("0x1002\n", "down\n", undefined), { up: false, operstate: "down", master: null });
  assert.equal(parseNetDevice(undefined, undefined, undefined), undefined);
  assert.equal(parseNetDevice("nonsense", "down", place), undefined);
});

test("a device has a link when it is switched on and its driver reports none missing", () => {
  assert.equal(link(at("01"), tap()), undefined);
  assert.equal(link(at("01"), tap({ operstate: "up" })), undefined);
  assert.deepEqual(link(at("01"), tap({ up: false, operstate: "down" })), { words: "vnet2 is switched off (operstate down)" });
  assert.deepEqual(link(at("01"), tap({ operstate: "lowerlayerdown" })), { words: "vnet2 has no link (operstate lowerlayerdown)" });
  assert.deepEqual(link(at("01"), undefined), { words: "vnet2 does not exist" });
});

test("the link of a macvtap is that of the device below it, because libvirt switches a macvtap on when the guest runs", () => {
  const seen = { device: at("03"), own: tap({ up: false, operstate: "down" }), ovsBridge: null };
  assert.equal(lackOf({ what: "link" }, { ...seen, link: tap({ operstate: "up" }) }), undefined);
  assert.deepEqual(lackOf({ what: "link" }, { ...seen, link: tap({ up: false, operstate: "down" }) }), {
    words: "eth1, which macvtap1 is on, is switched off (operstate down)",
  });
});

test("a device is a port of the bridge that is named, or of the one that libvirt connects it to", () => {
  assert.equal(bridge(at("01"), tap()), undefined);
  assert.equal(bridge(at("02"), tap({ master: "virbr1" })), undefined);
  assert.deepEqual(bridge(at("01"), tap({ master: null })), { words: "vnet2 is not a port of bridge br0" });
  assert.deepEqual(bridge(at("01"), tap(), "br-int"), { words: "vnet2 is not a port of bridge br-int, but of br0" });
  assert.equal(bridge(at("04"), tap({ master: "ovs-system" }), null, "br-int"), undefined);
  assert.deepEqual(bridge(at("04"), tap({ master: null }), null, null), { words: "vnet4 is not a port of bridge br-int" });
});

test("what cannot come is not waited for", () => {
  assert.deepEqual(link(undefined, undefined), { words: "the guest has no such interface", final: true });
  assert.deepEqual(link(at("05"), undefined), { words: "it has no device on the host", final: true });
  assert.equal(bridge(at("03"), tap(), "br0")?.final, true);
  assert.equal(bridge(at("05"), undefined, "br0")?.final, true);
  const unbridged = { name: "vnet9", link: "vnet9", bridge: null, ovs: false };
  assert.deepEqual(bridge(unbridged, tap({ master: null })), {
    words: "libvirt connects vnet9 to no bridge, so that none is known to wait for",
    final: true,
  });
});
