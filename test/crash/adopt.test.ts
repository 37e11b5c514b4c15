import assert from "node:assert/strict";
import { test } from "node:test";
import { adoptYaml } from "../../src/commands/adopt-yaml.ts";
import { restartChanges } from "../../src/kinds/guest/restart.ts";
import { switchChanges } from "../../src/kinds/guest/switch.ts";
import { adoptedEntry } from "../../src/kinds/instance/adopt/entry.ts";
import { lookAtDomains } from "../../src/kinds/instance/adopt/look.ts";
import type { Change } from "../../src/model/change.ts";
import type { Observed } from "../../src/model/observed.ts";
import { takeSnapshot } from "../fake-host/block-jobs.ts";
import type { Machine } from "../fake-host/machine.ts";
import { makeQcow2 } from "../fake-host/qcow2.ts";
import { child, printXml, type Xml } from "../fake-host/xml.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

const uuid = "5b1c8f1e-7f0c-4f5e-9d5a-0d5f5e0f0a01";
const disk = "/var/lib/libvirt/images/old web.qcow2";

/** A guest as virt-manager makes one, with settings that no key of virtform has. */
const definition = `<domain type='qemu'><name>Old Web</name><uuid>${uuid}</uuid><title>the old shop</title>
<metadata><libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0"><libosinfo:os id="http://debian.org/debian/12"/></libosinfo:libosinfo></metadata>
<memory unit='MiB'>512</memory><vcpu>2</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/><apic/></features>
<cputune><shares>512</shares></cputune>
<devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
<interface type='network'><mac address='52:54:00:aa:bb:cc'/><source network='default'/><model type='e1000'/></interface>
<interface type='direct'><mac address='52:54:00:aa:bb:cd'/><source dev='eth0' mode='bridge'/><model type='virtio'/></interface>
<graphics type='spice' autoport='yes'/><video><model type='qxl'/></video><channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>
</devices></domain>`;

/** The same without settings that a plan has a note about. */
const plain = definition.replace(/<(title|metadata|cputune)>.*?<\/\1>/gs, "").replace(/<channel.*?<\/channel>/s, "");

function withGuest({ running = false, xml = definition } = {}): Machine {
  const machine = createWorld();
  machine.put(disk, "");
  machine.files.write(disk, makeQcow2({ size: 2 ** 31 }));
  machine.libvirtd.define(xml);
  if (running) machine.libvirtd.start(domainOf(machine));
  return machine;
}

function domainOf(machine: Machine) {
  const domain = machine.libvirtd.find("Old Web");
  assert.ok(domain);
  return domain;
}

const head = "project: shop\nhost: { virt_type: qemu }\n";

/** What `virtform adopt` writes for the domains of these names. */
async function adoptOn(machine: Machine, names: readonly string[]): Promise<string> {
  const run = await runOn(machine.boot(), head);
  const found = await lookAtDomains(run.context);
  const facts = await run.lookUpFacts(run.context);
  const taken = new Set<string>();
  const entries = names.map((name) => {
    const domain = found.find(({ state }) => state.name === name);
    assert.ok(domain);
    const entry = adoptedEntry(domain, { config: run.config, settings: run.context.settings, facts }, taken);
    if ("why" in entry) throw new Error(`${name} ${entry.why}`);
    return entry;
  });
  await run.context.host.close();
  return head + adoptYaml(entries);
}

const plan = async (machine: Machine, yaml: string) => planOf(await runOn(machine.boot(), yaml));

