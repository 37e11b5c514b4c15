import assert from "node:assert/strict";
import { test } from "node:test";
import { restartChanges } from "../../src/kinds/guest/restart.ts";
import type { Machine } from "../fake-host/machine.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, apply, checksum, createWorld, planOf, runOn, summary } from "./world.ts";

/** A configuration with these entries of `instances` and `volumes`. */
function yaml(instances: string, volumes = "{}"): string {
  return `project: shop
host: { virt_type: qemu }
images:
  debian:
    source: https://images.test/debian.qcow2
    checksum: ${checksum("https://images.test/debian.qcow2")}
    disk_format: qcow2
flavors:
  small: { vcpus: 1, ram: 256MiB, disk: 1GiB }
volumes: ${volumes}
instances:
${instances}`;
}

/** A guest with what its name could change: a card, a config drive, a secret of libvirt, a volume. */
function guest(name: string, more = ""): string {
  return `  ${name}: { image: debian, flavor: small, networks: [ { network: default } ], encryption: { passphrase: { env: PASS } }, ${more} }\n`;
}

const env = { PASS: "a passphrase" };

async function after(...configurations: readonly string[]): Promise<Machine> {
  const machine = createWorld();
  for (const one of configurations) await applied(machine, one, { env });
  return machine;
}

const plan = async (machine: Machine, configuration: string) => planOf(await runOn(machine.boot(), configuration, { env }));

/** What a guest keeps: uuid, MAC address, serials and sources of its disks, process. */
function kept(machine: Machine, name: string): readonly unknown[] {
  const domain = machine.libvirtd.find(name);
  assert.ok(domain, `there is no domain ${name}`);
  const xml = machine.libvirtd.document(domain, true);
  return [domain.id, ...[/<uuid>[^<]+/g, /<mac address='[^']+/g, /<serial>[^<]+/g, /<source file='[^']+/g].map((one) => xml.match(one))];
}

test("a guest that is off gets its new name everywhere and keeps everything else", async () => {
  const machine = await after(yaml(guest("web", "power_state: stopped")));
  const before = kept(machine, "web");
  const wanted = yaml(guest("site", "power_state: stopped, renamed_from: web"));
  const made = await plan(machine, wanted);
  assert.deepEqual(
    made.changes.map(({ address, previousAddress, verb }) => [address, previousAddress, verb]),
    [
      ["seed/site", "seed/web", "update"],
      ["domain/site", "domain/web", "update"],
    ],
  );
  assert.deepEqual(
    made.unchanged.map(({ address, previousAddress }) => [address, previousAddress]).filter(([, previous]) => previous !== undefined),
    [
      ["secret/site", "secret/web"],
      ["disk/site.root", "disk/web.root"],
    ],
  );
  await applied(machine, wanted, { env });
  assert.deepEqual(kept(machine, "site"), before);
  assert.equal(machine.libvirtd.find("web"), undefined);
  assert.deepEqual(summary(await plan(machine, wanted)), []);
  const later = yaml(guest("site", "power_state: stopped"));
  assert.deepEqual(summary(await plan(machine, later)), [], "renamed_from can be removed");

  // What has the old name now is another guest, also after a second rename.
  const both = yaml(guest("site", "power_state: stopped") + guest("web", "power_state: stopped"));
  await applied(machine, both, { env });
  assert.deepEqual(kept(machine, "site"), before);
  const other = kept(machine, "web");
  assert.notDeepEqual(other, before);
  assert.notDeepEqual(other[2], before[2]);
  const third = yaml(guest("site", "power_state: stopped") + guest("page", "power_state: stopped, renamed_from: web"));
  await applied(machine, third, { env });
  assert.deepEqual(kept(machine, "page"), other);
  assert.deepEqual(summary(await plan(machine, third)), []);
});

