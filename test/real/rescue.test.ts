import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { startCeph } from "../support/ceph.ts";
import { countingDisk, speakingDisk } from "../support/speaking-disk.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { mustRun } from "./support/virtform.ts";
import {
  assertNoLeftovers,
  createWorkspace,
  readMarkers,
  tinyImages,
  tree,
  virsh,
  type Workspace,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

const MiB = 2 ** 20;
/** Seconds: a busy machine emulates slowly. */
const deadline = 300;

/** Target and file of each disk that the guest has now, by target: libvirt has an order of its own. */
async function attached(name: string): Promise<string[]> {
  return Array.from(
    (await virsh("domblklist", name)).matchAll(/^ *(\w+) +\S*\/([^/\s]+)$/gm),
    ([, target, file]) => `${target} ${file}`,
  ).toSorted();
}

/** A raw image with a filesystem that says who it is and counts boots. */
async function doctorImage(directory: string): Promise<string> {
  const [tree, path] = [`${directory}/doctor`, `${directory}/doctor.raw`];
  await mkdir(tree);
  await writeFile(`${tree}/release`, "the doctor\n");
  await writeFile(`${tree}/boots`, "0\n");
  await mustRun("truncate", ["-s", "48M", path]);
  await mustRun("mke2fs", ["-q", "-t", "ext4", "-d", tree, path]);
  return path;
}

// A guest with Linux says itself what it sees; below, one that only counts its boots serves.
test("a guest on qcow2 is rescued with another image, sees its own disk as the second, and boots from it afterwards", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-patient`;
  const doctor = {
    source: await doctorImage(workspace.directory),
    disk_format: "raw",
    kernel: "tiny-kernel",
    ramdisk: "tiny-ramdisk",
  };
  const write = (rescue: false | { readonly image: string }) =>
    writeConfig(workspace, {
      host: { images_type: "qcow2" },
      images: { ...tinyImages(), doctor },
      flavors: { small: { vcpus: 1, ram: "192MiB", disk: "128MiB", swap: "16MiB" } },
      instances: { [name]: { image: "tiny", flavor: "small", rescue } },
    });
  const seen = async () => readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m, deadline));
  await write(false);
  await apply(workspace);
  const healthy = await seen();
  assert.deepEqual([healthy.value("root"), healthy.value("boots"), healthy.disks["vda"]], ["virtform tiny guest", "1", 128 * MiB]);
  const directory = `${workspace.instancesPath}/${(await virsh("domuuid", name)).trim()}`;
  // Logs of earlier starts are kept.
  const found = async () => (await readdir(directory)).filter((file) => !file.startsWith("console.log.")).toSorted();
  const files = await found();
  const disks = await attached(name);

  await write({ image: "doctor" });
  const entering = await virtform("plan", workspace.directory);
  assert.match(entering.stdout, /it goes into rescue[\s\S]*restarts the guest/);
  await apply(workspace);
  await assertConverged(workspace);
  const rescued = await seen();
  assert.deepEqual([rescued.value("root"), rescued.value("boots")], ["the doctor", "1"]);
  assert.deepEqual(
    ["vda", "vdb", "vdc"].map((target) => (rescued.disks[target] ?? 0) / MiB),
    [48, 128, 16],
  );
  assert.equal(rescued.value("uuid"), healthy.value("uuid"), "it has its config drive");
  assert.deepEqual(await attached(name), ["sda disk.config", "vda disk.rescue", "vdb disk", "vdc disk.swap"]);
  assert.deepEqual(
    (await found()).filter((file) => !files.includes(file)),
    ["disk.rescue", "kernel.rescue", "ramdisk.rescue"],
  );

  await write(false);
  const leaving = await virtform("plan", workspace.directory);
  assert.match(leaving.stdout, /it leaves rescue[\s\S]*restarts the guest/);
  await apply(workspace);
  await assertConverged(workspace);
  const back = await seen();
  assert.deepEqual([back.value("root"), back.value("boots"), back.disks["vda"]], ["virtform tiny guest", "2", 128 * MiB]);
  assert.deepEqual([await attached(name), await found()], [disks, files]);
  await assertNoLeftovers(workspace);
});

/** Rescues a guest that counts its boots with another one that does, and gives it back. Gives what each boot saw. */
async function rescueAndReturn(t: TestContext, host: object, look: (workspace: Workspace) => Promise<string[]>): Promise<string[][]> {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-patient`;
  const at = (file: string) => `${workspace.directory}/${file}.raw`;
  for (const disk of ["own", "doctor"]) await writeFile(at(disk), countingDisk(`this is ${disk}`));
  const write = (rescue: false | { readonly image: string }) =>
    writeConfig(workspace, {
      host,
      images: { own: { source: at("own"), disk_format: "raw" }, doctor: { source: at("doctor"), disk_format: "raw" } },
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "128MiB" } },
      instances: { [name]: { image: "own", flavor: "small", rescue } },
    });
  const size = async (target: string) => {
    const capacity = /^Capacity: +(\d+)$/m.exec(await virsh("domblkinfo", name, target))?.[1];
    return `${target} ${Number(capacity) / MiB}MiB`;
  };
  const seen: string[][] = [];
  for (const [rescue, words, planned] of [
    [false, /^this is own\nboots=1$/m, /will be created/],
    [{ image: "doctor" }, /^this is doctor\nboots=1$/m, /it goes into rescue[\s\S]*restarts the guest/],
    [false, /^this is own\nboots=2$/m, /it leaves rescue[\s\S]*restarts the guest/],
  ] as const) {
    await write(rescue);
    assert.match((await virtform("plan", workspace.directory)).stdout, planned);
    // It does not hear the power button.
    if (seen.length > 0) await virsh("destroy", name);
    await apply(workspace);
    await assertConverged(workspace);
    const log = await waitForConsole(workspace, name, words, deadline);
    assert.equal(log.match(/^this is /gm)?.length, 1, log);
    const targets = (await attached(name)).map((line) => line.slice(0, 3)).filter((target) => target.startsWith("vd"));
    seen.push([...(await Promise.all(targets.map(size))), ...(await look(workspace))]);
  }
  await assertNoLeftovers(workspace);
  return seen;
}

