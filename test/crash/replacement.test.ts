import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { makeQcow2 } from "../fake-host/qcow2.ts";
import { readSparse } from "../fake-host/sparse.ts";
import { guests } from "./guests.ts";
import { type Shop, shop } from "./shop.ts";
import { applied, apply, checksum, createWorld, images, layout, planOf, runOn, summary } from "./world.ts";

const alone = { instances: ["web"] } as const;
const fedora = "https://images.test/fedora.qcow2";

function web(machine: Machine) {
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  return domain;
}

const rootDisk = (machine: Machine) => machine.files.find(`${layout.instance(web(machine).uuid)}/disk`)?.number;

/** The shop without the image that comes later. */
const first = (options: Shop = alone) => shop(options).replace(/ {2}fedora:[\s\S]*?(?= {2}linux)/, "");

async function after(yaml: string): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, yaml);
  return machine;
}

const unfetchable = {
  "a fetch that fails": { fails: "404 Not Found" },
  "other bytes than the checksum says": Buffer.from("something else"),
};
for (const [why, answer] of Object.entries(unfetchable)) {
  test(`${why}: the guest keeps running with its present disk`, async () => {
    const machine = await after(first());
    const before = rootDisk(machine);
    machine.urls.set(fedora, answer);
    const wanted = shop({ ...alone, image: "fedora" });
    const { verdict, outcomes } = await apply(await runOn(machine.boot(), wanted));
    assert.equal(verdict, "incomplete");
    assert.deepEqual(
      outcomes.filter(({ status }) => status === "failed").map(({ action }) => action),
      ["image/fedora#fetch"],
    );
    assert.equal(rootDisk(machine), before);
    assert.equal(web(machine).state, 1);

    machine.urls.set(fedora, images[fedora]);
    await applied(machine, wanted);
    assert.notEqual(rootDisk(machine), before);
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), wanted))), []);
  });
}

test("an image that turns out to be too large after it was fetched: the guest keeps running with its present disk", async () => {
  const machine = await after(first({ ...alone, disk: "64MiB" }));
  const before = rootDisk(machine);
  const large = readSparse(makeQcow2({ size: 128 * 2 ** 20, data: Buffer.from("large") }));
  machine.urls.set(fedora, large);
  const digest = `sha256:${createHash("sha256").update(large).digest("hex")}`;
  const wanted = shop({ ...alone, disk: "64MiB", image: "fedora" }).replace(checksum(fedora), digest);
  const { verdict, outcomes } = await apply(await runOn(machine.boot(), wanted));
  assert.equal(verdict, "incomplete");
  assert.match(outcomes.find(({ status }) => status === "failed")?.diagnostics[0]?.summary ?? "", /Image fedora is a disk of 128MiB/);
  assert.equal(rootDisk(machine), before);
  assert.equal(web(machine).state, 1);
});

test("an image in the cache that is too large for the flavor is an error of the plan, for a new guest and for one that is there", async () => {
  const wanted = guests().replace("disk: 1GiB", "disk: 32MiB");
  const machine = await after(wanted.replace(/instances:[\s\S]*/, "instances: {}\n"));
  const { diagnostics } = await planOf(await runOn(machine.boot(), wanted));
  assert.deepEqual(
    diagnostics.map(({ code, address }) => [code, address]),
    [["flavor-disk-smaller-than-image", "image/debian"]],
  );
  const existing = await after(shop(alone));
  const smaller = shop({ ...alone, image: "fedora", disk: "32MiB" });
  const { diagnostics: again } = await planOf(await runOn(existing.boot(), smaller));
  assert.deepEqual(
    again.map(({ code, address }) => [code, address]),
    [["flavor-disk-smaller-than-image", "image/fedora"]],
  );
});

test("rescue and another root disk in one apply: the guest keeps running until all images are fetched", async () => {
  const machine = await after(first());
  machine.urls.set(fedora, { fails: "404 Not Found" });
  const wanted = shop({ ...alone, image: "fedora" }).replace("    flavor: small\n", "    flavor: small\n    rescue: { image: debian }\n");
  assert.equal((await apply(await runOn(machine.boot(), wanted))).verdict, "incomplete");
  assert.equal(web(machine).state, 1);
  machine.urls.set(fedora, images[fedora]);
  await applied(machine, wanted);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), wanted))), []);
});

test("a disk that can grow while the guest runs has grown before the guest is switched off for another one", async () => {
  const before = guests({ ephemeral: "64MiB" });
  const machine = await after(before);
  const wanted = guests({ ephemeral: "128MiB" })
    .replaceAll("debian", "fedora")
    .replaceAll(checksum("https://images.test/debian.qcow2"), checksum(fedora));
  const { actions } = await planOf(await runOn(machine.boot(), wanted));
  assert.ok(actions.find(({ id }) => id === "domain/web#stop")?.after.includes("disk/web.local#grow"));
  await applied(machine, wanted);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), wanted))), []);
  assert.equal(web(machine).state, 1);
});

test("a disk grows before its guest is switched off for good", async () => {
  const machine = await after(guests({ ephemeral: "64MiB" }));
  const wanted = guests({ ephemeral: "128MiB", power: "stopped" });
  const { actions } = await planOf(await runOn(machine.boot(), wanted));
  assert.deepEqual(actions.find(({ id }) => id === "domain/web#stop")?.after, ["disk/web.local#grow"]);
  await applied(machine, wanted);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), wanted))), []);
});

test("a volume grows before its guest is switched off for another root disk, or goes", async () => {
  const volume = (size: string) => `volumes: { data: { size: ${size} } }\n`;
  const more = "    volumes: [ { volume: data } ]\n";
  const wanted = guests({ more, sections: volume("2GiB") })
    .replaceAll("debian", "fedora")
    .replaceAll(checksum("https://images.test/debian.qcow2"), checksum(fedora));
  const gone = wanted.replace(/instances:[\s\S]*?(?=volumes: \{)/, "instances: {}\n");
  for (const [yaml, last] of [
    [wanted, "domain/web#stop"],
    [gone, "domain/web#undefine"],
  ] as const) {
    const machine = await after(guests({ more, sections: volume("1GiB") }));
    const { actions } = await planOf(await runOn(machine.boot(), yaml));
    assert.ok(actions.find(({ id }) => id === last)?.after.includes("volume/data#grow"));
    await applied(machine, yaml);
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), []);
  }
});

test("the only disk of a guest is recreated, and what is beside it stays", async () => {
  const yaml = guests({ more: "    config_drive: false\n" });
  const machine = await after(yaml);
  const beside = ["libvirt.xml", "nvram.fd"].map((name) => layout.instanceFile(web(machine).uuid, name));
  machine.put(beside[1] ?? "", "variables of the firmware");
  await applied(machine, yaml, { replace: ["web"] });
  for (const path of beside) assert.ok(machine.files.find(path), path);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), []);
});
