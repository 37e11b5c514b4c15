import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../src/model/errors.ts";
import type { Machine } from "../fake-host/machine.ts";
import { guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, configOf, createWorld, layout, planOf, runOn, summary } from "./world.ts";

const [head = ""] = guests({ ephemeral: "1GiB" }).split("instances:");
const boot = (instances: string, volumes = "{ system: { size: 2GiB, image: debian } }") =>
  `${head}volumes: ${volumes}\ninstances:${instances}`;
const wanted = boot("\n  web: { flavor: small, volumes: [ { volume: system, boot_index: 0 } ] }\n");

const plan = async (machine: Machine, yaml: string, images = false) =>
  planOf(await runOn(machine.boot(), yaml, images ? { destroy: true, images } : {}));

test("Nova BLD-13: an instance without an image boots from a volume that was made from one, and has its other disks", async () => {
  const machine = createWorld();
  const first = await plan(machine, wanted);
  assert.deepEqual(
    first.changes.map(({ address }) => address),
    ["image/debian", "volume/system", "disk/web.local", "seed/web", "domain/web"],
  );
  assert.deepEqual(first.actions.find(({ type }) => type === "volume.create")?.after, ["image/debian#fetch"]);
  await applied(machine, wanted);
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  const xml = machine.libvirtd.document(domain, true);
  assert.match(
    xml,
    /volumes\/[0-9a-f-]{36}\/disk'\/>\s*<target dev='vda' bus='virtio'\/>\s*<serial>[0-9a-f]{20}<\/serial>\s*<boot order='1'\/>/,
  );
  assert.match(xml, /disk.local'\/>\s*<target dev='vdb'/);
  assert.equal(machine.files.find(layout.instanceFile(domain.uuid, "disk")), undefined);
  assert.deepEqual(summary(await plan(machine, wanted)), []);
});

test("the base image below a volume is in use as long as the volume is there", async () => {
  const machine = createWorld();
  await applied(machine, wanted);
  const other = wanted
    .replace("project: shop", "project: other")
    .replace(/volumes: .*\n/, "")
    .replace(/instances:[\s\S]*/, "instances: {}\n");
  await applied(machine, other);
  const removing = await plan(machine, wanted, true);
  const base = removing.actions.find(({ type }) => type === "image.remove");
  assert.ok(base?.after.includes("volume/system#remove"), JSON.stringify(base));
  await applied(machine, wanted, { destroy: true, images: true });
  assert.deepEqual(
    machine.files.walk().filter(([path]) => /_base\/[0-9a-f]{40}$/.test(path)),
    [],
  );
});

test("a guest without a boot disk, with two root disks or with a volume that is too small is an error", async () => {
  const codes = async (yaml: string) => (await plan(createWorld(), yaml)).diagnostics.map(({ code }) => code);
  assert.deepEqual(await codes(boot("\n  web: { flavor: small, volumes: [ { volume: system } ] }\n")), ["no-root-disk"]);
  assert.deepEqual(await codes(wanted.replace("flavor: small,", "flavor: small, image: debian,")), ["several-root-disks"]);
  await assert.rejects(
    configOf(boot("\n  web: { flavor: small }\n")),
    (error) => error instanceof UserError && /image, or volumes with one that has boot_index: 0/.test(JSON.stringify(error.diagnostics)),
  );
  await assert.rejects(configOf(boot(" {}", "{ system: { size: 2GiB, image: debian, format: ext4 } }")), UserError);
  const machine = createWorld();
  await applied(machine, wanted);
  const small = boot(" {}", "{ system: { size: 2GiB, image: debian }, small: { size: 8MiB, image: debian } }");
  const { diagnostics } = await plan(machine, small);
  assert.deepEqual(
    diagnostics.map(({ code, address }) => [code, address]),
    [["volume-smaller-than-image", "volume/small"]],
  );
});

test("Nova BLK-09: boot indexes follow the root disk, can change, and are checked", async () => {
  const two = "{ system: { size: 2GiB, image: debian }, data: { size: 1GiB } }";
  const yaml = (data: number, ephemeral: number, system = 0) =>
    boot(
      `\n  web: { flavor: small, volumes: [ { volume: system, boot_index: ${system} }, { volume: data, boot_index: ${data} } ], ephemerals: [ { size: 1GiB, boot_index: ${ephemeral} } ] }\n`,
      two,
    );
  const machine = createWorld();
  await applied(machine, yaml(1, 2));
  const orders = () => {
    const domain = machine.libvirtd.find("web");
    assert.ok(domain);
    const xml = machine.libvirtd.document(domain, true);
    return Array.from(xml.matchAll(/<disk [\s\S]*?<\/disk>/g), ([disk]) =>
      [/target dev='(\w+)'/.exec(disk)?.[1], /boot order='(\d+)'/.exec(disk)?.[1]].join(" "),
    );
  };
  assert.deepEqual(orders(), ["vda 1", "vdb 3", "vdc 2", "sda "]);
  assert.deepEqual(summary(await plan(machine, yaml(1, 2))), []);
  const changed = await plan(machine, yaml(-1, 1));
  assert.deepEqual(
    changed.changes.flatMap(({ address, fields }) =>
      fields.map(({ path, old, new: fresh, effect }) => [address, path, old, fresh, effect]),
    ),
    [
      ["domain/web", "disks.vdb.boot_order", 3, 2, "next_boot"],
      ["domain/web", "disks.vdc.boot_order", 2, undefined, "next_boot"],
    ],
  );
  await applied(machine, yaml(-1, 1));
  assert.deepEqual(orders(), ["vda 1", "vdb 2", "vdc ", "sda "]);
  assert.deepEqual(summary(await plan(machine, yaml(-1, 1))), []);
  const codes = async (text: string) => (await plan(createWorld(), text)).diagnostics.map(({ code }) => code);
  assert.deepEqual(await codes(yaml(1, 1)), ["boot-index-taken"]);
  assert.deepEqual(await codes(yaml(1, 0)), ["ephemeral-as-root"]);
  assert.deepEqual(await codes(yaml(1, -1, 2)), ["no-root-disk"]);
  await assert.rejects(configOf(yaml(-2, 1)), UserError);
});

for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
  test(`a guest on a volume, ${way}`, async () => {
    assert.ok((await killEverywhere({ from: createWorld(), yaml: wanted }, way)) > 20);
  });
}