const rescuedAndBack = [
  ["vda 128MiB", "disk"],
  ["vda 1MiB", "vdb 128MiB", "disk", "disk.rescue"],
  ["vda 128MiB", "disk"],
];

test("a guest on flat is rescued with another image, and boots from its own disk afterwards", async (t) => {
  const files = async ({ instancesPath }: Workspace) =>
    (await tree(instancesPath)).flatMap((path) => /^[0-9a-f-]{36}\/(disk|disk\.rescue)$/.exec(path)?.[1] ?? []);
  assert.deepEqual(await rescueAndReturn(t, { images_type: "flat" }, files), rescuedAndBack);
});

test("in Ceph the disk of a rescue is an image of its own, which is removed alone", async (t) => {
  const ceph = await startCeph(["vms"]);
  t.after(ceph.stop);
  const images = async () =>
    (JSON.parse(await ceph.run("rbd", "ls", "vms", "--format", "json")) as string[])
      .flatMap((image) => /_(disk|disk\.rescue)$/.exec(image)?.[1] ?? [])
      .toSorted();
  const host = { images_type: "rbd", rbd: { pool: "vms", conf: ceph.conf } };
  assert.deepEqual(await rescueAndReturn(t, host, images), rescuedAndBack);
});

test("the firmware boots the disk of a rescue, first or last among the disks, and the guest's own disk otherwise", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-boot`;
  const [own, doctor] = [`${workspace.directory}/own.raw`, `${workspace.directory}/doctor.raw`];
  await writeFile(own, speakingDisk("this is its own disk"));
  await writeFile(doctor, speakingDisk("this is the doctor"));
  const boots = async (rescue: boolean, properties: Readonly<Record<string, string>>, words: RegExp) => {
    await writeConfig(workspace, {
      images: { own: { source: own, disk_format: "raw" }, doctor: { source: doctor, disk_format: "raw", properties } },
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "2MiB" } },
      instances: { [name]: { image: "own", flavor: "small", ...(rescue ? { rescue: { image: "doctor" } } : {}) } },
    });
    // Nothing in it hears the power button.
    if ((await virsh("list", "--name")).split("\n").includes(name)) await virsh("destroy", name);
    await apply(workspace);
    await assertConverged(workspace);
    const log = await waitForConsole(workspace, name, words, deadline);
    assert.equal(log.match(/^this is /gm)?.length, 1, log);
    return attached(name);
  };
  const usual = ["sda disk.config", "vda disk"];
  assert.deepEqual(await boots(false, {}, /^this is its own disk$/m), usual);
  assert.deepEqual(await boots(true, {}, /^this is the doctor$/m), ["sda disk.config", "vda disk.rescue", "vdb disk"]);
  for (const [properties, target] of [
    [{ hw_rescue_device: "disk" }, "vdb"],
    [{ hw_rescue_bus: "scsi" }, "sdb"],
    [{ hw_rescue_bus: "usb" }, "sdb"],
  ] as const) {
    assert.deepEqual(await boots(true, properties, /^this is the doctor$/m), [...usual, `${target} disk.rescue`].toSorted());
  }
  assert.deepEqual(await boots(false, {}, /^this is its own disk$/m), usual);
  await assertNoLeftovers(workspace);
});
