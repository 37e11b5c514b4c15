import assert from "node:assert/strict";
import { test } from "node:test";
import { targetInText } from "../../../../src/host/ssh/target-in-text.ts";

const kvm1 = { destination: "root@kvm1", port: 2222, libvirtUri: "qemu:///system" };

for (const text of [
  "host: { uri: qemu+ssh://root@kvm1:2222/system, virt_type: qemu }",
  'project: shop\nhost:\n  uri: "qemu+ssh://root@kvm1:2222/system"\n',
  "host:\n  uri: 'qemu+ssh://root@kvm1:2222/system' # in the cellar\n",
  "# host: { uri: qemu+ssh://root@old/system }\nhost:\n  uri: qemu+ssh://root@kvm1:2222/system\n",
])
  test(`the only address is that of the host: ${JSON.stringify(text)}`, () => assert.deepEqual(targetInText(text), kvm1));

for (const [what, text] of [
  ["no address", "host: { uri: qemu:///system }"],
  ["two addresses", "host:\n  uri: qemu+ssh://root@kvm1/system\n  other: { uri: qemu+ssh://root@kvm2/system }\n"],
  ["two on one line", "host: { uri: qemu+ssh://root@kvm1/system, also: qemu+ssh://root@kvm2/system }"],
  ["the value of something else", "peers: [ qemu+ssh://root@kvm1/system ]"],
  ["in a comment", "host: {} # uri: qemu+ssh://root@kvm1/system"],
  ["an expression", 'host: { uri: "qemu+ssh://root@${' + 'var.host}/system" }'],
  ["an option of ssh", "host: { uri: qemu+ssh://-oProxyCommand=x/system }"],
  ["another transport", "host: { uri: qemu+tls://kvm1/system }"],
] as const)
  test(`no address is taken from a text with ${what}`, () => assert.equal(targetInText(text), undefined));