test("a running guest keeps its old name in libvirt until its restart, which renames it", async () => {
  const machine = await after(yaml(guest("web")));
  const before = kept(machine, "web");
  const wanted = yaml(guest("site", "renamed_from: web"));
  await applied(machine, wanted, { env });
  assert.deepEqual(kept(machine, "web"), before, "the same process");
  const waits = await plan(machine, wanted);
  assert.deepEqual(summary(waits), []);
  assert.deepEqual(
    waits.pending.map(({ address, fields }) => [
      address,
      fields.filter(({ path }) => path === "name").map(({ old, new: stored }) => [old, stored]),
    ]),
    [["domain/site", [["web", "site"]]]],
  );
  const taken = await plan(machine, yaml(guest("site") + guest("web")));
  assert.deepEqual(
    taken.diagnostics.map(({ code, address }) => [code, address]),
    [["domain-name-taken", "domain/web"]],
  );
  const run = await runOn(machine.boot(), wanted, { env });
  const restarted = await apply({
    ...run,
    mode: { do: "only", changes: (observed) => restartChanges(observed, { names: [], pending: true }) },
  });
  assert.equal(restarted.verdict, "done");
  assert.deepEqual(
    restarted.plan.actions.map(({ type }) => type),
    ["domain.stop", "domain.rename", "domain.start"],
  );
  assert.deepEqual(kept(machine, "site").slice(1), before.slice(1));
  const done = await plan(machine, wanted);
  assert.deepEqual([summary(done), done.pending], [[], []]);
});

test("a guest that was shut down since gets its name with the next apply", async () => {
  const machine = await after(yaml(guest("web")), yaml(guest("site", "renamed_from: web")));
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  machine.libvirtd.destroy(domain);
  await applied(machine, yaml(guest("site")), { env });
  assert.notEqual(machine.libvirtd.find("site")?.live, undefined);
  assert.deepEqual(summary(await plan(machine, yaml(guest("site")))), []);
});

test("a guest that may be restarted gets its name at once", async () => {
  const machine = await after(yaml(guest("web")));
  const before = kept(machine, "web");
  const wanted = yaml(guest("site", "renamed_from: web, restart: when_needed"));
  await applied(machine, wanted, { env });
  assert.deepEqual(kept(machine, "site").slice(1), before.slice(1));
  const done = await plan(machine, wanted);
  assert.deepEqual([summary(done), done.pending], [[], []]);
});

test("adding a count keeps the first guest, and removing it keeps the guest with number 0", async () => {
  const one = yaml(guest("web", "restart: when_needed"));
  const two = yaml(guest("web", "count: 2, restart: when_needed"));
  const machine = await after(one);
  const before = kept(machine, "web");
  await applied(machine, two, { env });
  assert.deepEqual(kept(machine, "web-0").slice(1), before.slice(1));
  await applied(machine, one, { env });
  assert.deepEqual(kept(machine, "web").slice(1), before.slice(1));
  assert.equal(machine.libvirtd.find("web-1"), undefined);
  assert.deepEqual(summary(await plan(machine, one)), []);
});

test("a volume is renamed with its data, below a guest that runs", async () => {
  const machine = await after(yaml(guest("web", "volumes: [ { volume: data } ]"), "{ data: { size: 1GiB } }"));
  const before = kept(machine, "web");
  const wanted = yaml(guest("web", "volumes: [ { volume: store } ]"), "{ store: { size: 1GiB, renamed_from: data } }");
  const made = await plan(machine, wanted);
  assert.deepEqual(
    made.changes.map(({ address, previousAddress }) => [address, previousAddress]),
    [["volume/store", "volume/data"]],
  );
  await applied(machine, wanted, { env });
  assert.deepEqual(kept(machine, "web"), before);
  assert.deepEqual(summary(await plan(machine, wanted)), []);
  const both = yaml(guest("web", "volumes: [ { volume: store } ]"), "{ store: { size: 1GiB }, data: { size: 1GiB } }");
  assert.deepEqual(summary(await plan(machine, both)), ["create volume/data: does not exist yet"]);
});

/** Guests and volumes that follow one another: what was `a` is `b`, and what was `b` is `c`. */
const chain = {
  before: (more: string) =>
    yaml(
      guest("a", `volumes: [ { volume: a } ], ${more}`) + guest("b", `volumes: [ { volume: b } ], ${more}`),
      "{ a: { size: 1GiB }, b: { size: 2GiB } }",
    ),
  wanted: (more: string) =>
    yaml(
      guest("b", `renamed_from: a, volumes: [ { volume: b } ], ${more}`) +
        guest("c", `renamed_from: b, volumes: [ { volume: c } ], ${more}`),
      "{ b: { size: 1GiB, renamed_from: a }, c: { size: 2GiB, renamed_from: b } }",
    ),
};

