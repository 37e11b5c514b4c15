import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNeighbours } from "../../../src/tools/neighbours.ts";

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
