import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { countingDisk } from "../support/speaking-disk.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { createWorkspace, roomy, virsh, writeConfig } from "./support/workspace.ts";

test("named ephemerals, rebuild and --replace: what goes is what the plan says, and only that", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, instancesPath, prefix } = workspace;
  const name = `${prefix}-web`;
  for (const [file, line] of [
    ["one", "first"],
    ["two", "second"],
  ] as const)
    await writeFile(`${directory}/${file}.raw`, countingDisk(line));
  const write = (keys: object, source = "one") =>
    writeConfig(workspace, {
      host: { allocation_ratio: { ...roomy, disk: 100 } },
      images: { counting: { source: `${directory}/${source}.raw`, disk_format: "raw" } },
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "16MiB", ephemeral: "64MiB" } },
      volumes: { data: { size: "16MiB", images_type: "flat" } },
      instances: {
        [name]: {
          image: "counting",
          flavor: "small",
          config_drive: false,
          shutdown: { timeout: "1s" },
          volumes: [{ volume: "data", device: "vdx" }],
          ...keys,
        },
      },
    });
  const cache = { name: "cache", size: "16MiB", format: "ext4" };
  const scratch = { name: "scratch", size: "16MiB", format: "ext4" };
  await write({ ephemerals: [cache, scratch].map(({ size, format }) => ({ size, format })) });
  await apply(workspace);
  const uuid = (await virsh("domuuid", name)).trim();
  const inode = async (file: string) => (await stat(`${instancesPath}/${uuid}/${file}`)).ino;
  const pid = async () => (await readFile(`/run/libvirt/qemu/${name}.pid`, "utf8")).trim();
  // By its backing file: the number of a removed file can be given again.
  const rootBase = async () => /_base\/([0-9a-f]{40})/.exec(await readFile(`${instancesPath}/${uuid}/disk`, "latin1"))?.[1];
  const [root, second, first] = [await rootBase(), await inode("disk.eph1"), await pid()];

  // A disk that gets a name is no other disk. A boot sector releases no virtio disk, so the guest is off where one goes.
  await write({ ephemerals: [cache, scratch] });
  await apply(workspace);
  await assertConverged(workspace);
  assert.deepEqual([await inode("disk.eph1"), await pid()], [second, first]);
  await virsh("destroy", name);
  await write({ ephemerals: [scratch], power_state: "stopped" });
  await apply(workspace, "--allow-destroy");
  await assertConverged(workspace);
  assert.equal(await inode("disk.eph1"), second);
  await assert.rejects(inode("disk.eph0"));

  // New content of the image: behind it with the usual policy, rebuilt with the other.
  const ephemerals = [scratch];
  await write({ ephemerals }, "two");
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal(await rootBase(), root);
  assert.match((await virtform("list", directory)).stdout, /behind/);
  await write({ ephemerals, rebuild: "on_image_change" }, "two");
  await apply(workspace, "--allow-destroy");
  await assertConverged(workspace);
  const rebuilt = await rootBase();
  assert.notEqual(rebuilt, root);

  // The volume of the running guest, and nothing else.
  const source = /<source file='([^']*\/volumes\/[^']*)'/.exec(await virsh("dumpxml", name))?.[1] ?? "";
  await virsh("destroy", name);
  await writeFile(source, Buffer.alloc(2 ** 24, "precious"));
  await write({ ephemerals, rebuild: "on_image_change" }, "two");
  await apply(workspace);
  const running = await pid();
  const refused = await virtform("apply", directory, "--auto-approve", "--replace", "volume/data");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /16MiB volume data with all that is in it/);
  assert.equal(await pid(), running, "nothing is done without consent");
  await apply(workspace, "--replace", "volume/data", "--allow-destroy=volume/data");
  await assertConverged(workspace);
  assert.ok((await readFile(source)).every((byte) => byte === 0));
  assert.notEqual(await pid(), running);
  assert.deepEqual([await rootBase(), await inode("disk.eph1")], [rebuilt, second]);
});
