import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../src/model/event.ts";
import { takeSnapshot } from "../fake-host/block-jobs.ts";
import type { Machine } from "../fake-host/machine.ts";
import { readQcow2 } from "../fake-host/qcow2.ts";
import { child, childrenOf } from "../fake-host/xml.ts";
import { doByHand } from "../plan/by-hand.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { shop } from "./shop.ts";
import { applied, apply, checksum, createWorld, planOf, root, runOn, summary } from "./world.ts";

const yaml = shop();

function web(machine: Machine) {
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  return domain;
}

async function destroyed(machine: Machine): Promise<Event[]> {
  const events: Event[] = [];
  const result = await apply(await runOn(machine.boot(), yaml, { destroy: true }), (event) => void events.push(event));
  assert.equal(result.verdict, "done", JSON.stringify(result.outcomes));
  return events;
}

test("a guest with a snapshot and a checkpoint is destroyed", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  web(machine).snapshots.push("s1");
  web(machine).checkpoints.push("c1");
  await destroyed(machine);
  assert.equal(machine.libvirtd.find("web"), undefined);
});

test("files that virtform did not create stay after destroy, are named, and do not block the next apply", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  const directory = `${root}/${web(machine).uuid}`;
  machine.put(`${directory}/disk.s1`, "a layer that no definition names");
  const events = await destroyed(machine);
  const warnings = events.flatMap((event) => (event.type === "diagnostic" ? [event.diagnostic] : []));
  assert.deepEqual(
    warnings.map(({ code, severity }) => [code, severity]),
    [["directory-kept", "warning"]],
  );
  assert.match(`${warnings[0]?.summary} ${warnings[0]?.detail}`, new RegExp(`${directory} .*disk\\.s1`));
  assert.ok(machine.files.find(`${directory}/disk.s1`));
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml, { destroy: true }))), []);
  await applied(machine, yaml);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), []);
  await destroyed(machine);
  machine.files.unlink(`${directory}/disk.s1`);
  await applied(machine, yaml);
  await destroyed(machine);
  assert.equal(machine.files.find(directory), undefined);
});

const sources = (machine: Machine, name = "web") =>
  Array.from(machine.libvirtd.document(machine.libvirtd.find(name) as never, true).matchAll(/<source file='([^']*)'/g), ([, path]) => path);
const sizeOf = (machine: Machine, path: string) => readQcow2(machine.files.file(path, "open").content)?.virtualSize;

test("a disk with layers above it stays what the guest has: when it grows, when it is redefined, when it starts", async () => {
  for (const power of ["running", "stopped"] as const) {
    const machine = createWorld();
    await applied(machine, shop({ power }));
    const directory = `${root}/${web(machine).uuid}`;
    takeSnapshot(web(machine), "s1", machine.files, true);
    takeSnapshot(web(machine), "s2", machine.files, false);
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), shop({ power })))), []);
    const larger = shop({ power, disk: "2GiB", memory: "512MiB" });
    await applied(machine, larger);
    assert.ok(sources(machine).includes(`${directory}/disk.s2`));
    assert.deepEqual(
      ["disk.s2", "disk.s1", "disk"].map((name) => sizeOf(machine, `${directory}/${name}`)),
      [2 ** 31, 2 ** 30, 2 ** 30],
    );
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), larger))), []);
    const result = await apply(await runOn(machine.boot(), larger, { destroy: true }));
    assert.deepEqual([result.verdict, machine.files.find(directory)], ["done", undefined]);
    await applied(machine, larger);
  }
});

test("the layers of a volume go with it from guest to guest, grow, and are removed with it", async () => {
  const machine = createWorld();
  const yaml = (web: string, db: string, size = "1GiB") => `project: shop
host: { virt_type: qemu }
images: { debian: { source: https://images.test/debian.qcow2, checksum: ${checksum("https://images.test/debian.qcow2")}, disk_format: qcow2 } }
flavors: { small: { vcpus: 1, ram: 256MiB, disk: 1GiB } }
volumes: { data: { size: ${size} } }
instances:
  web: { image: debian, flavor: small, power_state: stopped, volumes: [${web}] }
  db: { image: debian, flavor: small, power_state: stopped, volumes: [${db}] }
`;
  await applied(machine, yaml("{ volume: data }", ""));
  takeSnapshot(web(machine), "s1", machine.files, false);
  const overlay = sources(machine).find((path) => path?.includes("/volumes/")) ?? "";
  assert.match(overlay, /\/volumes\/[^/]+\/disk\.s1$/);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml("{ volume: data }", "")))), []);
  await applied(machine, yaml("{ volume: data }", "", "2GiB"));
  assert.equal(sizeOf(machine, overlay), 2 ** 31);
  await applied(machine, yaml("", "{ volume: data }", "2GiB"));
  assert.ok(sources(machine, "db").includes(overlay));
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml("", "{ volume: data }", "2GiB")))), []);
  const without = yaml("", "", "2GiB").replace(/volumes: \{ data.*\n/, "");
  await applied(machine, without);
  assert.equal(machine.files.find(overlay), undefined);
});

