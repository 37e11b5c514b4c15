import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { createWorkspace, readMarkers, tinyImages, tree, virsh, waitForConsole, writeConfig } from "./support/workspace.ts";

const MiB = 2 ** 20;

test("a guest boots from a ploop directory, and image and descriptor grow together while it runs", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-one`;
  const write = (disk: string) =>
    writeConfig(workspace, {
      host: { images_type: "ploop" },
      images: tinyImages(),
      flavors: { small: { vcpus: 1, ram: "192MiB", disk } },
      instances: { [name]: { image: "tiny", flavor: "small" } },
    });
  await write("256MiB");
  await apply(workspace);
  await assertConverged(workspace);
  const uuid = (await virsh("domuuid", name)).trim();
  const first = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m));
  assert.equal(first.disks["vda"], 256 * MiB);
  assert.equal(first.value("root"), "virtform tiny guest");

  await write("320MiB");
  await apply(workspace);
  await assertConverged(workspace);
  const directory = `${workspace.instancesPath}/${uuid}/disk`;
  assert.deepEqual(await tree(directory), ["DiskDescriptor.xml", "root.hds"]);
  assert.match(await readFile(`${directory}/DiskDescriptor.xml`, "utf8"), new RegExp(`<Disk_size>${(320 * MiB) / 512}</Disk_size>`));

  await virsh("destroy", name);
  await apply(workspace);
  const second = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: boots=2$[\s\S]*^virtform-guest: ready$/m));
  assert.equal(second.disks["vda"], 320 * MiB);

  const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
  assert.ok(!(await tree(workspace.instancesPath)).some((path) => path.startsWith(uuid)));
});
