import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { restartChanges } from "../../src/kinds/guest/restart.ts";
import type { Machine } from "../fake-host/machine.ts";
import { makeQcow2, readQcow2 } from "../fake-host/qcow2.ts";
import { guests } from "./guests.ts";
import { type Shop, shop } from "./shop.ts";
import { applied, createWorld, layout, planOf, type Run, runOn, summary } from "./world.ts";

/** Carries out a plan one action after the other, each of them twice; gives the types that it saw. */
async function performTwice(
  machine: Machine,
  yaml: string,
  options: NonNullable<Parameters<typeof runOn>[2]> = {},
  mode: Partial<Run> = {},
): Promise<Set<string>> {
  const made = await planOf({ ...(await runOn(machine.boot(), yaml, options)), ...mode });
  assert.deepEqual(made.diagnostics, []);
  const types = new Set<string>();
  for (const action of made.actions) {
    const first = await runOn(machine.boot(), yaml, options);
    const perform = async (run: typeof first) => {
      const type = run.kinds.flatMap(({ actions }) => actions).find(({ type }) => type === action.type);
      assert.ok(type !== undefined, action.type);
      await type.run(run.context, action.args, () => undefined);
      for (const kind of run.kinds) await kind.settle?.(run.context);
      await run.context.host.close();
    };
    await perform(first);
    const once = machine.snapshot();
    await perform(await runOn(machine.boot(), yaml, options));
    assert.deepEqual(machine.snapshot(), once, `${action.id} performed twice leaves something else than performed once`);
    types.add(action.type);
  }
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml, options))), []);
  return types;
}

