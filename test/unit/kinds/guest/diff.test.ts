import assert from "node:assert/strict";
import { test } from "node:test";
import { appliedFields } from "../../../../src/kinds/guest/applied-fields.ts";
import { checkDomainNames, checkProtection } from "../../../../src/kinds/guest/check.ts";
import { diffDomain } from "../../../../src/kinds/guest/diff.ts";
import { domainState } from "../../../../src/kinds/guest/state.ts";
import { traitsOf } from "../../../../src/kinds/guest/traits.ts";
import { wantedFields } from "../../../../src/kinds/guest/wanted-fields.ts";
import { domainXml } from "../../../../src/kinds/guest/xml.ts";
import type { DomainState } from "../../../../src/kinds/terms/domain-state.ts";
import type { DomainSpec } from "../../../../src/kinds/terms/spec.ts";
import type { Change } from "../../../../src/model/change.ts";
import type { DomainPower } from "../../../../src/tools/libvirt/libvirt.ts";
import { observedWith } from "../../../support/observed.ts";
import { plainSpec } from "./specs.ts";

const spec = plainSpec();
const nothing = observedWith();

function found(
  of: DomainSpec,
  power: DomainPower = "running",
  edit: (xml: string) => string = (xml) => xml,
  persistent = true,
): DomainState {
  return domainState({
    uuid: of.uuid,
    name: of.instance,
    power,
    reason: "unknown",
    persistent,
    autostart: false,
    xml: edit(domainXml(of)),
    active: null,
  });
}

function diff(want: DomainSpec | undefined, have: DomainState | undefined): Change | undefined {
  return diffDomain("domain/web-0", want, have, nothing);
}

const types = (change: Change | undefined) => change?.actions.map(({ type }) => type);

test("nothing to do", () => {
  assert.equal(diff(spec, found(spec)), undefined);
  assert.equal(diff(spec, found(spec, "suspended")), undefined, "a sleeping guest is the guest's own business");
  assert.equal(diff(undefined, undefined), undefined);
});

test("a new guest is defined, and started unless its power state is ignored", () => {
  const change = diff(spec, undefined);
  assert.equal(change?.verb, "create");
  assert.deepEqual(types(change), ["domain.define", "domain.start"]);
  const [define, start] = change?.actions ?? [];
  assert.deepEqual(define?.needs, ["disk/web-0.root", "seed/web-0"]);
  assert.deepEqual(define?.makes, ["domain/web-0:defined"]);
  assert.deepEqual(start?.makes, ["domain/web-0"]);
  assert.ok(start?.needs.some((fact) => fact === "domain/web-0:defined"));
  assert.deepEqual(define?.locks, [`instance/${spec.uuid}`]);
  assert.deepEqual(types(diff(plainSpec({ powerState: "stopped" }), undefined)), ["domain.define"]);
  assert.deepEqual(types(diff(plainSpec({ powerState: "ignore" }), undefined)), ["domain.define"]);
  assert.deepEqual(JSON.parse(JSON.stringify(change)), change, "a plan survives being saved");
});

test("boot files are needed where the guest boots from them", () => {
  const change = diff(plainSpec({ kernel: { path: "/k", ramdisk: "/r", commandLine: "x" } }), undefined);
  assert.deepEqual(change?.actions[0]?.needs, ["disk/web-0.root", "seed/web-0", "disk/web-0.kernel", "disk/web-0.ramdisk"]);
});

test("an edited configuration takes effect at the next boot of a running guest, and at once otherwise", () => {
  const want = plainSpec({ vcpus: 4 });
  const change = diff(want, found(spec));
  assert.deepEqual(change?.fields, [{ path: "vcpus", old: 2, new: 4, effect: "next_boot", cause: "config" }]);
  assert.deepEqual(types(change), ["domain.define"]);
  assert.equal(change?.actions[0]?.effect, "next_boot");
  const off = diff(plainSpec({ vcpus: 4, powerState: "stopped" }), found(plainSpec({ powerState: "stopped" }), "stopped"));
  assert.equal(off?.actions[0]?.effect, "none");
});

test("protection and names do not touch the guest", () => {
  const change = diff(plainSpec({ preventDestroy: true }), found(spec));
  assert.deepEqual(change?.fields, [{ path: "prevent_destroy", old: false, new: true, effect: "none", cause: "config" }]);
  assert.equal(change?.actions[0]?.effect, "none");
});