test("two renames in a chain are one apply, of guests that are off and of guests that may be restarted", async () => {
  for (const more of ["power_state: stopped", "restart: when_needed"]) {
    const machine = await after(chain.before(more));
    const [first, second] = [kept(machine, "a"), kept(machine, "b")];
    await applied(machine, chain.wanted(more), { env });
    assert.deepEqual(kept(machine, "b").slice(1), first.slice(1), more);
    assert.deepEqual(kept(machine, "c").slice(1), second.slice(1), more);
    assert.equal(machine.libvirtd.find("a"), undefined);
    const done = await plan(machine, chain.wanted(more));
    assert.deepEqual([summary(done), done.diagnostics, done.pending], [[], [], []], more);
    // What is lost afterwards does not make the one that has its old name move on.
    const lost = machine.libvirtd.find("c");
    assert.ok(lost);
    machine.libvirtd.undefine(lost, { managedSave: false });
    machine.files.unlink(`/var/lib/virtform/instances/${lost.uuid}/virtform.json`);
    assert.ok(!summary(await plan(machine, chain.wanted(more))).some((line) => line.includes("it was")));
  }
});

test("guests of a chain that run keep their names in libvirt until they are restarted, one after the other", async () => {
  const machine = await after(chain.before("restart: never"));
  const [first, second] = [kept(machine, "a"), kept(machine, "b")];
  const wanted = chain.wanted("restart: never");
  await applied(machine, wanted, { env });
  assert.deepEqual([kept(machine, "a"), kept(machine, "b")], [first, second], "the same processes");
  assert.deepEqual(summary(await plan(machine, wanted)), []);
  const run = await runOn(machine.boot(), wanted, { env });
  const restarted = await apply({
    ...run,
    mode: { do: "only", changes: (observed) => restartChanges(observed, { names: [], pending: true }) },
  });
  assert.equal(restarted.verdict, "done");
  assert.deepEqual([kept(machine, "b").slice(1), kept(machine, "c").slice(1)], [first.slice(1), second.slice(1)]);
  const done = await plan(machine, wanted);
  assert.deepEqual([summary(done), done.pending], [[], []]);
});

test("without the first of a chain, what was created under the second name moves on", async () => {
  const machine = await after(yaml(guest("b", "power_state: stopped"), "{ b: { size: 2GiB } }"));
  const second = kept(machine, "b");
  const wanted = yaml(
    guest("b", "renamed_from: a, power_state: stopped") + guest("c", "renamed_from: b, power_state: stopped"),
    "{ b: { size: 1GiB, renamed_from: a }, c: { size: 2GiB, renamed_from: b } }",
  );
  await applied(machine, wanted, { env });
  assert.deepEqual(kept(machine, "c").slice(1), second.slice(1));
  assert.deepEqual(summary(await plan(machine, wanted)), []);
});

test("a chain of renames that is killed is brought to an end", async () => {
  const way = "kill -9";
  await killEverywhere({ from: await after(chain.before("power_state: stopped")), yaml: chain.wanted("power_state: stopped"), env }, way);
  await killEverywhere({ from: await after(chain.before("restart: never")), yaml: chain.wanted("restart: never"), env }, way);
});

test("a rename that is killed is brought to an end", async () => {
  const [off, on] = [yaml(guest("web", "power_state: stopped")), yaml(guest("web"))];
  // libvirt loses its secrets with the power, and gets them again under the new name.
  const plain = (configuration: string) => configuration.replaceAll(/encryption: .*?\} \}, /g, "");
  for (const way of ["kill -9", "power cut in the middle of an effect", "power cut, unsynced names lost"] as const) {
    const from = await after(plain(off));
    await killEverywhere({ from, yaml: plain(yaml(guest("site", "power_state: stopped, renamed_from: web"))) }, way);
    await killEverywhere({ from, yaml: plain(yaml(guest("web", "power_state: stopped, count: 1"))) }, way);
  }
  const from = await after(on);
  await killEverywhere({ from, yaml: yaml(guest("site", "renamed_from: web")), env }, "kill -9");
  await killEverywhere({ from, yaml: yaml(guest("site", "renamed_from: web, restart: when_needed")), env }, "kill -9");
  const volumes = ["{ data: { size: 1GiB } }", "{ store: { size: 1GiB, renamed_from: data } }"] as const;
  await killEverywhere({ from: await after(yaml(guest("web"), volumes[0])), yaml: yaml(guest("web"), volumes[1]), env }, "kill -9");
});
