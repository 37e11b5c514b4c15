import assert from "node:assert/strict";
import { test } from "node:test";
import { eachHost } from "../../src/commands/each-host.ts";
import { foundInstances } from "../../src/commands/found-instances.ts";
import { survey } from "../../src/commands/survey.ts";
import { look } from "../../src/decide.ts";
import type { Diagnostic } from "../../src/model/diagnostic.ts";
import type { Event } from "../../src/model/event.ts";
import type { FoundInstance } from "../../src/model/result.ts";
import { showResult } from "../../src/report/text-result.ts";
import type { Machine } from "../fake-host/machine.ts";
import { shop } from "./shop.ts";
import { applied, apply, createWorld, layout, runOn } from "./world.ts";

async function list(machine: Machine, yaml: string): Promise<FoundInstance[]> {
  const run = await runOn(machine.boot(), yaml);
  const found = await foundInstances(run, { observed: await look(run), behind: new Set() });
  await run.context.host.close();
  return found;
}

function text(instances: readonly FoundInstance[], wide = false): string {
  let shown = "";
  const output = { write: (part: string) => (shown += part) };
  showResult({ kind: "instances", instances, wide }, { stdout: output, stderr: output, color: false });
  return shown;
}

const states = (instances: readonly FoundInstance[]) =>
  instances.map(({ name, status, reason, declared }) => [name, status, reason, declared]);
const domainOf = (machine: Machine, name: string) => machine.libvirtd.find(name) ?? assert.fail(name);

test("list has every declared guest, with its state, addresses, image, flavor and disks", async () => {
  const machine = createWorld();
  const yaml = shop();
  assert.deepEqual(states(await list(machine, yaml)), [
    ["web", "missing", "not applied yet", true],
    ["db", "missing", "not applied yet", true],
  ]);
  await applied(machine, yaml);
  const [web, db] = await list(machine, yaml);
  assert.ok(web !== undefined && db !== undefined);
  assert.deepEqual([web.status, web.image, web.flavor, web.addresses], ["active", "debian", "small", []]);
  machine.libvirtd.leases.set(web.interfaces[0] ?? "", "192.168.122.7");
  machine.put(
    "/proc/net/arp",
    `IP address       HW type     Flags       HW address            Mask     Device\n192.168.122.9    0x1         0x2         ${db.interfaces[0]}     *        virbr0\n192.168.122.8    0x1         0x0         ${web.interfaces[0]}     *        virbr0\n`,
  );
  machine.put("/run/ipv6-neighbours", `fd00::9 dev virbr0 lladdr ${db.interfaces[0]} STALE\n`);
  const reached = await list(machine, yaml);
  assert.deepEqual(
    reached.map(({ addresses }) => addresses),
    [["192.168.122.7"], ["192.168.122.9", "fd00::9"]],
  );
  machine.put("/run/ipv6-neighbours", "");
  const there = await list(machine, yaml);
  assert.equal(
    text(there),
    `NAME  STATE   ADDRESS        IMAGE   FLAVOR  VCPUS  MEMORY  DISK
web   active  192.168.122.7  debian  small   1      256MiB  1GiB
db    active  192.168.122.9  debian  small   1      256MiB  1GiB
`,
  );
  assert.match(text(there, true), /^NAME .* UUID +MAC +REASON\nweb .* [0-9a-f-]{36} +52:54:00:[0-9a-f:]{8} +-\n/);
});

test("list has the addresses that guest agents tell, and trusts none of their words", async () => {
  const machine = createWorld();
  const yaml = shop();
  await applied(machine, yaml);
  const [web, db] = await list(machine, yaml);
  const [card, other] = [web?.interfaces[0] ?? "", db?.interfaces[0] ?? ""];
  machine.libvirtd.leases.set(card, "192.168.122.7");
  machine.libvirtd.agentAddresses.set(card, ["192.168.122.7", "fe80::1", "fd00::7", "127.0.0.1", "not an \u001b[31maddress"]);
  machine.put(
    "/proc/net/arp",
    `IP address       HW type     Flags       HW address            Mask     Device\n192.168.122.9    0x1         0x2         ${other}     *        virbr0\n`,
  );
  assert.deepEqual(
    (await list(machine, yaml)).map(({ addresses }) => addresses),
    [["192.168.122.7", "fd00::7"], ["192.168.122.9"]],
  );
});

