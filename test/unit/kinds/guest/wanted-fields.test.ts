import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAddedDevices } from "../../../../src/kinds/guest/added-check.ts";
import { diffDomain } from "../../../../src/kinds/guest/diff.ts";
import { domainState } from "../../../../src/kinds/guest/state.ts";
import { hasWantedFields, wantedFields } from "../../../../src/kinds/guest/wanted-fields.ts";
import { domainXml } from "../../../../src/kinds/guest/xml.ts";
import type { DomainState } from "../../../../src/kinds/terms/domain-state.ts";
import { guests } from "../../../../src/kinds/terms/guest-address.ts";
import { observedWith } from "../../../support/observed.ts";
import { plainSpec } from "./specs.ts";

const spec = plainSpec({ powerState: "stopped" });

function off(edit: (xml: string) => string = (xml) => xml): DomainState {
  const { uuid, instance: name } = spec;
  const xml = edit(domainXml(spec));
  return domainState({ uuid, name, power: "stopped", reason: "unknown", persistent: true, autostart: false, xml, active: null });
}

const diff = (have: DomainState) => diffDomain(guests.at(spec.instance), spec, have, observedWith());

test("a guest that is off and as wanted needs nothing", () => {
  const have = off();
  assert.ok(hasWantedFields(spec, have.fields));
  assert.equal(diff(have), undefined);
});

test("a difference in any single field of a guest that is off is seen", () => {
  const have = off();
  // Definitions of earlier versions leave the names of devices to libvirt.
  const paths = Object.keys(wantedFields(spec)).filter((path) => !path.endsWith(".target"));
  assert.ok(paths.length > 30, "the table of fields is there");
  for (const path of paths) {
    const changed = { ...have, fields: { ...have.fields, [path]: "something else" } };
    assert.equal(hasWantedFields(spec, changed.fields), false, path);
    const { [path]: _removed, ...rest } = have.fields;
    assert.equal(hasWantedFields(spec, rest), false, `${path} is missing`);
    assert.notEqual(diff(changed), undefined, `a plan with another ${path}`);
    assert.notEqual(diff({ ...have, fields: rest }), undefined, `a plan without ${path}`);
  }
});

test("a guest whose definition leaves the name of a device to libvirt is in order, and so is one with a name that was given by hand", () => {
  const target = /<target dev="tap[0-9a-f-]+"\/>/;
  for (const other of ["", '<target dev="dmz0"/>', '<target dev="vnet3"/>']) {
    const have = off((xml) => xml.replace(target, other));
    assert.equal(hasWantedFields(spec, have.fields), true, other);
    assert.equal(diff(have), undefined, other);
  }
  const swapped = off((xml) => xml.replace(target, '<target dev="tap00000000-00"/>'));
  assert.deepEqual(
    diff(swapped)?.fields.map(({ path, old }) => [path, old]),
    [[`interfaces.${spec.interfaces[0]?.mac}.target`, "tap00000000-00"]],
  );
});

test("a field too many is seen, and one in exchange for another", () => {
  const { fields } = off();
  assert.equal(hasWantedFields(spec, { ...fields, "disks.vdz.source": "/srv/extra" }), false);
  const { name: _name, ...rest } = fields;
  assert.equal(hasWantedFields(spec, { ...rest, "disks.vdz.source": "/srv/extra" }), false);
});

test("the answer for one definition is not kept for another of the same guest", () => {
  const { fields } = off();
  assert.equal(hasWantedFields(spec, { ...fields, memory: 1 }), false);
  assert.ok(hasWantedFields(spec, fields));
  assert.equal(hasWantedFields(spec, { ...fields, memory: 2 }), false);
});

test("a device that was added by hand to a guest that is off is still warned of", () => {
  const disk = `<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="/srv/extra"/><target dev="vdz" bus="virtio"/></disk>`;
  const have = off((xml) => xml.replace("</devices>", `${disk}</devices>`));
  const observed = observedWith(new Map([[guests.at(spec.instance), { ...have, kind: "domain" }]]));
  const [warning] = checkAddedDevices({ domains: [spec], observed });
  assert.match(warning?.summary ?? "", /disks\.vdz \(\/srv\/extra\)/);
  assert.notEqual(diff(have), undefined);
});

test("a running guest in a network that is made of a bridge or of a card of the host is in order", () => {
  const [nic] = spec.interfaces;
  assert.ok(nic !== undefined);
  const running = plainSpec({ powerState: "running" });
  const stored = domainXml(running);
  for (const [type, shown] of [
    ["direct", `<source network="${nic.source}" portid="7f1c" dev="eth0" mode="bridge"/>`],
    ["bridge", `<source network="${nic.source}" portid="7f1c" bridge="br0"/>`],
  ] as const) {
    const active = stored.replace('<interface type="network">', `<interface type="${type}">`).replace(/<source network=.*\/>/, shown);
    assert.notEqual(active, stored);
    const { uuid, instance: name } = spec;
    const have = domainState({ uuid, name, power: "running", reason: "booted", persistent: true, autostart: false, xml: stored, active });
    assert.equal(diffDomain(guests.at(name), running, have, observedWith()), undefined, type);
  }
});
