import assert from "node:assert/strict";
import { test } from "node:test";
import { filteringOf } from "../../../../src/kinds/config/port-filter-of.ts";
import { filterLines, linesDigest } from "../../../../src/kinds/security-group/filter-lines.ts";
import { groupWords, portWords } from "../../../../src/kinds/security-group/filter-rules.ts";
import { readFilter, writeFilter } from "../../../../src/kinds/security-group/filter-xml.ts";
import { type GroupRule, groupRules } from "../../../../src/kinds/security-group/group-rules.ts";
import { linkLocal } from "../../../../src/kinds/security-group/link-local.ts";
import { portDocument } from "../../../../src/kinds/security-group/port-document.ts";
import { checkRules } from "../../../../src/kinds/security-group/rule-check.ts";
import { type AddressPair, filterUuid, originOfPort, portName } from "../../../../src/kinds/terms/port-filter.ts";

const members = () => ["10.0.0.5", "fd00::0:5"];
const documentOf = (rules: readonly GroupRule[], egress: "all" | "rules" = "rules") => ({
  chain: "root",
  refers: [],
  rules: groupRules({ rules: [...rules], egress }, members),
});
const words = (rules: readonly GroupRule[], egress?: "all" | "rules") =>
  groupWords(documentOf(rules, egress)).map(({ text, note }) => (note === null ? text : `${text}: ${note}`));

test("Nova FW-09: a rule is for each IP version and each address at the other end", () => {
  assert.deepEqual(words([{ protocol: "tcp", ports: 80, cidr: "0.0.0.0/0" }]), ["tcp 80 from 0.0.0.0/0"]);
  assert.deepEqual(words([{ protocol: "tcp", ports: "8000-8080" }]), ["tcp 8000-8080 from 0.0.0.0/0", "tcp 8000-8080 from ::/0"]);
  assert.deepEqual(words([{ protocol: 17, ports: 53, family: "ipv6" }]), ["udp 53 from ::/0"]);
  assert.deepEqual(words([{ protocol: "tcp", ports: 22, cidr: "10.0.0.0/8", description: "ssh (office)" }]), [
    "tcp 22 from 10.0.0.0/8: ssh (office)",
  ]);
  assert.deepEqual(words([{ protocol: "tcp", ports: 5432, group: "web", description: "db" }]), [
    "tcp 5432 from 10.0.0.5 (web): db",
    "tcp 5432 from fd00::5 (web): db",
  ]);
  assert.deepEqual(words([{ group: "web", family: "ipv4" }]), ["any from 10.0.0.5 (web)"]);
  assert.deepEqual(words([{ protocol: "icmp", icmp_type: 3, icmp_code: 4 }, { protocol: 58 }]), [
    "icmp type 3 code 4 from 0.0.0.0/0",
    "icmpv6 from ::/0",
  ]);
  assert.deepEqual(words([{ protocol: "udp", ports: 53, direction: "egress", cidr: "10.0.0.53/32" }]), ["udp 53 to 10.0.0.53"]);
});

test("without rules a group lets nothing in and everything out, or nothing at all", () => {
  assert.deepEqual(words([], "all"), ["any to 0.0.0.0/0", "any to ::/0"]);
  assert.deepEqual(words([]), []);
});

test("a subnet that no packet matches, or that is not one, is refused and allows nothing", () => {
  const rules = [{ cidr: "::ffff:10.0.0.0/104" }, { cidr: "10.0.0/24" }];
  assert.deepEqual(
    checkRules({ security_groups: { web: { rules } } }).map(({ summary }) => summary),
    [
      "Rule 1 of security group web has the IPv4-mapped subnet ::ffff:10.0.0.0/104, which no packet matches",
      "Rule 2 of security group web has the cidr 10.0.0/24, which is not a subnet",
    ],
  );
  assert.deepEqual(
    groupRules({ rules: rules.slice(1), egress: "rules" }, () => []),
    [],
  );
});

test("a request of ICMP is answered, and its answer is not listed", () => {
  const { rules } = documentOf([{ protocol: "icmp", icmp_type: 8, cidr: "10.0.0.0/8" }]);
  assert.deepEqual(
    rules.map(({ direction, attributes }) => [direction, attributes]),
    [
      ["in", { srcipaddr: "10.0.0.0", srcipmask: "8", type: "8" }],
      ["out", { dstipaddr: "10.0.0.0", dstipmask: "8", type: "0", state: "ESTABLISHED" }],
    ],
  );
});

test("a filter is read as it was written, with the digest of what was applied; a change by hand has another", () => {
  const document = documentOf([{ protocol: "tcp", ports: 80, description: "a/b (c), d=e_f@g#h%i+j" }, { group: "web" }], "all");
  const lines = filterLines(document);
  const xml = writeFilter("virtform:shop:group:web", document, linesDigest(lines));
  assert.match(xml, new RegExp(`<uuid>${filterUuid("virtform:shop:group:web")}</uuid>`));
  const read = readFilter(xml);
  assert.deepEqual(filterLines(read.document), lines);
  assert.equal(read.applied, linesDigest(lines));
  const edited = readFilter(xml.replace("dstportstart='80'", "dstportstart='81'"));
  assert.notEqual(linesDigest(filterLines(edited.document)), edited.applied);
  assert.deepEqual(
    groupWords(edited.document)
      .map(({ text }) => text)
      .filter((text) => text.includes("81")),
    ["tcp 81 from 0.0.0.0/0"],
  );
  const weaker = readFilter(xml.replace("action='drop'", "action='accept'"));
  assert.equal(weaker.applied, null, "the last rule is no rule of ours any more");
});

