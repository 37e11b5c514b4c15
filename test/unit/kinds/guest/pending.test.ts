import assert from "node:assert/strict";
import { test } from "node:test";
import { pendingFields } from "../../../../src/kinds/guest/pending.ts";
import { describeDomain, domainState } from "../../../../src/kinds/guest/state.ts";
import { domainXml } from "../../../../src/kinds/guest/xml.ts";
import type { DomainState } from "../../../../src/kinds/terms/domain-state.ts";
import type { DomainSpec } from "../../../../src/kinds/terms/spec.ts";
import type { DomainPower } from "../../../../src/tools/libvirt/libvirt.ts";
import { plainSpec } from "./specs.ts";

const MiB = 2 ** 20;
const started = plainSpec();

/** A guest that was started with one definition and has another one stored. */
function guest(
  stored: DomainSpec,
  {
    running = started,
    edit = (xml: string) => xml,
    power = "running" as DomainPower,
  }: { running?: DomainSpec; edit?: (xml: string) => string; power?: DomainPower } = {},
): DomainState {
  return domainState({
    uuid: stored.uuid,
    name: stored.instance,
    power,
    reason: "unknown",
    persistent: true,
    autostart: false,
    xml: domainXml(stored),
    active: edit(domainXml(running)),
  });
}

test("a guest that runs with what is stored waits for nothing", () => {
  assert.deepEqual(pendingFields(guest(started)), []);
  assert.equal((describeDomain(guest(started)) as { pending?: unknown }).pending, undefined);
});

test("the VLAN and the MTU that a running guest has from its network are not pending", () => {
  const edit = (xml: string) => xml.replace("</interface>", "<vlan><tag id='42'/></vlan><mtu size='1400'/></interface>");
  assert.notEqual(edit(domainXml(started)), domainXml(started));
  assert.deepEqual(pendingFields(guest(started, { edit })), []);
});

test("what libvirt makes different in a running guest is not pending", () => {
  const live = (xml: string) =>
    xml
      .replace("<domain ", '<domain id="3" ')
      .replace("<vcpu>", '<currentMemory unit="KiB">2097152</currentMemory><vcpu placement="static">')
      .replaceAll("</disk>", '<backingStore/><alias name="virtio-disk0"/><address type="pci" bus="0x03"/></disk>')
      .replaceAll("</interface>", '<target dev="vnet0"/><alias name="net0"/></interface>')
      .replace('<source network="default"/>', '<source network="default" portid="5d6e" bridge="virbr0"/>')
      .replace('autoport="yes"', 'port="5900" autoport="yes"')
      .replace("</domain>", '<seclabel type="dynamic" model="dac"><label>+64055:+64055</label></seclabel></domain>');
  assert.deepEqual(pendingFields(guest(started, { edit: live })), []);
});

test("a definition that changed while the guest ran is pending", () => {
  const fields = pendingFields(guest(plainSpec({ memory: 3072 * MiB, vcpus: 4 })));
  assert.deepEqual(fields, [
    { path: "memory", old: 2048 * MiB, new: 3072 * MiB, effect: "next_boot", cause: "config" },
    { path: "vcpus", old: 2, new: 4, effect: "next_boot", cause: "config" },
  ]);
  const state = guest(plainSpec({ vcpus: 4 }));
  assert.deepEqual((describeDomain(state) as { pending?: unknown }).pending, { vcpus: { active: 2, stored: 4 } });
});

test("what only describes a guest is never pending", () => {
  const described = plainSpec({
    preventDestroy: true,
    powerState: "stopped",
    image: "other",
    flavor: { ...started.flavor, name: "other" },
  });
  assert.deepEqual(pendingFields(guest(described)), []);
});

test("the balloon of a running guest counts as its memory, and shows a change by hand", () => {
  const half = (xml: string) => xml.replace("<vcpu>", '<currentMemory unit="KiB">1048576</currentMemory><vcpu>');
  assert.deepEqual(pendingFields(guest(started, { edit: half })), [
    { path: "memory", old: 1024 * MiB, new: 2048 * MiB, effect: "next_boot", cause: "drift" },
  ]);
  assert.deepEqual(pendingFields(guest(plainSpec({ memory: 1024 * MiB }), { edit: half })), [], "it runs with what is stored");
});

test("a device that only the running guest has was attached by hand, unless the guest was started with it", () => {
  const card = '<interface type="bridge"><mac address="52:54:00:00:00:01"/><source bridge="br0"/></interface>';
  const attached = pendingFields(guest(started, { edit: (xml) => xml.replace("</devices>", `${card}</devices>`) }));
  assert.deepEqual(
    attached.map(({ path, old, cause }) => [path, old, cause]),
    [
      ["interfaces.52:54:00:00:00:01.type", "bridge", "drift"],
      ["interfaces.52:54:00:00:00:01.source", "br0", "drift"],
    ],
  );
  const removed = pendingFields(guest(plainSpec({ interfaces: [] })));
  assert.ok(removed.length > 0);
  assert.ok(removed.every(({ cause, new: stored }) => cause === "config" && stored === undefined));
});

test("a guest that is off waits for nothing, and libvirt's expansion of host-model is no difference", () => {
  assert.deepEqual(pendingFields(guest(plainSpec({ vcpus: 4 }), { power: "stopped" })), []);
  const kvm = plainSpec({ virtType: "kvm" });
  const expanded = (xml: string) => xml.replace('mode="host-model"', 'mode="custom" match="exact" check="full"');
  assert.deepEqual(pendingFields(guest(kvm, { running: kvm, edit: expanded })), []);
});

test("memory that was changed by hand waits as drift, and a maximum from the configuration as a change of it", () => {
  const fields = pendingFields(
    guest(plainSpec({ values: { max_ram: 4096 * MiB } }), {
      edit: (xml) => xml.replace(/(<memory[^>]*>[^<]*<\/memory>)/, '$1<currentMemory unit="MiB">1024</currentMemory>'),
    }),
  );
  assert.deepEqual(
    fields.map(({ path, cause }) => [path, cause]),
    [
      ["memory", "drift"],
      ["max_memory", "config"],
    ],
  );
});
