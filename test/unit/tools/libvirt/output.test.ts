import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  identityOf,
  parseBlockSize,
  parseNode,
  parseStates,
  parseUuids,
  splitDocuments,
} from "../../../../src/tools/libvirt/virsh-output.ts";

const sample = (name: string) => readFileSync(new URL(`samples/${name}`, import.meta.url), "utf8");
const uuid = (last: number) => `aaaaaaaa-bbbb-4ccc-8ddd-00000000000${last}`;
const document = (name: string, id: string, more = "") =>
  `<domain type='qemu'>\n  <name>${name}</name>\n  <uuid>${id}</uuid>\n${more}</domain>\n`;

test("the machine, from what virsh says of it", () => {
  const node = parseNode({
    capabilities: sample("capabilities.xml"),
    nodeinfo: sample("nodeinfo.txt"),
    hostname: "vm\n",
    version: sample("version.txt"),
  });
  assert.deepEqual(node, { hostname: "vm", arch: "x86_64", kvm: false, cpus: 2, memory: 7955012 * 1024, libvirtVersion: "9.0.0" });
});

test("KVM counts for the host's own architecture only", () => {
  const guest = (arch: string) =>
    `<guest><os_type>hvm</os_type><arch name='${arch}'><domain type='qemu'/><domain type='kvm'/></arch></guest>`;
  const parse = (arch: string) =>
    parseNode({
      capabilities: `<capabilities><host><cpu><arch>x86_64</arch></cpu></host>${guest(arch)}</capabilities>`,
      nodeinfo: sample("nodeinfo.txt"),
      hostname: "vm",
      version: "",
    });
  assert.equal(parse("x86_64").kvm, true);
  assert.equal(parse("i686").kvm, false);
});

test("what cannot be understood is an error, not a machine without memory", () => {
  const capabilities = sample("capabilities.xml");
  assert.throws(() => parseNode({ capabilities, nodeinfo: "", hostname: "", version: "" }), /nodeinfo/);
  assert.throws(() => parseNode({ capabilities: "<capabilities/>", nodeinfo: "", hostname: "", version: "" }), /architecture/);
});

test("states by name, whatever the name", () => {
  const lines = [
    "Domain: 'a'",
    "  state.state=1",
    "",
    "Domain: 'it's b'",
    "  state.state=5",
    "  state.reason=2",
    "",
    "Domain: 'c'",
    "  state.state=3",
    "Domain: 'd'",
    "  state.state=4",
  ];
  assert.deepEqual(
    [...parseStates(lines.join("\n"))],
    [
      ["a", { state: 1, reason: 0 }],
      ["it's b", { state: 5, reason: 2 }],
      ["c", { state: 3, reason: 0 }],
      ["d", { state: 4, reason: 0 }],
    ],
  );
});

test("uuids", () => {
  assert.deepEqual(parseUuids(`${uuid(1)}\n${uuid(2)}\n\n`), [uuid(1), uuid(2)]);
  assert.deepEqual(parseUuids("\n"), []);
});

test("documents printed together are told apart", () => {
  const parts = splitDocuments(`${document("a", uuid(1))}${document("b", uuid(2))}`, [uuid(1), uuid(2)]);
  assert.deepEqual(parts, [document("a", uuid(1)).trimEnd(), document("b", uuid(2)).trimEnd()]);
});

test("documents that are not exactly those asked for are asked for again", () => {
  const both = `${document("a", uuid(1))}${document("b", uuid(2))}`;
  assert.equal(splitDocuments(both, [uuid(1)]), undefined);
  assert.equal(splitDocuments(both, [uuid(2), uuid(1)]), undefined);
  assert.equal(splitDocuments(document("a", uuid(1), `<metadata><![CDATA[\n</domain>\n<domain >]]></metadata>`), [uuid(1)]), undefined);
});

test("the size of a disk is what its guest sees, not what it takes", () => {
  assert.equal(parseBlockSize("Capacity:       12582912\nAllocation:     196616\nPhysical:       196616\n"), 12582912);
  assert.throws(() => parseBlockSize("Capacity:       -\n"), /does not tell/);
});

test("identity without parsing, entities included", () => {
  assert.deepEqual(identityOf(document("a&amp;b&#x20;c", uuid(1))), { name: "a&b c", uuid: uuid(1) });
  assert.equal(identityOf("<network/>"), undefined);
});
