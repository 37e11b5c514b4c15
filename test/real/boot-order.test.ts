import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { isoImage } from "../../src/tools/iso9660/iso9660.ts";
import { speakingDisk } from "../support/speaking-disk.ts";
import { apply, assertConverged } from "./support/in-this-process.ts";
import { createWorkspace, virsh, waitForConsole, writeConfig } from "./support/workspace.ts";

test("Nova BLK-09, BLK-10: a firmware that cannot boot from the CD boots from the disk of the lowest boot_index", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-order`;
  const at = (file: string) => `${workspace.directory}/${file}`;
  // No boot record: the firmware has to go on.
  await writeFile(at("disc.iso"), isoImage("nothing", new Map([["readme", Buffer.from("not bootable")]])));
  for (const disk of ["first", "second"]) await writeFile(at(`${disk}.raw`), speakingDisk(`this is the ${disk} disk`));
  const write = (indexes: readonly [number, number]) =>
    writeConfig(workspace, {
      images: {
        // The old PC, for a disk on IDE beside those on virtio.
        disc: { source: at("disc.iso"), disk_format: "iso", properties: { hw_machine_type: "pc" } },
        first: { source: at("first.raw"), disk_format: "raw" },
        second: { source: at("second.raw"), disk_format: "raw" },
      },
      flavors: { small: { vcpus: 1, ram: "128MiB", disk: "0GiB", ephemeral: "16MiB" } },
      volumes: { first: { size: "1MiB", image: "first" }, second: { size: "1MiB", image: "second" } },
      instances: {
        [name]: {
          image: "disc",
          flavor: "small",
          config_drive: false,
          ephemerals: [{ size: "16MiB", boot_index: 9 }],
          volumes: [
            { volume: "first", boot_index: indexes[0] },
            { volume: "second", boot_index: indexes[1], device: "hdb" },
          ],
        },
      },
    });
  // The first disk by name is an empty one. SeaBIOS tries no more than one hard disk: the first by its order.
  await write([3, 2]);
  await apply(workspace);
  await assertConverged(workspace);
  assert.doesNotMatch(await waitForConsole(workspace, name, /^this is the second disk$/m), /first disk/);
  await write([3, -1]);
  // It would not hear a request to shut down.
  await virsh("destroy", name);
  await apply(workspace);
  await assertConverged(workspace);
  assert.doesNotMatch(await waitForConsole(workspace, name, /^this is the first disk$/m), /second disk/);
  const orders = Array.from(
    (await virsh("dumpxml", name)).matchAll(/<disk [\s\S]*?<\/disk>/g),
    ([disk]) => /target dev='(\w+)'/.exec(disk)?.[1] + (/boot order='(\d+)'/.exec(disk)?.[1] ?? ""),
  );
  assert.deepEqual(orders.sort(), ["hda1", "hdb", "vda10", "vdb4"]);
});
