import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkConfig } from "../../../src/kinds/config.ts";
import { desiredNetworks } from "../../../src/kinds/network/desired.ts";
import { readNetworkLabel } from "../../../src/kinds/network/label.ts";
import { liveUpdates, needsRestart } from "../../../src/kinds/network/live.ts";
import { readNetwork } from "../../../src/kinds/network/read.ts";
import type { NetworkSpec } from "../../../src/kinds/network/spec.ts";
import { networkXml } from "../../../src/kinds/network/write.ts";
import { CodedError } from "../../../src/model/errors.ts";
import { parseXml } from "../../../src/tools/xml.ts";

const specOf = (lan: NetworkConfig): NetworkSpec => {
  const [found] = desiredNetworks({ project: "shop", networks: { lan } }, {});
  assert.ok(found);
  return found.spec;
};
/** What a document can say of the fields. */
const inXml = ({ fields: { autostart: _, active: __, ...rest } }: NetworkSpec) => rest;

const range = { start: "10.20.0.100", end: "10.20.0.199" };
const kinds: readonly NetworkConfig[] = [
  { subnets: [{ cidr: "10.20.0.0/24" }] },
  {
    type: "nat",
    device: "eth0",
    domain: "lan.example",
    mtu: 9000,
    subnets: [
      {
        cidr: "10.20.0.0/24",
        gateway: "10.20.0.9",
        dns_servers: ["9.9.9.9", "1.1.1.1"],
        routes: [{ to: "10.0.0.0/8", via: "10.20.0.8" }],
        dhcp: {
          ranges: [range, { start: "10.20.0.210", end: "10.20.0.220" }],
          reservations: [
            { mac: "52:54:00:00:00:01", name: "printer", address: "10.20.0.20" },
            { mac: "52:54:00:00:00:02", address: "10.20.0.21" },
            { name: "scanner", address: "10.20.0.22" },
          ],
        },
      },
      {
        cidr: "fd00:20::/64",
        dns_servers: ["2620:fe::fe"],
        dhcp: {
          ranges: [{ start: "fd00:20::100", end: "fd00:20::1ff" }],
          reservations: [
            { name: "printer", address: "fd00:20::20" },
            { duid: "00:03:00:01:52:54:00:12:34:56", address: "fd00:20::21" },
          ],
        },
      },
    ],
    dns: {
      forwarders: ["9.9.9.9"],
      hosts: [{ address: "10.20.0.1", names: ["gateway", "ntp"] }],
      txt: [{ name: "about", value: `<"a" & 'b'>` }],
      srv: [
        { service: "ldap", protocol: "tcp", target: "gateway.lan.example", port: 389, priority: 1 },
        { service: "ldap", protocol: "tcp", target: "spare.lan.example", port: 389, priority: 2 },
      ],
    },
  },
  { type: "routed", bridge: "virbr77", subnets: [{ cidr: "10.20.0.0/24" }] },
  { type: "open", subnets: [{ cidr: "fd00:20::/64" }] },
  { type: "isolated", dns: { enabled: false } },
  { type: "isolated", subnets: [{ cidr: "10.20.0.0/24", gateway: "10.20.0.9", dhcp: { ranges: [range] } }] },
  { subnets: [{ cidr: "10.20.0.0/24", gateway: "10.20.0.9", dns_servers: ["9.9.9.9"], dhcp: {} }] },
  { type: "bridge", bridge: "br0" },
  { type: "bridge", create: true, mtu: 1450 },
  { type: "ovs", bridge: "br-int", vlan: 42 },
  { type: "macvtap", device: "eth0" },
];

test("a definition says what was asked for, and asking again changes no byte", () => {
  for (const kind of kinds) {
    const spec = specOf(kind);
    const xml = networkXml(spec, spec.fields);
    assert.deepEqual(readNetwork(parseXml(xml)), inXml(spec), xml);
    assert.equal(networkXml(spec, spec.fields, xml), xml);
    assert.deepEqual(readNetworkLabel(parseXml(xml)), { project: "shop", name: "lan", applied: spec.fields });
  }
});

const foreign = [
  "<portgroup name='fast'><bandwidth><inbound average='1000'/></bandwidth></portgroup>",
  "<bandwidth><inbound average='1000'/></bandwidth>",
  "<route address='10.99.0.0' prefix='16' gateway='10.20.0.7'/>",
];

test("every kind of network becomes every other one, and settings of others stay", () => {
  for (const from of kinds)
    for (const to of kinds) {
      const [before, after] = [specOf(from), specOf(to)];
      const had = networkXml(before, before.fields).replace("</network>", `${foreign.join("")}</network>`);
      const xml = networkXml(after, after.fields, had);
      assert.deepEqual(readNetwork(parseXml(xml)), inXml(after), xml);
      for (const part of foreign) assert.ok(xml.includes(part), xml);
    }
});

