import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { defineFilter } from "../../src/kinds/security-group/define-filter.ts";
import { failureDiagnostics } from "../../src/model/failure-diagnostics.ts";
import type { Machine } from "../fake-host/machine.ts";
import { child, childrenOf } from "../fake-host/xml.ts";
import { killEverywhere, killedStates } from "./kill-everywhere.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

const base = readFileSync(new URL("../plan/bases/groups.yaml", import.meta.url), "utf8");

/** The base with these texts replaced. */
function edited(...edits: readonly (readonly [from: string, to: string])[]): string {
  return edits.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), from);
    return text.replace(from, to);
  }, base);
}

const web = /^ {2}web:\n {4}image.*\n(?: {4}.*\n)+/m.exec(base)?.[0] ?? "";
const otherPort = edited(["ports: 80", "ports: 443"]);
const otherGroup = edited(
  ["security_groups: [db]", "security_groups: [web]"],
  [/^ {2}db:\n {4}rules(?:.*\n)+? {4}egress.*\n/m.exec(base)?.[0] ?? "", ""],
);
// In a network that no entry declares, addresses are for filters alone.
const unfiltered = edited(["    security_groups: [db]\n", ""], [", addresses: [192.168.122.20, fd00::20]", ""]);
const withoutWeb = edited([web, ""]);

async function after(yaml: string): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, yaml);
  return machine;
}

/** Interfaces that run with a filter in their definition and have none on their device. */
function open(machine: Machine): string[] {
  const bindings = machine.libvirtd.filters.bindings();
  return machine.libvirtd.all().flatMap(({ live }) =>
    childrenOf(child(live, "devices"), "interface").flatMap((card) => {
      const filter = child(card, "filterref")?.attributes["filter"];
      const port = child(card, "target")?.attributes["dev"] ?? "";
      return filter === undefined || bindings.get(port) === filter ? [] : [port];
    }),
  );
}

const ways = ["kill -9", "power cut in the middle of an effect"] as const;

for (const way of ways) {
  test(`${way}: guests get their filters before they start`, async () => {
    const story = { from: createWorld(), yaml: base };
    await killEverywhere(story, way);
    for (const { machine, effect } of (await killedStates(story, way)).states) assert.deepEqual(open(machine), [], effect);
  });

  test(`${way}: rules, groups and members of running guests change`, async () => {
    for (const wanted of [otherPort, otherGroup, unfiltered, withoutWeb])
      await killEverywhere({ from: await after(base), yaml: wanted }, way);
    await killEverywhere({ from: await after(unfiltered), yaml: base }, way);
  });

  test(`${way}: everything is destroyed, and no filter is left`, async () => {
    const from = await after(base);
    await killEverywhere({ from, yaml: base, destroy: true }, way);
    await apply(await runOn(from.boot(), base, { destroy: true }));
    assert.deepEqual(
      from.libvirtd.filters.all().filter(({ name }) => name.startsWith("virtform:")),
      [],
    );
  });
}

test("a device whose filter was taken off gets it again, wherever the process is killed", async () => {
  const machine = await after(base);
  const [port = ""] = machine.libvirtd.filters.bindings().keys();
  machine.libvirtd.filters.unbind(port);
  assert.deepEqual(open(machine), [port]);
  await killEverywhere({ from: machine, yaml: base }, "kill -9");
  await applied(machine, base);
  assert.deepEqual(open(machine), []);
});

test("filters of other projects and of others are left alone", async () => {
  const machine = await after(base);
  const foreign = ["virtform:shop2:group:web", "virtform:shop:notes", "office"];
  for (const [index, name] of foreign.entries())
    machine.libvirtd.filters.define(`<filter name='${name}'><uuid>00000000-0000-4000-8000-00000000000${index}</uuid></filter>`);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), base))), []);
  await apply(await runOn(machine.boot(), base, { destroy: true }));
  for (const name of foreign) assert.ok(machine.libvirtd.filters.find(name) !== undefined, name);
});

test("an interface in a network of others that libvirt cannot filter is an error of the plan", async () => {
  const networks = {
    switched: "<forward mode='bridge'/><bridge name='br-int'/><virtualport type='openvswitch'/>",
    shared: "<forward mode='bridge'><interface dev='eth0'/></forward>",
    bridged: "<forward mode='bridge'/><bridge name='br0'/>",
  };
  const machine = createWorld();
  for (const device of ["br-int", "eth0", "br0"]) machine.files.makeDirectories(`/sys/class/net/${device}`);
  for (const [name, body] of Object.entries(networks))
    machine.libvirtd.networks.start(machine.libvirtd.networks.define(`<network><name>${name}</name>${body}</network>`));
  const mistakes = async (name: string) => {
    const yaml = edited(["network: default, addresses: [192.168.122.10]", `network: ${name}, addresses: [192.168.122.10]`]);
    return (await planOf(await runOn(machine.boot(), yaml))).diagnostics.map(({ code, summary }) => `${code}: ${summary}`);
  };
  for (const name of ["switched", "shared"])
    assert.deepEqual(await mistakes(name), ["port-filter-invalid: Interface 0 of web cannot be filtered"], name);
  assert.deepEqual(await mistakes("bridged"), []);
});

test("a redefinition that libvirt refuses without a cause, because another guest starts or stops, is tried again", async () => {
  const machine = await after(base);
  machine.libvirtd.filters.busy = 3;
  await applied(machine, otherPort);
  assert.equal(machine.libvirtd.filters.busy, 0);
  assert.match(machine.libvirtd.filters.find("virtform:shop:group:web")?.document ?? "", /dstportstart='443'/);
});

test("a redefinition that libvirt keeps refusing without a cause is an error that says why and what to do", async () => {
  const machine = await after(base);
  machine.libvirtd.filters.busy = 1000;
  const { context } = await runOn(machine.boot(), otherPort);
  const name = "virtform:shop:group:web";
  const xml = `<filter name='${name}'><uuid>${machine.libvirtd.filters.find(name)?.uuid}</uuid></filter>`;
  const pauses: number[] = [];
  await assert.rejects(
    defineFilter(context, name, xml, async (ms) => void pauses.push(ms)),
    (error) => {
      const [found] = failureDiagnostics(error) ?? [];
      assert.equal(found?.code, "filter-busy");
      assert.match(found?.detail ?? "", /then apply again/);
      return true;
    },
  );
  assert.ok(pauses.length > 5);
  await context.host.close();
});

test("a protected security group is not removed until its protection is taken off", async () => {
  const machine = await after(base);
  const group = "  db:\n    rules:\n";
  const guarded = edited([group, "  db:\n    prevent_destroy: true\n    rules:\n"]);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), guarded))), ["update security-group/db: prevent_destroy changed"]);
  await applied(machine, guarded);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), guarded))), []);
  const refusals = async (yaml: string, destroy = false) => {
    const made = await planOf(await runOn(machine.boot(), yaml, { destroy }));
    return made.diagnostics.map(({ code, address, summary: words }) => `${code} ${address}: ${words}`);
  };
  assert.deepEqual(await refusals(otherGroup), [
    "prevent-destroy security-group/db: Security group db is protected and no longer in the configuration",
  ]);
  assert.deepEqual(await refusals(guarded, true), ["prevent-destroy security-group/db: Security group db is protected"]);
  await applied(machine, base);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), base))), []);
  assert.deepEqual(await refusals(otherGroup), []);
});
