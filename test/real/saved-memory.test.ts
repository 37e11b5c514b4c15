import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { promisify } from "node:util";
import { countingDisk } from "../support/speaking-disk.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { until } from "./support/until.ts";
import {
  assertNoLeftovers,
  createWorkspace,
  readMarkers,
  tinyGuest,
  tinyImages,
  virsh,
  type Workspace,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

const MiB = 2 ** 20;

interface Wanted {
  readonly image?: "tiny" | "other";
  readonly ephemeral?: string;
  /** MiB. */
  readonly ram?: number;
  readonly userData?: string;
  readonly power?: "running" | "stopped";
  readonly instances?: false;
}

/** A guest to boot, and how it tells what it saw. */
interface Kind {
  readonly images: (workspace: Workspace) => Promise<Record<"tiny" | "other", object>>;
  readonly rams: readonly [small: number, large: number];
  /** Waits until it has booted that many times. */
  readonly booted: (workspace: Workspace, name: string, times: number) => Promise<string>;
  readonly switchOff: (name: string) => Promise<unknown>;
}

const linux: Kind = {
  async images({ directory }) {
    const other = `${directory}/other.qcow2`;
    // Not compressed, so that its bytes differ: an image of the same bytes is the same image under another name.
    await promisify(execFile)("qemu-img", ["convert", "-f", "qcow2", "-O", "qcow2", tinyGuest.disk, other]);
    const { tiny, ...files } = tinyImages();
    return { tiny: tiny as object, other: { ...(tiny as object), source: other }, ...files };
  },
  rams: [192, 224],
  booted: (workspace, name, times) =>
    waitForConsole(workspace, name, new RegExp(`^virtform-guest: boots=${times}$[\\s\\S]*^virtform-guest: ready$`, "m")),
  switchOff: (name) => virsh("shutdown", name),
};

/** Nothing but a boot sector, which does not hear the power button. */
const counting: Kind = {
  async images({ directory }) {
    const at = (name: string) => `${directory}/${name}.raw`;
    for (const name of ["tiny", "other"]) await writeFile(at(name), countingDisk(`this is ${name}`));
    return { tiny: { source: at("tiny"), disk_format: "raw" }, other: { source: at("other"), disk_format: "raw" } };
  },
  rams: [64, 96],
  booted: (workspace, name, times) => waitForConsole(workspace, name, new RegExp(`^boots=${times}$`, "m")),
  switchOff: (name) => virsh("destroy", name),
};

// What is done about saved memory does not depend on what the guest is: with one of the drivers it is Linux, which says what it sees.
for (const [backend, kind] of [
  ["qcow2", linux],
  ["flat", counting],
] as const) {
  test(`a saved guest on ${backend} is restored with its disks; replacing them deletes the memory, with consent only`, async (t) => {
    const workspace = await createWorkspace(t);
    const name = `${workspace.prefix}-saved`;
    const images = await kind.images(workspace);
    const [small, large] = kind.rams;
    const write = ({ image = "tiny", ephemeral = "32MiB", ram = small, userData = "first", power = "running", ...more }: Wanted) => {
      const guest = { image, flavor: "small", power_state: power, user_data: userData };
      return writeConfig(workspace, {
        host: { images_type: backend },
        images,
        flavors: { small: { vcpus: 1, ram: `${ram}MiB`, disk: "128MiB", ephemeral } },
        instances: more.instances === false ? {} : { [name]: guest },
      });
    };
    const plan = () => virtform("plan", workspace.directory, "--detailed-exitcode");
    const state = async () => (await virsh("domstate", name)).trim();
    const isSaved = async () => (await virsh("list", "--all", "--name", "--with-managed-save")).split("\n").includes(name);
    const memory = async (...options: string[]) => /<memory unit='KiB'>(\d+)</.exec(await virsh("dumpxml", name, ...options))?.[1];

    await write({});
    await apply(workspace);
    await kind.booted(workspace, name, 1);
    const uuid = (await virsh("domuuid", name)).trim();

    // It goes on, and what is new waits as it would have waited below a guest that runs.
    await virsh("managedsave", name);
    assert.match((await virtform("list", workspace.directory)).stdout, new RegExp(`${name} +saved`));
    assert.match((await plan()).stdout, /its memory was saved, and it should be running/);
    const wanted: Wanted = { ephemeral: "48MiB", ram: large, userData: "second" };
    await write(wanted);
    const edited = await plan();
    assert.match(edited.stdout, /start from its saved memory/);
    assert.doesNotMatch(edited.stdout, /permanently deleted/);
    await apply(workspace);
    await assertConverged(workspace);
    assert.equal(await state(), "running");
    assert.deepEqual([await memory(), await memory("--inactive")], [String(small * 1024), String(large * 1024)]);
    assert.match(await virsh("domblkinfo", name, "vdb"), new RegExp(`Capacity: +${48 * MiB}\\b`));

    // Saved while it was paused, it runs all the same.
    await virsh("suspend", name);
    await virsh("managedsave", name);
    await apply(workspace);
    await assertConverged(workspace);
    assert.equal(await state(), "running");

    // The guest has booted once in all that time.
    await kind.switchOff(name);
    await until("shutdown of the guest", 90, async () => ((await state()) === "shut off" ? true : undefined));
    await apply(workspace);
    const second = readMarkers(await kind.booted(workspace, name, 2));
    if (kind === linux) assert.deepEqual([second.userData, second.disks["vdb"]], ["second", 48 * MiB]);
    assert.match(await virsh("domblkinfo", name, "vdb"), new RegExp(`Capacity: +${48 * MiB}\\b`));

    // Another disk: consent is required for the memory, which stays until then.
    await virsh("managedsave", name);
    await write({ ...wanted, image: "other" });
    const refused = await virtform("apply", workspace.directory, "--auto-approve", `--allow-destroy=disk/${name}.root`);
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.stdout + refused.stderr, new RegExp(`This would destroy the saved memory of ${name}`));
    assert.equal(await isSaved(), true);
    await apply(workspace, `--allow-destroy=disk/${name}.root`, `--allow-destroy=domain/${name}`);
    await assertConverged(workspace);
    await kind.booted(workspace, name, 1);
    assert.match(await virsh("domblkinfo", name, "vdb"), new RegExp(`Capacity: +${48 * MiB}\\b`));
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
    await kind.booted(workspace, name, 2);
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