test("options of dnsmasq, forwarders of a domain, leases and ports of NAT that others set stay", () => {
  const first = specOf({ subnets: [{ cidr: "10.20.0.0/24", dhcp: { ranges: [range] } }] });
  const xml = networkXml(first, first.fields)
    .replace("<network>", "<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>")
    .replace(/<forward [^>]*>/, "<forward mode='nat'><nat><port start='1024' end='2048'/></nat></forward>")
    .replace(/<range [^>]*\/>/, "<range start='10.20.0.100' end='10.20.0.199'><lease expiry='2' unit='hours'/></range>")
    .replace(
      "</network>",
      "<dns><forwarder domain='corp' addr='10.9.9.9'/></dns><dnsmasq:options><dnsmasq:option value='log-dhcp'/></dnsmasq:options></network>",
    );
  assert.deepEqual(readNetwork(parseXml(xml)), inXml(first));
  const second = specOf({
    mtu: 1400,
    subnets: [{ cidr: "10.20.0.0/24", dns_servers: ["9.9.9.9"], dhcp: { ranges: [range, { start: "10.20.0.210", end: "10.20.0.220" }] } }],
    dns: { forwarders: ["9.9.9.9"] },
  });
  const merged = networkXml(second, second.fields, xml);
  for (const part of [
    "<port start='1024'",
    "<lease expiry='2'",
    "<forwarder domain='corp'",
    "value='log-dhcp'",
    "option:dns-server,9.9.9.9",
  ])
    assert.ok(merged.includes(part), merged);
  const back = networkXml(first, first.fields, merged);
  assert.deepEqual(readNetwork(parseXml(back)), inXml(first));
  assert.ok(back.includes("value='log-dhcp'") && !back.includes("9.9.9.9'"), back);
});

test("what an active network takes at once, and what needs its restart", () => {
  const [before, after] = [specOf({ domain: "lan.example", subnets: [{ cidr: "10.20.0.0/24" }] }), specOf(kinds[1] as NetworkConfig)];
  const running = parseXml(networkXml(before, before.fields));
  const paths = Object.keys(after.fields).filter((path) => path !== "autostart" && path !== "active");
  assert.deepEqual(
    paths.filter((path) => !needsRestart(path, readNetwork(running))).map((path) => path.replace(/^subnets\.10\.20\.0\.0\/24\./, "")),
    [
      "dns.hosts.10.20.0.1",
      "dns.txt.about",
      "dns.srv._ldap._tcp.lan.example gateway.lan.example:389",
      "dns.srv._ldap._tcp.lan.example spare.lan.example:389",
      "dhcp.ranges",
      "dhcp.reservations.10.20.0.20",
      "dhcp.reservations.10.20.0.21",
      "dhcp.reservations.10.20.0.22",
    ],
  );
  assert.deepEqual(
    liveUpdates(running, after.fields).map(({ command, section, parent }) => `${command} ${section} ${parent}`),
    [
      "add dns-host null",
      "add dns-txt null",
      "add dns-srv null",
      "add dns-srv null",
      "add dhcp-range 0",
      "add dhcp-range 0",
      "add dhcp-host 0",
      "add dhcp-host 0",
      "add dhcp-host 0",
    ],
  );
});

test("addresses may be written in any form: libvirt's form of them is no difference", () => {
  const spec = specOf({
    type: "isolated",
    dns: { forwarders: ["2620:FE::00FE"], hosts: [{ address: "FD00:20:0::0001", names: ["gateway"] }] },
  });
  const xml = networkXml(spec, spec.fields)
    .replace(/addr="[^"]*"/, 'addr="2620:fe::fe"')
    .replace(/<host ip="[^"]*"/, '<host ip="fd00:20::1"');
  assert.deepEqual(readNetwork(parseXml(xml)), inXml(spec));
});

test("a name of two addresses: one of them is deleted by its address alone, because libvirt finds both by the name", () => {
  const hosts = [
    { address: "10.20.0.1", names: ["gateway"] },
    { address: "fd00:20::1", names: ["gateway"] },
  ];
  const [both, one] = [hosts, hosts.slice(0, 1)].map((some) => specOf({ type: "isolated", dns: { hosts: some } }));
  assert.ok(both !== undefined && one !== undefined);
  const [update, ...rest] = liveUpdates(parseXml(networkXml(both, both.fields)), one.fields);
  assert.deepEqual(rest, []);
  assert.equal(update?.xml.trim(), '<host ip="fd00:20::1"/>');
});

test("a label of another version is none, one without project or name cannot be read, and other fields are not known", () => {
  const spec = specOf({ type: "isolated" });
  const xml = networkXml(spec, spec.fields);
  const broken = (from: RegExp, to: string) => readNetworkLabel(parseXml(xml.replace(from, to)));
  assert.equal(broken(/network\/1/, "network/2"), undefined);
  for (const part of ["project", "name"])
    assert.throws(() => broken(new RegExp(`<virtform:${part}>[^<]*</virtform:${part}>`), ""), CodedError);
  for (const text of ["{", "[]", "null", '"x"']) assert.equal(broken(/(<virtform:applied>)[^<]*/, `$1${text}`)?.applied, null);
  assert.deepEqual(broken(/(<virtform:applied>)[^<]*/, '$1{"type":"nat","x":{"y":1},"z":[1]}')?.applied, { type: "nat" });
});