test("list shows guests that are missing, being built, paused by an error, without a disk, pending a restart or undeclared", async () => {
  const machine = createWorld();
  const yaml = shop();
  await applied(machine, yaml);
  const gone = machine.clone();
  const options = { managedSave: true, snapshots: true, checkpoints: true };
  gone.libvirtd.destroy(domainOf(gone, "web"));
  gone.libvirtd.undefine(domainOf(gone, "web"), options);
  const paused = domainOf(gone, "db");
  paused.full = true;
  gone.libvirtd.suspend(paused);
  assert.deepEqual(states(await list(gone, yaml)), [
    ["web", "missing", "undefined outside virtform; its disks still exist", true],
    ["db", "error", "paused by an I/O error of a disk, such as no space", true],
  ]);

  const started = createWorld();
  const victim = started.boot();
  victim.dieAfter(60);
  await apply(await runOn(victim, yaml)).catch(() => undefined);
  assert.ok((await list(started, yaml)).some(({ status }) => status === "building"));

  const lost = machine.clone();
  lost.files.unlink(layout.instanceFile(domainOf(lost, "web").uuid, "disk"));
  assert.deepEqual(states(await list(lost, yaml))[0], ["web", "error", "disk is missing", true]);

  await applied(machine, shop({ memory: "512MiB" }));
  const waiting = await list(machine, shop({ memory: "512MiB", instances: ["web"] }));
  assert.deepEqual(states(waiting), [
    ["web", "active", null, true],
    ["db", "active", null, false],
  ]);
  assert.match(text(waiting), /^web +active, restart pending +/m);
  assert.match(text(waiting), /^db +active, restart pending, not declared +/m);
});

/** What `list` prints, what it reports, and whether that is everything. */
async function listed(machine: Machine, yaml: string) {
  const run = await runOn(machine.boot(), yaml);
  const diagnostics: Diagnostic[] = [];
  const event = (given: Event) => void (given.type === "diagnostic" && diagnostics.push(given.diagnostic));
  const { found, complete } = await eachHost({ hosts: [run], async [Symbol.asyncDispose]() {} }, { event }, async (host, reporter) =>
    foundInstances(host, await survey(host, reporter)),
  );
  await run.context.host.close();
  return {
    instances: found.flatMap(({ value }) => value),
    complete,
    problems: diagnostics.map(({ code, address }) => `${code} ${address}`),
  };
}

test("a guest whose label or definition cannot be read is listed as such, with the others, and the list says that it is not whole", async () => {
  const machine = createWorld();
  const yaml = shop();
  await applied(machine, yaml);
  const reason = "its label or its definition cannot be read";
  const label = machine.clone();
  label.put(layout.instanceFile(domainOf(label, "web").uuid, "virtform.json"), '{"version":9}');
  const damaged = await listed(label, yaml);
  assert.deepEqual(states(damaged.instances), [
    ["web", "error", reason, true],
    ["db", "active", null, true],
  ]);
  assert.deepEqual([damaged.complete, damaged.problems], [false, ["label-damaged domain/web"]]);

  const { document } = machine.libvirtd;
  machine.libvirtd.document = (domain, inactive) =>
    domain.name === "web" ? document(domain, inactive).replace("<os>", "<os") : document(domain, inactive);
  const unreadable = await listed(machine, shop({ instances: ["db"] }));
  assert.deepEqual(states(unreadable.instances), [
    ["db", "active", null, true],
    ["web", "error", reason, false],
  ]);
  assert.deepEqual([unreadable.complete, unreadable.problems], [false, ["domain-unreadable domain/web"]]);
});