test("what adopt writes has a plan of one line, labels the guest and nothing else, and has an empty plan then", async () => {
  for (const running of [false, true]) {
    const machine = withGuest({ running });
    const yaml = await adoptOn(machine, ["Old Web"]);
    assert.match(yaml, /# domain Old Web\n\s+# left as it is: interfaces\.52:54:00:aa:bb:cd \(direct eth0\), .*cputune/);
    const made = await plan(machine, yaml);
    assert.deepEqual(made.diagnostics, []);
    assert.deepEqual(summary(made), ["adopt domain/old-web: labelled, nothing else changes"]);
    const before = { stored: printXml(domainOf(machine).stored ?? assert.fail()), id: domainOf(machine).id };
    await applied(machine, yaml);
    const after = domainOf(machine);
    assert.equal(after.id, before.id);
    const label = child(after.stored, "metadata")?.children.find(({ name }) => name === "virtform:instance");
    assert.ok(label);
    const parent = child(after.stored, "metadata");
    parent?.children.splice(parent.children.indexOf(label), 1);
    assert.equal(printXml(after.stored ?? assert.fail()), before.stored, "nothing but the label is new");
    parent?.children.push(label);
    const next = await plan(machine, yaml);
    assert.deepEqual([summary(next), next.pending], [[], []]);
    assert.deepEqual(
      next.diagnostics.filter(({ severity }) => severity !== "note"),
      [],
    );
  }
});

/** A machine on which the guest was adopted, and the configuration. */
async function adopted(options: { readonly running?: boolean } = {}) {
  const machine = withGuest(options);
  const yaml = await adoptOn(machine, ["Old Web"]);
  await applied(machine, yaml);
  return { machine, yaml };
}

/** An element of a definition, to be edited by hand. */
function edited(definition: Xml | undefined, ...path: string[]): Xml {
  const found = child(definition, ...path);
  assert.ok(found);
  return found;
}

const kept = (machine: Machine) => printXml(domainOf(machine).stored ?? assert.fail());

test("adopting can be killed at any effect", async () => {
  const machine = withGuest({ running: true, xml: plain });
  const yaml = await adoptOn(machine, ["Old Web"]);
  for (const way of ["kill -9", "power cut in the middle of an effect"] as const) await killEverywhere({ from: machine, yaml }, way);
});

test("a guest that is not adopted yet has no owner: destroy and a configuration without it leave it unchanged", async () => {
  const machine = withGuest({ running: true });
  const yaml = await adoptOn(machine, ["Old Web"]);
  const before = kept(machine);
  await applied(machine, yaml, { destroy: true });
  await applied(machine, head);
  assert.equal(kept(machine), before);
  assert.equal(domainOf(machine).state, 1);
});

test("a guest that is not what the configuration says is not adopted", async () => {
  const machine = withGuest();
  const yaml = await adoptOn(machine, ["Old Web"]);
  const before = kept(machine);
  const made = await plan(machine, yaml.replace("ram: 512MiB", "ram: 1GiB"));
  assert.deepEqual(summary(made), []);
  assert.match(made.diagnostics.find(({ code }) => code === "adopt-differs")?.detail ?? "", /memory is 512MiB and not 1GiB/);
  const watched = await plan(machine, yaml.replace("ram: 512MiB", "ram: 512MiB, extra_specs: { 'hw:watchdog_action': reset }"));
  assert.match(watched.diagnostics.find(({ code }) => code === "adopt-differs")?.detail ?? "", /watchdog\S* is missing and not /);
  const gone = await plan(machine, yaml.replace(uuid, uuid.replace("5b", "5c")));
  assert.deepEqual([summary(gone), gone.diagnostics.map(({ code }) => code)], [[], ["adopted-guest-missing"]]);
  const other = await plan(
    machine,
    yaml
      .replace(/^ {4}(adopt: true|disks:|prevent_destroy).*\n( {6}.*\n)*/gm, "")
      .replace("flavor:", "image: x\n    flavor:")
      .replace("instances:", "images: { x: { source: https://images.test/debian.qcow2, disk_format: qcow2 } }\ninstances:"),
  );
  assert.ok(other.diagnostics.some(({ code }) => code === "uuid-taken"));
  assert.equal(kept(machine), before);
});

test("after it is adopted, only what is written changes, and everything else stays", async () => {
  const { machine, yaml } = await adopted({ running: true });
  const { id } = domainOf(machine);
  const before = kept(machine);
  const more = yaml.replace("ram: 512MiB", "ram: 768MiB").replace("prevent_destroy: true", "prevent_destroy: true\n    watchdog: reset");
  const made = await plan(machine, more);
  assert.deepEqual(summary(made), ["update domain/old-web: the configuration changed"]);
  assert.deepEqual(
    made.changes[0]?.fields.map(({ path, effect }) => [path, effect]),
    [
      ["memory", "next_boot"],
      ["watchdog", "next_boot"],
    ],
  );
  await applied(machine, more);
  assert.equal(domainOf(machine).id, id, "it runs on");
  const after = kept(machine).split("\n");
  const gone = before.split("\n").filter((line) => !after.includes(line) && !/virtform:applied/.test(line));
  assert.deepEqual(
    gone.map((line) => line.trim().replace(/^<(\w+).*/, "$1")),
    ["memory", "currentMemory"],
  );
  const next = await plan(machine, more);
  assert.deepEqual(summary(next), []);
  assert.deepEqual(
    next.pending.map(({ fields }) => fields.map(({ path }) => path)),
    [["memory", "watchdog"]],
  );
  // Back again: what a key had set goes with the key only where the key made it.
  await applied(machine, yaml);
  assert.deepEqual(summary(await plan(machine, yaml)), []);
  assert.equal(kept(machine).includes("<shares>512</shares>"), true);
});

test("what was changed by hand in what is ours is drift; the rest is not compared", async () => {
  const { machine, yaml } = await adopted();
  const { stored } = domainOf(machine);
  edited(stored, "cputune", "shares").text = "100";
  edited(stored, "devices", "video", "model").attributes = { type: "vga" };
  assert.deepEqual(summary(await plan(machine, yaml)), []);
  edited(stored, "vcpu").text = "1";
  const made = await plan(machine, yaml);
  assert.deepEqual(
    made.changes.map(({ cause, fields }) => [cause, fields.map(({ path }) => path)]),
    [["drift", ["vcpus"]]],
  );
});

test("an external snapshot of an adopted guest is followed", async () => {
  for (const running of [false, true]) {
    const { machine, yaml } = await adopted({ running });
    takeSnapshot(domainOf(machine), "s1", machine.files, true);
    const made = await plan(machine, yaml);
    assert.deepEqual([summary(made), made.diagnostics.filter(({ severity }) => severity === "error")], [[], []]);
    const more = yaml.replace("ram: 512MiB", "ram: 768MiB");
    await applied(machine, more);
    assert.match(kept(machine), /old web\.s1/);
    assert.deepEqual(summary(await plan(machine, more)), []);
  }
});

const files = (machine: Machine) =>
  machine.snapshot().filter((line) => /^\/var\/lib\/(libvirt|virtform\/instances\/[^l])/.test(line) && !line.includes("/journal"));

test("removing an adopted guest is protected, then needs consent that names it, and leaves its disks", async () => {
  const { machine, yaml } = await adopted({ running: true });
  const without = head;
  const refused = await plan(machine, without);
  assert.ok(refused.diagnostics.some(({ code }) => code === "prevent-destroy"));
  const open = yaml.replace("prevent_destroy: true", "prevent_destroy: false");
  await applied(machine, open);
  const made = await plan(machine, without);
  assert.deepEqual(
    made.actions.flatMap(({ destroys }) => destroys ?? []),
    [`the definition of adopted guest old-web (its disks stay: ${disk})`],
  );
  const before = files(machine);
  await applied(machine, without);
  assert.equal(machine.libvirtd.find("Old Web"), undefined);
  const after = files(machine);
  assert.deepEqual(after, before);
  const left = await plan(machine, open);
  assert.ok(left.diagnostics.some(({ code }) => code === "adopted-guest-missing"));
});

test("an adopted guest cannot become an instance of virtform's, nor the reverse", async () => {
  const { machine, yaml } = await adopted();
  const images = "images: { x: { source: https://images.test/debian.qcow2, disk_format: qcow2 } }\n";
  const made = `${head}${images}flavors: { s: { vcpus: 1, ram: 512MiB, disk: 2GiB } }\ninstances: { old-web: { image: x, flavor: s, uuid: ${uuid} } }\n`;
  const wrong = await plan(machine, made);
  assert.ok(wrong.diagnostics.some(({ code }) => code === "adopted-otherwise"));
  assert.deepEqual(
    summary(wrong).filter((line) => line.includes("domain/")),
    [],
  );
  const own = createWorld();
  await applied(own, made);
  const back = await plan(own, yaml);
  assert.ok(back.diagnostics.some(({ code }) => code === "adopted-otherwise"));
  assert.deepEqual(
    summary(back).filter((line) => line.includes("domain/")),
    [],
  );
});

test("a saved plan adopts, and is refused when the guest was changed since", async () => {
  const machine = withGuest();
  const yaml = await adoptOn(machine, ["Old Web"]);
  const savedPlan = await planOf({ ...(await runOn(machine.boot(), yaml)), fingerprints: true });
  const changed = machine.clone();
  edited(changed.libvirtd.find("Old Web")?.stored, "vcpu").text = "1";
  const refused = await apply(await runOn(changed.boot(), yaml), () => undefined, { savedPlan });
  assert.equal(refused.verdict, "refused");
  const done = await apply(await runOn(machine.boot(), yaml), () => undefined, { savedPlan });
  assert.equal(done.verdict, "done");
  assert.deepEqual(summary(await plan(machine, yaml)), []);
});

test("the base image below a disk of an adopted guest is kept, also where Nova's directory is elsewhere", async () => {
  const machine = createWorld();
  const images = "images: { debian: { source: https://images.test/debian.qcow2, disk_format: qcow2 } }\n";
  const flavors = "flavors: { s: { vcpus: 1, ram: 128MiB, disk: 2GiB } }\n";
  const web = "instances: { web: { image: debian, flavor: s, power_state: stopped } }\n";
  await applied(machine, head.replace("shop", "other") + images + flavors + web);
  const base = machine.files.walk().find(([path]) => /_base\/[0-9a-f]{40}$/.test(path))?.[0] ?? assert.fail();
  machine.put(disk, "");
  machine.files.write(disk, makeQcow2({ size: 2 ** 31, backing: { path: base, format: "raw" } }));
  machine.libvirtd.define(plain);
  const yaml = await adoptOn(machine, ["Old Web"]);
  assert.match(yaml, new RegExp(`# vda is based on ${base}`));
  await applied(machine, yaml);
  assert.deepEqual(summary(await plan(machine, yaml)), []);
  await applied(machine, head.replace("shop", "other"));
  const unused = await planOf(await runOn(machine.boot(), yaml, { collect: "0s" }));
  assert.deepEqual(summary(unused), []);
});

test("starting, stopping and restarting an adopted guest makes no files for it", async () => {
  const { machine, yaml } = await adopted({ running: true });
  const before = files(machine).filter((line) => line.includes("/virtform/"));
  const change = async (changes: (observed: Observed) => Change[]) => {
    const run = await runOn(machine.boot(), yaml);
    const { verdict, outcomes } = await apply({ ...run, mode: { do: "only", changes } });
    assert.equal(verdict, "done", JSON.stringify(outcomes));
  };
  const { id } = domainOf(machine);
  await change((observed) => restartChanges(observed, { names: ["old-web"], pending: false }));
  assert.notEqual(domainOf(machine).id, id);
  assert.equal(domainOf(machine).name, "Old Web");
  await change((observed) => switchChanges(observed, ["old-web"], "stopped"));
  await change((observed) => switchChanges(observed, ["old-web"], "running"));
  assert.equal(domainOf(machine).state, 1);
  await applied(machine, yaml.replace("uuid:", "power_state: stopped\n    uuid:"));
  await applied(machine, yaml);
  assert.equal(domainOf(machine).state, 1);
  assert.deepEqual(
    files(machine).filter((line) => line.includes("/virtform/")),
    before,
  );
});
