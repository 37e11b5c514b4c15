import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { until } from "./support/until.ts";
import {
  assertNoLeftovers,
  createWorkspace,
  publicKey,
  readMarkers,
  tinyImages,
  virsh,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

const MiB = 2 ** 20;

for (const backend of ["qcow2", "flat"]) {
  for (const format of ["iso9660", "vfat"]) {
    test(`a guest on ${backend} reads its ${format} drive, keeps running through edits and has them after its next boot`, async (t) => {
      const workspace = await createWorkspace(t);
      const name = `${workspace.prefix}-one`;
      const write = (options: { readonly disk: string; readonly userData: string }) =>
        writeConfig(workspace, {
          host: { images_type: backend },
          images: tinyImages(),
          flavors: { small: { vcpus: 1, ram: "192MiB", disk: options.disk } },
          key_pairs: { ops: { public_key: publicKey } },
          instances: {
            [name]: {
              image: "tiny",
              flavor: "small",
              config_drive: { format },
              key_pair: "ops",
              metadata: { role: "real test" },
              user_data: options.userData,
            },
          },
        });
      const plan = (...options: string[]) => virtform("plan", workspace.directory, ...options);

      await write({ disk: "256MiB", userData: "first words\nof the user\n" });
      const empty = await plan("--detailed-exitcode");
      assert.equal(empty.code, 2, empty.stderr);
      await apply(workspace);
      await assertConverged(workspace);

      const uuid = (await virsh("domuuid", name)).trim();
      const first = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m));
      assert.equal(first.value("uuid"), uuid);
      assert.equal(first.value("hostname"), name);
      assert.deepEqual(first.keys, [publicKey]);
      assert.equal(first.userData, "first words\nof the user\n");
      assert.match(first.value("meta") ?? "", /"role": ?"real test"/);
      assert.match(first.value("config-drive") ?? "", new RegExp(`^\\w+ type=${format}$`));
      assert.equal(first.disks["vda"], 256 * MiB);
      assert.equal(first.value("root"), "virtform tiny guest");
      assert.equal(first.value("boots"), "1");
      const runningAs = await virsh("domid", name);

      await write({ disk: "256MiB", userData: "second words" });
      const edited = await plan("--detailed-exitcode");
      assert.equal(edited.code, 2);
      assert.match(edited.stdout, format === "iso9660" ? /exchange the CD of the running guest/ : /next boot/);
      assert.match(edited.stdout, /^Plan: 0 to add, [1-9]\d* to change, 0 to destroy\.$/m);
      assert.match(edited.stdout, new RegExp(`~ .*${name}`));
      await apply(workspace);
      await assertConverged(workspace);

      await write({ disk: "320MiB", userData: "second words" });
      const grown = await plan("--detailed-exitcode");
      assert.equal(grown.code, 2);
      assert.match(grown.stdout, /256MiB → 320MiB/);
      assert.match(grown.stdout, /^Plan: 0 to add, [1-9]\d* to change, 0 to destroy\.$/m);
      await apply(workspace);
      await assertConverged(workspace);
      assert.equal(await virsh("domid", name), runningAs, "an update in place must not restart the guest");

      // The power button, pressed by hand: drift, which apply corrects.
      await virsh("shutdown", name);
      await until("shutdown of the guest", 60, async () => ((await virsh("domstate", name)).trim() === "shut off" ? true : undefined));
      assert.equal((await plan("--detailed-exitcode")).code, 2);
      await apply(workspace);
      const second = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: boots=2$[\s\S]*^virtform-guest: ready$/m));
      assert.equal(second.userData, "second words");
      assert.equal(second.disks["vda"], 320 * MiB);
      assert.equal(second.value("uuid"), uuid);
      await assertConverged(workspace);
      await assertNoLeftovers(workspace);
    });
  }
}
