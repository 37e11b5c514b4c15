import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { mustRun, virtform } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  assertNoLeftovers,
  createWorkspace,
  readMarkers,
  tinyImages,
  virsh,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

const MiB = 2 ** 20;

for (const backend of ["qcow2", "flat"]) {
  test(`a volume on ${backend} goes from guest to guest, grows below a running one, and goes last`, async (t) => {
    const workspace = await createWorkspace(t);
    const [web, db] = [`${workspace.prefix}-web`, `${workspace.prefix}-db`];
    const write = (size: string | undefined, users: Readonly<Record<string, readonly object[]>>) =>
      writeConfig(workspace, {
        host: { images_type: backend },
        images: tinyImages(),
        flavors: { small: { vcpus: 1, ram: "192MiB", disk: "128MiB" } },
        ...(size === undefined ? {} : { volumes: { data: { size, format: "ext4" } } }),
        instances: Object.fromEntries(Object.entries(users).map(([name, volumes]) => [name, { image: "tiny", flavor: "small", volumes }])),
      });
    await write("64MiB", { [web]: [{ volume: "data", device: "vdc" }] });
    await apply(workspace);
    await assertConverged(workspace);
    const first = readMarkers(await waitForConsole(workspace, web, /^virtform-guest: ready$/m));
    // What is called vdc is the second disk of the guest, which counts by itself.
    assert.deepEqual([first.disks["vda"], first.disks["vdb"]], [128 * MiB, 64 * MiB]);
    assert.match(await virsh("domblklist", web), /vdc +\S+\/volumes\/\S+\/disk\n/);
    const [uuid = ""] = await readdir(`${workspace.instancesPath}/volumes`);
    const path = `${workspace.instancesPath}/volumes/${uuid}/disk`;
    const identity = async () => {
      await mustRun("qemu-img", [
        "convert",
        "-U",
        "-f",
        backend === "flat" ? "raw" : "qcow2",
        "-O",
        "raw",
        path,
        `${workspace.directory}/raw`,
      ]);
      return mustRun("blkid", ["-p", "-o", "export", "-s", "UUID", "-s", "LABEL", `${workspace.directory}/raw`]);
    };
    const before = (await identity()).replace(/^DEVNAME=.*\n/m, "");
    assert.match(before, /LABEL=data/);

    await write("96MiB", { [web]: [{ volume: "data", device: "vdc" }] });
    await apply(workspace);
    await assertConverged(workspace);
    assert.match(await virsh("domblkinfo", web, "vdc"), new RegExp(`Capacity: +${96 * MiB}\\b`));

    await write("96MiB", { [web]: [], [db]: [{ volume: "data" }] });
    await apply(workspace);
    await assertConverged(workspace);
    const second = readMarkers(await waitForConsole(workspace, db, /^virtform-guest: ready$/m));
    assert.equal(second.disks["vdb"], 96 * MiB);
    assert.doesNotMatch(await virsh("domblklist", web), /volumes/);

    await write("96MiB", {});
    await apply(workspace, "--allow-destroy");
    await assertConverged(workspace);
    assert.equal((await identity()).replace(/^DEVNAME=.*\n/m, ""), before);
    assert.match(await readFile(`${workspace.instancesPath}/volumes/${uuid}/virtform.json`, "utf8"), /"volume":"data"/);

    await write(undefined, {});
    const refused = await virtform("apply", workspace.directory, "--auto-approve");
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.stdout + refused.stderr, /96MiB volume data with all that is in it/);
    await apply(workspace, "--allow-destroy");
    await assertConverged(workspace);
    assert.deepEqual(await readdir(`${workspace.instancesPath}/volumes`), []);
    await assertNoLeftovers(workspace);
  });
}

test("a guest boots from a volume, and another one goes on from where it was", async (t) => {
  const workspace = await createWorkspace(t);
  const write = (name: string) =>
    writeConfig(workspace, {
      images: tinyImages(),
      flavors: { small: { vcpus: 1, ram: "192MiB", disk: "0GiB", swap: "16MiB" } },
      volumes: { system: { size: "128MiB", image: "tiny" } },
      instances: { [name]: { flavor: "small", volumes: [{ volume: "system", boot_index: 0 }] } },
    });
  const [first, second] = [`${workspace.prefix}-first`, `${workspace.prefix}-second`];
  await write(first);
  await apply(workspace);
  await assertConverged(workspace);
  const before = readMarkers(await waitForConsole(workspace, first, /^virtform-guest: ready$/m));
  assert.deepEqual([before.disks["vda"], before.disks["vdb"], before.value("boots")], [128 * MiB, 16 * MiB, "1"]);
  await write(second);
  await apply(workspace, "--allow-destroy");
  await assertConverged(workspace);
  const after = readMarkers(await waitForConsole(workspace, second, /^virtform-guest: ready$/m));
  assert.equal(after.value("boots"), "2");
  await assertNoLeftovers(workspace);
});
