import assert from "node:assert/strict";
import { test } from "node:test";
import { collection } from "../../src/commands/collection.ts";
import type { Machine } from "../fake-host/machine.ts";
import { applied, apply, checksum, createWorld, layout, planOf, root, runOn, summary } from "./world.ts";

const header = "project: shop\nhost: { virt_type: qemu }\n";
const image = (name: string) => `  ${name}:\n    source: https://images.test/${name}.qcow2\n    disk_format: qcow2\n`;
const flavors = "flavors:\n  small: { vcpus: 1, ram: 512MiB, disk: 2GiB, ephemeral: 1GiB }\n";
const web = "instances:\n  web: { image: debian, flavor: small, power_state: stopped }\n";
const both = `${header}images:\n${image("debian")}${image("fedora")}${flavors}${web}`;
const debianOnly = `${header}images:\n${image("debian")}${flavors}${web}`;
const other = both.replace("project: shop", "project: other").replace("  web:", "  cart:");

const collectOn = (machine: Machine, yaml: string, collect: string) => runOn(machine.boot(), yaml, { collect });

test("a base image that no disk and no image needs is removed, also one of another project; others are kept", async () => {
  const machine = createWorld();
  await applied(machine, both);
  await applied(machine, other);
  await applied(machine, `${header.replace("shop", "other")}`);

  const kept = await planOf(await collectOn(machine, debianOnly, "90000d"));
  assert.deepEqual(summary(kept), []);
  const note = kept.diagnostics.find(({ code }) => code === "unused-and-young");
  assert.match(`${note?.summary}`, /2 unused entries of the image cache.*minimum age of 90000 days/);
  assert.match(`${note?.detail}`, /base image of fedora/);

  const all = await planOf(await collectOn(machine, debianOnly, "0s"));
  // Beside it goes the empty disk of the other project's guest.
  const [disk = "", base = ""] = summary(all).sort().reverse();
  assert.equal(all.changes.length, 2);
  assert.match(disk, /^delete base\/ephemeral_1G/);
  assert.match(base, /^delete base\/[0-9a-f]{40}: no disk is backed by the base image of fedora, .*project shop fetched it from https:/);
  assert.deepEqual(
    all.changes.find(({ address }) => /^base\/[0-9a-f]{40}$/.test(address))?.fields.map(({ path }) => path),
    ["allocated", "age"],
  );

  const done = await apply(await collectOn(machine, debianOnly, "0s"));
  assert.equal(done.verdict, "done");
  assert.deepEqual(summary(await planOf(await collectOn(machine, debianOnly, "0s"))), []);
  // Nothing that is in use is gone.
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), debianOnly))), []);
});

test("what is wanted and not used is kept", async () => {
  const machine = createWorld();
  await applied(machine, both);
  assert.deepEqual(summary(await planOf(await collectOn(machine, both, "0s"))), []);
});

test("an empty disk is removed with its last user", async () => {
  const machine = createWorld();
  await applied(machine, both);
  assert.deepEqual(summary(await planOf(await collectOn(machine, both, "0s"))), []);
  await applied(machine, both.replace(web, ""));
  const found = summary(await planOf(await collectOn(machine, both.replace(web, ""), "0s")));
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /^delete base\/ephemeral_1G.*: no disk is backed by it; it is created again when needed/);
});

test("files of an interrupted fetch are lines of the plan, and removed", async () => {
  const machine = createWorld();
  await applied(machine, both);
  const entry = "0123456789abcdef0123456789abcdef01234567";
  machine.put(layout.basePart(entry), "half an image");
  machine.put(layout.baseSidecar(entry), "{}");
  const run = await collectOn(machine, both, "0s");
  const made = await planOf(run);
  assert.deepEqual(summary(made), [
    `delete leftover/${entry}: left by an interrupted fetch; it is kept if a fetch of this image is running`,
  ]);
  assert.match(made.actions[0]?.summary ?? "", /^remove 2 files of an interrupted fetch \(/);
  assert.equal((await apply(await collectOn(machine, both, "0s"))).verdict, "done");
  assert.deepEqual(
    machine.snapshot().filter((line) => line.includes(entry) && line.includes(`${root}/_base`)),
    [],
  );
});

test("a base image below a foreign disk in an instance directory is kept", async () => {
  const machine = createWorld();
  await applied(machine, both);
  await applied(machine, debianOnly);
  const unused = await planOf(await collectOn(machine, debianOnly, "0s"));
  const base = unused.changes[0]?.address.replace("base/", "") ?? "";
  const host = machine.boot();
  const copied = await host.run({
    program: "qemu-img",
    args: ["create", "-f", "qcow2", "-F", "raw", "-b", `${root}/_base/${base}`, `${root}/ffffffff-0000-4000-8000-000000000001/disk.x`],
    timeoutMs: 1000,
  });
  assert.equal(copied.exitCode, 0);
  await host.close();
  const { verdict, outcomes } = await apply(await collectOn(machine, debianOnly, "0s"));
  assert.equal(verdict, "incomplete");
  assert.equal(outcomes[0]?.diagnostics[0]?.code, "base-image-in-use");
});

test("a minimum age that is no time is refused", () => {
  assert.throws(() => collection({}, "a week"), /--min-age/);
});

for (const backend of ["flat", "qcow2"]) {
  test(`an image whose checksum is written later is no new content, also after its first base image was removed: ${backend}`, async () => {
    const machine = createWorld();
    // The record of the disk is written again when it grows.
    const larger = debianOnly
      .replace("virt_type: qemu", `virt_type: qemu, images_type: ${backend}`)
      .replace("{ image: debian,", "{ image: debian, rebuild: on_image_change,")
      .replace("disk: 2GiB", "disk: 3GiB");
    await applied(machine, larger.replace("disk: 3GiB", "disk: 2GiB"));
    await applied(machine, larger);
    const pinned = (name: "debian" | "fedora") =>
      larger
        .replace("debian.qcow2", `${name}.qcow2`)
        .replace("disk_format", `checksum: ${checksum(`https://images.test/${name}.qcow2`)}\n    disk_format`);
    const collected = await apply(await collectOn(machine, pinned("debian"), "0s"));
    assert.equal(collected.verdict, backend === "qcow2" ? "nothing-to-do" : "done");
    const bases = machine.files.walk().filter(([path]) => /\/_base\/[0-9a-f]{40}$/.test(path)).length;
    assert.equal(bases, backend === "qcow2" ? 1 : 0, "a base image that backs the disk is kept");

    const [fetched = "", ...others] = summary(await planOf(await runOn(machine.boot(), pinned("debian"))));
    assert.match(fetched, /^create image\/debian/);
    assert.deepEqual(others, []);
    await applied(machine, pinned("debian"));
    const after = await planOf(await runOn(machine.boot(), pinned("debian")));
    assert.deepEqual([summary(after), after.diagnostics.filter(({ code }) => code === "behind-image")], [[], []]);

    const replaced = summary(await planOf(await runOn(machine.boot(), pinned("fedora"))));
    assert.ok(replaced.includes("replace disk/web.root: the content of its image changed"), replaced.join("\n"));
  });
}