test("rules that no configuration can have written are shown as they are", () => {
  const xml =
    "<filter name='x' chain='root'><uuid>1</uuid><filterref filter='clean-traffic'/><rule action='accept' direction='inout' priority='7'><all state='NEW'/></rule><rule action='drop' direction='in'/></filter>";
  assert.deepEqual(
    groupWords(readFilter(xml).document).map(({ text }) => text),
    ["accept inout all state=NEW priority 7", "drop in everything priority 500", "use clean-traffic"],
  );
});

test("Nova FW-03: an interface sends from its own addresses alone", () => {
  const mac = "52:54:00:12:34:56";
  const of = (addresses: readonly string[], pairs: readonly AddressPair[] = []) =>
    portDocument("shop", { name: "web-525400123456", filter: "x", groups: ["web"], addresses, pairs }, mac);
  const parameters = (addresses: readonly string[], filter: string) =>
    of(addresses)
      .refers.find((one) => one.filter === filter)
      ?.parameters.map(([name, value]) => `${name}=${value}`);
  assert.equal(linkLocal(mac), "fe80::5054:ff:fe12:3456");
  assert.deepEqual(parameters(["10.0.0.2", "FD00::0:2"], "no-ip-spoofing"), ["IP=10.0.0.2"]);
  assert.deepEqual(parameters(["10.0.0.2"], "no-arp-ip-spoofing"), ["IP=10.0.0.2", "IP=0.0.0.0"]);
  assert.deepEqual(parameters(["10.0.0.2", "FD00::0:2"], "no-ipv6-spoofing"), ["IPV6=::", `IPV6=${linkLocal(mac)}`, "IPV6=fd00::2"]);
  // libvirt learns an address only where the filter names none.
  assert.deepEqual(parameters([], "no-ip-spoofing"), []);
  assert.deepEqual(parameters(["fd00::2"], "no-ip-spoofing"), ["IP=0.0.0.0"]);
  const shown = (addresses: readonly string[]) => portWords(of(addresses), "shop", mac).map(({ text }) => text);
  assert.deepEqual(shown([]), ["group web", "sends from the address that DHCP gives it"]);
  assert.deepEqual(shown(["10.0.0.2", "fd00::2"]), ["group web", "sends from 10.0.0.2", "sends from fd00::2"]);

  const virtual = "00:00:5e:00:01:0a";
  const paired = of(
    ["10.0.0.2"],
    [
      { subnet: "10.0.0.100/32", mac },
      { subnet: "10.8.0.0/24", mac: virtual },
      { subnet: "fd00:1::/64", mac: virtual },
      { subnet: "0.0.0.0/0", mac },
    ],
  );
  assert.deepEqual(filterLines({ ...paired, refers: [], rules: paired.rules.filter(({ priority }) => priority === -900) }), [
    `accept out -900 arp arpsrcipaddr=0.0.0.0 arpsrcipmask=32 arpsrcmacaddr=${virtual} srcmacaddr=${virtual}`,
    `accept out -900 arp arpsrcipaddr=10.0.0.100 arpsrcipmask=32 arpsrcmacaddr=${mac} srcmacaddr=${mac}`,
    `accept out -900 arp arpsrcipaddr=10.8.0.0 arpsrcipmask=24 arpsrcmacaddr=${virtual} srcmacaddr=${virtual}`,
    `accept out -900 arp arpsrcmacaddr=${mac} srcmacaddr=${mac}`,
    `accept out -900 ip srcipaddr=10.0.0.100 srcipmask=32 srcmacaddr=${mac}`,
    `accept out -900 ip srcipaddr=10.8.0.0 srcipmask=24 srcmacaddr=${virtual}`,
    `accept out -900 ip srcmacaddr=${mac}`,
    `accept out -900 ipv6 srcipaddr=:: srcipmask=128 srcmacaddr=${virtual}`,
    `accept out -900 ipv6 srcipaddr=fd00:1:: srcipmask=64 srcmacaddr=${virtual}`,
    `accept out -900 ipv6 srcipaddr=fe80::200:5eff:fe00:10a srcipmask=128 srcmacaddr=${virtual}`,
  ]);
  assert.deepEqual(
    portWords(paired, "shop", mac).map(({ text }) => text),
    [
      "group web",
      "sends from 10.0.0.2",
      "sends from 10.0.0.100 as well",
      `sends from 10.8.0.0/24 as well, with MAC address ${virtual}`,
      `sends from fd00:1::/64 as well, with MAC address ${virtual}`,
      "sends from 0.0.0.0/0 as well",
    ],
  );
});

test("an interface has its own groups, else those of its instance", () => {
  const of = (instance: object, nic: object) => filteringOf({ flavor: "small", ...instance }, { network: "default", ...nic });
  assert.equal(of({}, {}), null);
  assert.deepEqual(of({ security_groups: ["web", "ssh"] }, {}), { groups: ["ssh", "web"] });
  assert.deepEqual(of({ security_groups: ["web"] }, { security_groups: [] }), { groups: [] });
  assert.equal(of({ security_groups: ["web"] }, { port_filter: "none" }), "none");
  assert.equal(of({ security_groups: ["web"] }, { port_filter: "external" }), null);
  assert.deepEqual(of({ port_filter: "none" }, { security_groups: ["web"] }), { groups: ["web"] });
});

test("the filter of an interface follows the name that the instance was created as", () => {
  assert.equal(portName("web-0", "52:54:00:12:34:56"), "web-0-525400123456");
  assert.equal(portName("web#2", "52:54:00:12:34:56"), "web.2-525400123456");
  assert.equal(originOfPort("web.2-525400123456"), "web");
});