test("every type of action leaves the same machine when it is performed twice", async () => {
  const machine = createWorld();
  const seen = new Set<string>();
  const steps: readonly Shop[] = [
    {},
    { userData: "#!/bin/sh\n", memory: "512MiB" },
    { disk: "2GiB" },
    { drive: "vfat", disk: "2GiB" },
    { image: "fedora", disk: "2GiB" },
    { image: "fedora", disk: "2GiB", power: "stopped" },
    { image: "fedora", disk: "3GiB", power: "stopped" },
    { image: "fedora", disk: "3GiB" },
    { image: "fedora", disk: "3GiB", instances: ["db"] },
  ];
  for (const step of steps) for (const type of await performTwice(machine, shop(step))) seen.add(type);
  const db = machine.libvirtd.find("db");
  assert.ok(db);
  machine.libvirtd.suspend(db);
  for (const type of await performTwice(machine, shop({ image: "fedora", disk: "3GiB", instances: ["db"] }))) seen.add(type);
  for (const image of ["fedora", "debian"] as const) {
    machine.libvirtd.save(db);
    for (const type of await performTwice(machine, shop({ image, disk: "3GiB", instances: ["db"] }))) seen.add(type);
  }
  for (const type of await performTwice(machine, shop(), { destroy: true, images: true })) seen.add(type);

  const volume = (fields: string) => `${shop({ instances: ["web"] })}volumes: { data: { size: ${fields} } }\n`;
  for (const fields of ["1GiB", "2GiB", "2GiB, prevent_destroy: true", "2GiB"]) {
    for (const type of await performTwice(machine, volume(fields))) seen.add(type);
  }
  const web = machine.libvirtd.find("web")?.uuid ?? "";
  const volumeDisk = machine.files.walk().find(([path]) => /\/volumes\/[^/]+\/disk$/.test(path))?.[0] ?? "";
  for (const path of [volumeDisk, ...["disk", "disk.config", "console.log"].map((name) => layout.instanceFile(web, name))])
    machine.files.file(path, "open").mode = 0o644;
  machine.files.unlink(layout.instanceFile(web, "libvirt.xml"));
  for (const type of await performTwice(machine, volume("2GiB"))) seen.add(type);
  for (const type of await performTwice(machine, shop({ instances: ["web"] }))) seen.add(type);

  // One card goes and another comes while the guest runs.
  const otherCard = shop({ instances: ["web"] }).replace("{ network: default }", "{ network: default, mac: '52:54:00:00:00:07' }");
  for (const yaml of [otherCard, shop({ instances: ["web"] })]) for (const type of await performTwice(machine, yaml)) seen.add(type);

  const env = { DISK_PASSPHRASE: "correct horse" };
  const encrypted = `${shop({ instances: ["web"] })}    encryption: { passphrase: { env: DISK_PASSPHRASE } }\n`;
  for (const yaml of [encrypted, shop({ instances: ["web"] })]) {
    for (const type of await performTwice(machine, yaml, { env })) seen.add(type);
  }

  const injected = guests({ more: "    files: [ { path: /etc/motd, text: hello } ]\n    inject: { partition: none }\n" });
  for (const type of await performTwice(createWorld(), injected)) seen.add(type);

  const adopted = `project: adopts\nhost: { virt_type: qemu }\nflavors: { s: { vcpus: 1, ram: 128MiB, disk: 0GiB } }
instances: { stranger: { adopt: true, uuid: ffffffff-0000-4000-8000-000000000002, flavor: s } }\n`;
  for (const type of await performTwice(createWorld(), adopted)) seen.add(type);

  const disk = layout.instanceFile(machine.libvirtd.find("web")?.uuid ?? "", "disk");
  const backing = readQcow2(machine.files.file(disk, "open").content)?.backing ?? "";
  machine.files.write(disk, makeQcow2({ size: 2 ** 30, backing: { path: `${backing}_1`, format: "raw" } }));
  for (const type of await performTwice(machine, shop({ instances: ["web"] }))) seen.add(type);

  machine.put(layout.basePart("0123456789abcdef0123456789abcdef01234567"), "half an image");
  for (const type of await performTwice(machine, shop({ instances: ["web"] }), { collect: "0s" })) seen.add(type);

  const scratch = (name: string) =>
    `${shop({ instances: ["web"] }).replace("disk: 1GiB", "disk: 1GiB, ephemeral: 1GiB")}    ephemerals: [ { ${name}size: 1GiB } ]\n`;
  for (const name of ["", "name: scratch, "]) for (const type of await performTwice(machine, scratch(name))) seen.add(type);
  await applied(machine, shop({ instances: ["web"] }));

  const renamed = shop({ instances: ["web"] }).replace("  web:\n", "  site:\n    renamed_from: web\n");
  const restart: Partial<Run> = { mode: { do: "only", changes: (observed) => restartChanges(observed, { names: [], pending: true }) } };
  for (const mode of [{}, restart]) for (const type of await performTwice(machine, renamed, {}, mode)) seen.add(type);

  const grouped = readFileSync(new URL("../plan/bases/groups.yaml", import.meta.url), "utf8");
  const filtered = createWorld();
  for (const yaml of [grouped, grouped.replace("ports: 80", "ports: 443")]) {
    for (const type of await performTwice(filtered, yaml)) seen.add(type);
  }
  const [port = ""] = filtered.libvirtd.filters.bindings().keys();
  filtered.libvirtd.filters.unbind(port);
  for (const type of await performTwice(filtered, grouped)) seen.add(type);
  for (const type of await performTwice(filtered, grouped, { destroy: true })) seen.add(type);

  const connected = createWorld();
  const lan = (more: string) =>
    `${shop({ instances: ["web"], power: "stopped" }).replace("network: default", "network: lan")}\nnetworks: { lan: { subnets: [ { cidr: 10.40.0.0/24 } ]${more} } }\n`;
  const office = lan(", renamed_from: lan").replace("network: lan", "network: office").replace("{ lan: {", "{ office: {");
  for (const yaml of [lan(""), lan(", mtu: 1400"), office]) for (const type of await performTwice(connected, yaml)) seen.add(type);
  for (const type of await performTwice(connected, office, { destroy: true })) seen.add(type);

  const plugged = createWorld();
  for (const file of ["flags", "operstate"]) plugged.put(`/sys/class/net/tapd90a0fe5-20/${file}`, file === "flags" ? "0x1003\n" : "up\n");
  const awaited = shop({ instances: ["web"] }).replace("{ network: default }", "{ network: default, ready: link }");
  for (const type of await performTwice(plugged, awaited)) seen.add(type);

  const { kinds } = await runOn(machine.boot(), shop());
  // Two need a Ceph, and are performed twice on a real one (test/real/drivers/rbd-resize.test.ts). Publishing changes Glance and not the machine:
  // test/real/glance.test.ts repeats it after a kill and after broken uploads.
  // Waiting changes a mark alone, and is killed and repeated in wait-for.test.ts.
  const elsewhere = ["disk.confirm", "disk.roll_back", "published.publish", "domain.wait"];
  const types = kinds.flatMap(({ actions }) => actions.map(({ type }) => type));
  assert.deepEqual([...seen].sort(), types.filter((type) => !elsewhere.includes(type)).sort());
});

test("an apply without changes has no effect on the machine", async () => {
  const machine = createWorld();
  await applied(machine, shop());
  const before = machine.snapshot();
  const host = await applied(machine, shop());
  assert.deepEqual(host.trace, []);
  assert.deepEqual(machine.snapshot(), before);
});
