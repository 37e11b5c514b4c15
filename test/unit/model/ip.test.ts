import assert from "node:assert/strict";
import { test } from "node:test";
import {
  contains,
  formatCidr,
  formatIp,
  isHostAddress,
  lastOf,
  netmaskOf,
  overlaps,
  parseCidr,
  parseIp,
  subnetOf,
} from "../../../src/model/ip.ts";

const format = (text: string) => {
  const ip = parseIp(text);
  return ip === undefined ? undefined : formatIp(ip);
};
const cidr = (text: string) => parseCidr(text) ?? assert.fail(text);
const ip = (text: string) => parseIp(text) ?? assert.fail(text);

test("addresses are read and written in their usual form", () => {
  const forms: Readonly<Record<string, string>> = {
    "192.168.50.1": "192.168.50.1",
    "0.0.0.0": "0.0.0.0",
    "255.255.255.255": "255.255.255.255",
    "::": "::",
    "::1": "::1",
    "FD00:0050::0001": "fd00:50::1",
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    "1:2:3:4:5:6:7::": "1:2:3:4:5:6:7:0",
    "::ffff:192.0.2.1": "::ffff:c000:201",
  };
  for (const [text, expected] of Object.entries(forms)) assert.equal(format(text), expected, text);
});

test("text that is not an address is refused", () => {
  for (const text of [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "01.2.3.4",
    "1.2.3.-4",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7",
    "fe80::1%eth0",
    "12345::",
    "g::",
    "1:2:3:4:5:6:7:8::",
    "::1.2.3.400",
  ])
    assert.equal(parseIp(text), undefined, text);
  for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "fd00::/129", "10.0.0.0/8/8"])
    assert.equal(parseCidr(text), undefined, text);
});

test("subnets know what they contain", () => {
  assert.equal(formatCidr(subnetOf(cidr("192.168.50.77/24"))), "192.168.50.0/24");
  assert.equal(formatIp(lastOf(cidr("10.1.0.0/23"))), "10.1.1.255");
  assert.equal(formatIp(lastOf(cidr("fd00:50::/64"))), "fd00:50::ffff:ffff:ffff:ffff");
  assert.ok(contains(cidr("10.1.0.0/23"), ip("10.1.1.255")) && !contains(cidr("10.1.0.0/23"), ip("10.1.2.0")));
  assert.ok(!contains(cidr("0.0.0.0/0"), ip("::1")));
  assert.ok(overlaps(cidr("10.0.0.0/8"), cidr("10.9.0.0/16")) && overlaps(cidr("10.9.0.0/16"), cidr("10.0.0.0/8")));
  assert.ok(!overlaps(cidr("10.0.0.0/24"), cidr("10.0.1.0/24")));
  assert.equal(netmaskOf({ family: 4, prefix: 23 }), "255.255.254.0");
  assert.deepEqual(
    ["10.0.0.0", "10.0.0.1", "10.0.0.255"].map((text) => isHostAddress(cidr("10.0.0.0/24"), ip(text))),
    [false, true, false],
  );
  assert.deepEqual(
    ["fd00::", "fd00::1", "fd00::ffff:ffff:ffff:ffff"].map((text) => isHostAddress(cidr("fd00::/64"), ip(text))),
    [false, true, true],
  );
});
