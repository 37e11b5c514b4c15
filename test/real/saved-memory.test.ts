import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { test } from "node:test";
import { until } from "./support/until.ts";
import { virtform } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  assertNoLeftovers,
  createWorkspace,
  readMarkers,
  tinyGuest,
  tinyImages,
  virsh,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

const MiB = 2 ** 20;

interface Wanted {
  readonly image?: "tiny" | "other";
  readonly ephemeral?: string;
  readonly ram?: string;
  readonly userData?: string;
  readonly power?: "running" | "stopped";
  readonly instances?: false;
}

for (const backend of ["qcow2", "flat"]) {
  test(`a guest on ${backend} whose memory is saved goes on with the disks that it had, and loses it for others with consent only`, async (t) => {
    const workspace = await createWorkspace(t);
    const name = `${workspace.prefix}-saved`;
    const other = `${workspace.directory}/other.qcow2`;
    await copyFile(tinyGuest.disk, other);
    const write = ({ image = "tiny", ephemeral = "32MiB", ram = "192MiB", userData = "first", power = "running", ...more }: Wanted) => {
      const { tiny, ...files } = tinyImages();
      const guest = { image, flavor: "small", power_state: power, user_data: userData };
      return writeConfig(workspace, {
        host: { images_type: backend },
        images: { tiny, other: { ...(tiny as object), source: other }, ...files },
        flavors: { small: { vcpus: 1, ram, disk: "128MiB", ephemeral } },
        instances: more.instances === false ? {} : { [name]: guest },
      });
    };
    const plan = () => virtform("plan", workspace.directory, "--detailed-exitcode");
    const state = async () => (await virsh("domstate", name)).trim();
    const isSaved = async () => (await virsh("list", "--all", "--name", "--with-managed-save")).split("\n").includes(name);
    const memory = async (...options: string[]) => /<memory unit='KiB'>(\d+)</.exec(await virsh("dumpxml", name, ...options))?.[1];

    await write({});
    await apply(workspace);
    assert.equal(readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m)).value("boots"), "1");
    const uuid = (await virsh("domuuid", name)).trim();

    // It goes on, and what is new waits as it would have waited below a guest that runs.
    await virsh("managedsave", name);
    assert.match((await virtform("list", workspace.directory)).stdout, new RegExp(`${name} +saved`));
    assert.match((await plan()).stdout, /its memory was saved, and it should be running/);
    const wanted: Wanted = { ephemeral: "48MiB", ram: "224MiB", userData: "second" };
    await write(wanted);
    const edited = await plan();
    assert.match(edited.stdout, /start from its saved memory/);
    assert.doesNotMatch(edited.stdout, /permanently deleted/);
    await apply(workspace);
    await assertConverged(workspace);
    assert.equal(await state(), "running");
    assert.deepEqual([await memory(), await memory("--inactive")], [String(192 * 1024), String(224 * 1024)]);
    assert.match(await virsh("domblkinfo", name, "vdb"), new RegExp(`Capacity: +${48 * MiB}\\b`));

    // Saved while it was paused, it runs all the same.
    await virsh("suspend", name);
    await virsh("managedsave", name);
    await apply(workspace);
    await assertConverged(workspace);
    assert.equal(await state(), "running");

    // The guest has booted once in all that time.
    await virsh("shutdown", name);
    await until("shutdown of the guest", 90, async () => ((await state()) === "shut off" ? true : undefined));
    await apply(workspace);
    const second = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: boots=\d+$[\s\S]*^virtform-guest: ready$/m));
    assert.deepEqual([second.value("boots"), second.userData, second.disks["vdb"]], ["2", "second", 48 * MiB]);

    // Another disk: consent is required for the memory, which stays until then.
    await virsh("managedsave", name);
    await write({ ...wanted, image: "other" });
    const refused = await virtform("apply", workspace.directory, "--auto-approve", `--allow-destroy=disk/${name}.root`);
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.stdout + refused.stderr, new RegExp(`This would destroy the saved memory of ${name}`));
    assert.equal(await isSaved(), true);
    await apply(workspace, `--allow-destroy=disk/${name}.root`, `--allow-destroy=domain/${name}`);
    await assertConverged(workspace);
    const third = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: boots=1$[\s\S]*^virtform-guest: ready$/m));
    assert.equal(third.disks["vdb"], 48 * MiB);
    assert.equal(await isSaved(), false);

    // To stay off: there is nothing to do, until a disk is to grow.
    await virsh("managedsave", name);
    await write({ ...wanted, image: "other", power: "stopped" });
    await apply(workspace);
    await assertConverged(workspace);
    assert.equal(await isSaved(), true);
    await write({ ...wanted, image: "other", power: "stopped", ephemeral: "64MiB" });
    assert.equal((await virtform("apply", workspace.directory, "--auto-approve")).code, 1);
    await apply(workspace, "--allow-destroy");
    await assertConverged(workspace);
    assert.deepEqual([await state(), await isSaved()], ["shut off", false]);

    await write({ ...wanted, image: "other", ephemeral: "64MiB" });
    await apply(workspace);
    await waitForConsole(workspace, name, /^virtform-guest: ready$/m);
    await virsh("managedsave", name);
    await write({ instances: false });
    const deleting = await plan();
    assert.match(deleting.stdout + deleting.stderr, new RegExp(`- the saved memory of ${name}\\n`));
    await apply(workspace, "--allow-destroy");
    await assertConverged(workspace);
    assert.equal((await virsh("list", "--all", "--uuid")).includes(uuid), false);
    await assertNoLeftovers(workspace);
  });
}