test("the layers of a volume are found again when no definition names it", async () => {
  const machine = createWorld();
  const yaml = (volumes: string, size = "1GiB") => `project: shop
host: { virt_type: qemu }
images: { debian: { source: https://images.test/debian.qcow2, checksum: ${checksum("https://images.test/debian.qcow2")}, disk_format: qcow2 } }
flavors: { small: { vcpus: 1, ram: 256MiB, disk: 1GiB } }
volumes: { data: { size: ${size} } }
instances:
  web: { image: debian, flavor: small, power_state: stopped, volumes: [${volumes}] }
`;
  await applied(machine, yaml("{ volume: data }"));
  takeSnapshot(web(machine), "s1", machine.files, false);
  const overlay = sources(machine).find((path) => path?.includes("/volumes/")) ?? "";
  await applied(machine, yaml(""));
  assert.ok(!sources(machine).includes(overlay));
  await applied(machine, yaml("", "2GiB"));
  assert.equal(sizeOf(machine, overlay), 2 ** 31, "it grows where its guest wrote to");
  await applied(machine, yaml("{ volume: data }", "2GiB"));
  assert.ok(sources(machine).includes(overlay), "attached again, with its layers");
  machine.libvirtd.undefine(web(machine), { managedSave: true });
  await applied(machine, yaml("{ volume: data }", "2GiB"));
  assert.ok(sources(machine).includes(overlay), "the guest was undefined by hand");
  await applied(machine, yaml("", "2GiB"));
  machine.files.write(`${overlay}x`, machine.files.file(overlay, "open").content);
  const plan = await planOf(await runOn(machine.boot(), yaml("{ volume: data }", "2GiB")));
  assert.deepEqual(
    plan.diagnostics.map(({ code, address }) => [code, address]),
    [["disk-layers-unclear", "volume/data"]],
  );
});

test("a volume with layers outside of its directory is not detached, moves to another guest, and is removed with them", async () => {
  const machine = createWorld();
  const yaml = (volumes: string, db = "") => `project: shop
host: { virt_type: qemu }
images: { debian: { source: https://images.test/debian.qcow2, checksum: ${checksum("https://images.test/debian.qcow2")}, disk_format: qcow2 } }
flavors: { small: { vcpus: 1, ram: 256MiB, disk: 1GiB } }
volumes: { data: { size: 1GiB } }
instances:
  web: { image: debian, flavor: small, power_state: stopped, volumes: [${volumes}] }
  db: { image: debian, flavor: small, power_state: stopped, volumes: [${db}] }
`;
  await applied(machine, yaml("{ volume: data }"));
  takeSnapshot(web(machine), "s1", machine.files, false);
  const [overlay = "", elsewhere] = [sources(machine).find((path) => path?.includes("/volumes/")), "/srv/overlays/data.s1"];
  machine.put(elsewhere, "");
  machine.files.write(elsewhere, machine.files.file(overlay, "open").content);
  machine.files.unlink(overlay);
  for (const disk of childrenOf(child(web(machine).stored, "devices"), "disk")) {
    const source = child(disk, "source");
    if (source?.attributes["file"] === overlay) source.attributes = { ...source.attributes, file: elsewhere };
  }
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml("{ volume: data }")))), []);
  const without = yaml("{ volume: data }").replace(/^ {2}web:.*\n/m, "");
  for (const detached of [yaml(""), without]) {
    const refused = await planOf(await runOn(machine.boot(), detached));
    assert.deepEqual(
      refused.diagnostics.filter(({ severity }) => severity === "error").map(({ code, address }) => [code, address]),
      [["volume-layers-elsewhere", "volume/data"]],
    );
    assert.match(refused.diagnostics.map(({ detail }) => detail).join(), /virsh blockcommit web vdb --active --pivot/);
  }
  await applied(machine, yaml("", "{ volume: data }"));
  assert.ok(sources(machine, "db").includes(elsewhere));
  await applied(machine, yaml("", "{ volume: data }"), { destroy: true });
  assert.equal(machine.files.find(elsewhere), undefined, "the whole chain is removed");
});

for (const way of ["kill -9", "power cut, unsynced names lost"] as const) {
  test(`destroying a guest with layers above its disk is interrupted anywhere, and leaves nothing: ${way}`, async () => {
    const from = createWorld();
    await applied(from, yaml);
    takeSnapshot(web(from), "s1", from.files, true);
    await killEverywhere({ from, yaml, destroy: true }, way);
  });
}

test("a guest that was undefined gets the last layer of its disk again, and an unclear one is an error", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  const { uuid } = web(machine);
  takeSnapshot(web(machine), "s1", machine.files, false);
  takeSnapshot(web(machine), "s2", machine.files, false);
  machine.libvirtd.destroy(web(machine));
  machine.libvirtd.undefine(web(machine), { managedSave: true });
  await applied(machine, yaml);
  assert.ok(sources(machine).includes(`${root}/${uuid}/disk.s2`));
  machine.libvirtd.destroy(web(machine));
  machine.libvirtd.undefine(web(machine), { managedSave: true });
  machine.files.write(`${root}/${uuid}/disk.other`, machine.files.file(`${root}/${uuid}/disk.s1`, "open").content);
  const plan = await planOf(await runOn(machine.boot(), yaml));
  assert.ok(plan.diagnostics.some(({ code, severity }) => code === "disk-layers-unclear" && severity === "error"));
});

test("a base image that a domain of others came to use after the plan is not removed", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  const run = await runOn(machine.boot(), yaml, { destroy: true, images: true });
  const result = await apply(run, (event) => {
    if (event.type === "plan") doByHand(machine, "define a clone on the base image");
  });
  assert.equal(result.verdict, "incomplete");
  assert.deepEqual(
    result.outcomes.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code)),
    ["base-image-in-use"],
  );
  const again = await planOf(await runOn(machine.boot(), yaml, { destroy: true, images: true }));
  assert.deepEqual(
    again.diagnostics.map(({ code, severity }) => [code, severity]),
    [["base-image-in-use", "warning"]],
  );
});
