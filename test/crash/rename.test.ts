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

test("a guest that runs goes on under its old name in libvirt, waits for its restart, and gets the new one with it", async () => {
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