test("three ways to differ: config, drift, both", () => {
  const more = (xml: string) => xml.replace('<memory unit="KiB">2097152<', '<memory unit="KiB">4194304<');
  assert.equal(diff(plainSpec({ memory: 3 * 2 ** 30 }), found(spec))?.cause, "config");
  assert.equal(diff(spec, found(spec, "running", more))?.cause, "drift");
  assert.equal(diff(plainSpec({ memory: 3 * 2 ** 30 }), found(spec, "running", more))?.cause, "both");
});

test("what a configuration says about the hypervisor is a change of the configuration, and by hand it is drift", () => {
  const edits: readonly [string, Partial<DomainSpec>, Partial<DomainSpec>][] = [
    ["hyperv", { virtType: "kvm" }, { virtType: "kvm", values: { hyperv: true } }],
    ["timers.hpet.present", { virtType: "kvm" }, { virtType: "kvm", values: { hpet: true } }],
    ["timers.hypervclock.present", { virtType: "kvm" }, { virtType: "kvm", osType: "windows" }],
  ];
  for (const [path, before, after] of edits) {
    for (const [one, other] of [
      [before, after],
      [after, before],
    ] as const) {
      const field = diff(plainSpec(other), found(plainSpec(one)))?.fields.find((change) => change.path === path);
      assert.equal(field?.cause, "config", path);
    }
  }
  const windows = plainSpec({ virtType: "kvm", osType: "windows" });
  const removed = diff(
    windows,
    found(windows, "running", (xml) => xml.replace(/<hyperv>[\s\S]*?<\/hyperv>/, "")),
  );
  assert.deepEqual(
    removed?.fields.map(({ path, cause }) => `${path} ${cause}`),
    ["hyperv drift"],
  );
});

test("no configuration changes a fixed field", () => {
  const paths = (fields: Partial<DomainSpec>) => {
    const wanted = wantedFields(plainSpec(fields));
    return Object.entries(wanted).filter(([path]) => traitsOf(path).fixed === true);
  };
  const plain = paths({});
  assert.ok(plain.length > 3);
  const values = { hyperv: true, hpet: true, hide_hypervisor: true, pmu: false, "video.model": "vga", firmware: "uefi" };
  for (const fields of [{ virtType: "kvm" }, { osType: "windows", virtType: "kvm" }, { machine: "pc" }, { values }] as const)
    assert.deepEqual(paths(fields), plain);
});

test("a disk that a human added is drift and will go", () => {
  const disk = '<disk type="file" device="disk"><source file="/x"/><target dev="vdz" bus="virtio"/></disk>';
  const change = diff(
    spec,
    found(spec, "running", (xml) => xml.replace("</devices>", `${disk}</devices>`)),
  );
  assert.equal(change?.cause, "drift");
  const fields = new Map(change?.fields.map((field) => [field.path, field]));
  assert.deepEqual(fields.get("disks.vdz.source"), { path: "disks.vdz.source", old: "/x", effect: "next_boot", cause: "drift" });
});

test("what libvirt fills in is no difference", () => {
  const filled = (xml: string) =>
    xml
      .replace('machine="q35"', 'machine="pc-q35-7.2"')
      .replace("<vcpu>", '<currentMemory unit="KiB">2097152</currentMemory><vcpu placement="static">')
      .replace("<devices>", '<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type="usb" index="0"/>')
      .replace("</devices>", '<audio id="1" type="none"/></devices><seclabel type="dynamic"/>')
      .replace('<boot order="1"/>', '<boot order="1"/><alias name="virtio-disk0"/><address type="pci" bus="0x03"/>');
  assert.equal(diff(spec, found(spec, "running", filled)), undefined);
  // Programs that compare both see the same.
  const { before, after } = diff(spec, found(spec, "stopped", filled)) ?? {};
  assert.deepEqual({ ...Object(after), power_state: "stopped" }, before);
});

test("power", () => {
  const stopped = plainSpec({ powerState: "stopped" });
  const ignore = plainSpec({ powerState: "ignore" });
  assert.deepEqual(types(diff(spec, found(spec, "stopped"))), ["domain.start"]);
  assert.deepEqual(types(diff(spec, found(spec, "crashed"))), ["domain.start"]);
  assert.deepEqual(types(diff(spec, found(spec, "paused"))), ["domain.resume"]);
  assert.deepEqual(types(diff(stopped, found(stopped, "running"))), ["domain.stop"]);
  assert.equal(diff(stopped, found(stopped, "crashed")), undefined);
  for (const power of ["running", "stopped", "paused"] as const) assert.equal(diff(ignore, found(ignore, power)), undefined);
  const byHand = diff(spec, found(spec, "stopped"));
  assert.deepEqual(byHand?.fields, [{ path: "power_state", old: "stopped", new: "running", effect: "none", cause: "drift" }]);
  const configured = diff(stopped, found(spec, "running"));
  assert.deepEqual(configured?.fields, [{ path: "power_state", old: "running", new: "stopped", effect: "restart", cause: "config" }]);
  assert.deepEqual(types(configured), ["domain.define", "domain.stop"], "what was last applied is written down");
  assert.deepEqual(types(diff(stopped, found(spec, "stopped"))), ["domain.define"]);
});

