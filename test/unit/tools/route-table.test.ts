import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCidr } from "../../../src/model/ip.ts";
import { ipv4Routes, ipv6Routes, type KernelRoute } from "../../../src/tools/route-table.ts";

const shown = (routes: readonly KernelRoute[]) => routes.map(({ cidr, device }) => `${formatCidr(cidr)} ${device}`);

test("routes of IPv4 are read, and the default route, unused routes and those that refuse are left out", () => {
  const table = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
    "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
    "virbr0\t007AA8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
    "eth1\t0000000A\t00000000\t0000\t0\t0\t0\t000000FF\t0\t0\t0",
    "*\t0000010A\t00000000\t0201\t0\t0\t0\t0000FFFF\t0\t0\t0",
    "odd line",
    "",
  ].join("\n");
  assert.deepEqual(shown(ipv4Routes(table)), ["192.168.0.0/16 eth0", "192.168.122.0/24 virbr0"]);
});

test("routes of IPv6 are read without those of the link, of multicast and of single addresses", () => {
  const zero = "0".repeat(32);
  const line = (destination: string, length: string, flags: string, device: string) =>
    `${destination} ${length} ${zero} 00 ${zero} 00000100 00000001 00000000 ${flags} ${device.padStart(8)}`;
  const table = [
    line("fd000231000000000000000000000000", "40", "00000001", "eth0"),
    line("fe800000000000000000000000000000", "40", "00000001", "eth0"),
    line("fd000231000000000000000000000001", "80", "80200001", "eth0"),
    line("fd000000000000000000000000000000", "08", "00200200", "lo"),
    line("ff000000000000000000000000000000", "08", "00000001", "eth0"),
    line(zero, "00", "00450003", "eth0"),
  ].join("\n");
  assert.deepEqual(shown(ipv6Routes(table)), ["fd00:231::/64 eth0"]);
  assert.deepEqual(ipv6Routes("nonsense"), []);
});
