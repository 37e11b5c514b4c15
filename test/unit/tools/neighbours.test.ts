import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpv6Neighbours, parseNeighbours } from "../../../src/tools/neighbours.ts";

/** As Linux 6 prints it. */
const table = `IP address       HW type     Flags       HW address            Mask     Device
192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0
192.168.122.7    0x1         0x2         52:54:00:AB:cd:01     *        virbr0
192.168.122.8    0x1         0x2         52:54:00:ab:cd:01     *        virbr0
192.168.122.9    0x1         0x0         00:00:00:00:00:00     *        virbr0
192.168.122.10   0x1         0x6         52:54:00:ab:cd:02     *        virbr0
`;

test("the kernel's neighbours by MAC address, without those that did not answer", () => {
  assert.deepEqual(Object.fromEntries(parseNeighbours(table)), {
    "02:fc:00:00:00:05": ["192.0.2.1"],
    "52:54:00:ab:cd:01": ["192.168.122.7", "192.168.122.8"],
    "52:54:00:ab:cd:02": ["192.168.122.10"],
  });
  assert.deepEqual([...parseNeighbours("")], []);
  assert.deepEqual([...parseNeighbours("no table\n\0\n")], []);
});

/** As iproute2 prints it. */
const ipv6 = `fd00:231::10 dev brq46cff530-49 lladdr 52:54:00:AB:cd:01 REACHABLE
fd00:231::5054:ff:feab:cd01 dev brq46cff530-49 lladdr 52:54:00:ab:cd:01 STALE
fe80::5054:ff:feab:cd01 dev brq46cff530-49 lladdr 52:54:00:ab:cd:01 DELAY
fd00:231::fe dev eth0 lladdr 02:fc:00:00:00:05 router PROBE
fd00:231::11 dev brq46cff530-49 lladdr 52:54:00:ab:cd:02 FAILED
fd00:231::1 dev eth0 FAILED
fd00:231::2 dev eth0 INCOMPLETE
`;

test("IPv6 neighbours by MAC address, without link-local addresses and those that did not answer", () => {
  assert.deepEqual(Object.fromEntries(parseIpv6Neighbours(ipv6)), {
    "52:54:00:ab:cd:01": ["fd00:231::10", "fd00:231::5054:ff:feab:cd01"],
    "02:fc:00:00:00:05": ["fd00:231::fe"],
  });
  assert.deepEqual([...parseIpv6Neighbours("")], []);
  assert.deepEqual([...parseIpv6Neighbours("::: dev x lladdr 52:54:00:ab:cd:01 STALE\n\0\n")], []);
});