test("a running guest that was undefined is defined again", () => {
  const change = diff(spec, found(spec, "running", undefined, false));
  assert.deepEqual([change?.cause, types(change)], ["drift", ["domain.define"]]);
});

test("the plan of a removal lists power off and undefine", () => {
  const change = diff(undefined, found(spec));
  assert.equal(change?.verb, "delete");
  assert.deepEqual(types(change), ["domain.undefine"]);
  assert.equal(change?.actions[0]?.effect, "restart");
  assert.equal(diff(undefined, found(spec, "stopped"))?.actions[0]?.effect, "none");
});

test("protection outlives the configuration", () => {
  const have = found(plainSpec({ preventDestroy: true }));
  const change = diff(undefined, have);
  assert.deepEqual([change?.verb, types(change)], ["delete", []]);
  const observed = observedWith({ "domain/web-0": { ...have, kind: "domain" } });
  assert.deepEqual(
    checkProtection({ domains: [], observed }, {}).map(({ code, address }) => [code, address]),
    [["prevent-destroy", "domain/web-0"]],
  );
  assert.deepEqual(
    checkProtection({ domains: [plainSpec({ preventDestroy: false })], observed }, {}),
    [],
    "lifting it is a change like another",
  );
  const garbled = found(spec, "running", (xml) => xml.replace("<virtform:prevent_destroy>false", "<virtform:prevent_destroy>?"));
  assert.deepEqual(types(diff(undefined, garbled)), [], "what cannot be read protects");
});

test("a name that belongs to another domain", () => {
  const observed = observedWith(
    {},
    {
      unmanaged: [
        { what: "domain", name: "web-0" },
        { what: "base-file", name: "other" },
      ],
    },
  );
  const [problem, ...rest] = checkDomainNames({ domains: [spec, plainSpec({ instance: "other" })], observed });
  assert.deepEqual([problem?.code, problem?.severity, rest.length], ["domain-name-taken", "error", 0]);
  assert.match(problem?.detail ?? "", /`virsh domrename web-0 /);
});

test("labels that are not ours to read", () => {
  const other = (edit: (xml: string) => string) => found(spec, "running", edit).label;
  assert.equal(
    other((xml) => xml.replace("https://virtform.dev/xmlns/instance/1", "https://example.org/")),
    undefined,
  );
  assert.equal(
    other((xml) => xml.replace(`<virtform:uuid>${spec.uuid}`, "<virtform:uuid>x")),
    undefined,
  );
  assert.equal(
    appliedFields(other((xml) => xml.replace(/<virtform:applied>.*<\/virtform:applied>/, "<virtform:applied>{</virtform:applied>"))),
    undefined,
  );
});

test("saved memory is restored, unless a disk of the guest gets other content", () => {
  const saved = found(spec, "saved");
  const whole = observedWith({ "disk/web-0.root": { kind: "disk", disk: {} }, "seed/web-0": { kind: "seed", missing: false } });
  assert.deepEqual(types(diffDomain("domain/web-0", spec, saved, whole)), ["domain.restore"]);
  assert.deepEqual(types(diffDomain("domain/web-0", spec, saved, whole, { replaced: true, leaves: null, volumes: [] })), ["domain.start"]);
});

test("a running guest that is not configured and has no disk of ours is powered off only with consent", () => {
  const ghost = found(spec, "running");
  const disk = { kind: "disk", owner: { address: `domain/${spec.instance}` }, disk: {} };
  const withDisk = observedWith({ "disk/web-0.root": disk });
  assert.equal(diff(undefined, ghost)?.actions[0]?.destroys, `the memory of running guest ${spec.instance}`);
  assert.equal(diff(undefined, found(spec, "stopped"))?.actions[0]?.destroys, undefined);
  // Its disks ask for consent themselves.
  assert.equal(diffDomain("domain/web-0", undefined, ghost, withDisk)?.actions[0]?.destroys, undefined);
});
