import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { startCeph } from "../support/ceph.ts";
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

for (const backend of ["qcow2", "flat"]) {
  test(`a guest on ${backend} is rescued with another image, sees its own disk as the second, and goes on with it afterwards`, async (t) => {
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
        host: { images_type: backend },
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
    const files = (await readdir(directory)).toSorted();
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
    assert.deepEqual((await readdir(directory)).filter((file) => !files.includes(file)).toSorted(), [
      "disk.rescue",
      "kernel.rescue",
      "ramdisk.rescue",
    ]);

    await write(false);
    const leaving = await virtform("plan", workspace.directory);
    assert.match(leaving.stdout, /it leaves rescue[\s\S]*restarts the guest/);
    await apply(workspace);
    await assertConverged(workspace);
    const back = await seen();
    assert.deepEqual([back.value("root"), back.value("boots"), back.disks["vda"]], ["virtform tiny guest", "2", 128 * MiB]);
    assert.deepEqual([await attached(name), (await readdir(directory)).toSorted()], [disks, files]);
    await assertNoLeftovers(workspace);
  });
}

test("in Ceph the disk of a rescue is an image of its own, which goes alone", async (t) => {
  const ceph = await startCeph(["vms"]);
  t.after(ceph.stop);
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-patient`;
  const write = (rescue: boolean) =>
    writeConfig(workspace, {
      host: { images_type: "rbd", rbd: { pool: "vms", conf: ceph.conf } },
      images: tinyImages(),
      flavors: { small: { vcpus: 1, ram: "192MiB", disk: "128MiB" } },
      instances: { [name]: { image: "tiny", flavor: "small", rescue } },
    });
  const look = async () => {
    await assertConverged(workspace);
    const { disks, value } = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m, deadline));
    const images = JSON.parse(await ceph.run("rbd", "ls", "vms", "--format", "json")) as string[];
    const own = images.flatMap((image) => /_(disk|disk\.rescue)$/.exec(image)?.[1] ?? []).toSorted();
    return [own.join(" "), disks["vda"], disks["vdb"], value("boots")];
  };
  await write(false);
  await apply(workspace);
  assert.deepEqual(await look(), ["disk", 128 * MiB, undefined, "1"]);
  await write(true);
  await apply(workspace);
  assert.deepEqual(await look(), ["disk disk.rescue", 64 * MiB, 128 * MiB, "1"]);
  await write(false);
  await apply(workspace);
  assert.deepEqual(await look(), ["disk", 128 * MiB, undefined, "2"]);
  await assertNoLeftovers(workspace);
});

/** A disk that can do one thing: be booted by a BIOS, and say so on the serial port. */
async function bootableDisk(path: string, words: string): Promise<string> {
  // xor ax,ax; mov ds,ax; mov si,words; next: lodsb; test al,al; jz end; mov dx,0x3f8; out dx,al; jmp next; end: hlt; jmp end
  const code = [
    0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x16, 0x7c, 0xac, 0x84, 0xc0, 0x74, 0x06, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5, 0xf4, 0xeb, 0xfd, 0,
  ];
  const disk = Buffer.alloc(MiB);
  disk.set(code);
  disk.write(`\r\n${words}\r\n`, code.length, "latin1");
  disk.set([0x55, 0xaa], 510);
  await writeFile(path, disk);
  return path;
}

test("the firmware boots the disk of a rescue, first or last among the disks, and the guest's own disk otherwise", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-boot`;
  const own = await bootableDisk(`${workspace.directory}/own.raw`, "this is its own disk");
  const doctor = await bootableDisk(`${workspace.directory}/doctor.raw`, "this is the doctor");
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
