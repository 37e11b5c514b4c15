import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { isoImage } from "../../src/tools/iso9660/iso9660.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { mustRun } from "./support/virtform.ts";
import { assertNoLeftovers, createWorkspace, readMarkers, tinyImages, virsh, waitForConsole, writeConfig } from "./support/workspace.ts";

const MiB = 2 ** 20;

/** What blkid finds at the start of a disk, by its words. The disk is read as the guest would, whatever its format. */
async function contentOf(path: string, format: string, scratch: string): Promise<Record<string, string>> {
  await mustRun("qemu-img", ["convert", "-U", "-f", format, "-O", "raw", path, scratch]);
  const words = await mustRun("blkid", ["-p", "-o", "export", scratch]);
  return Object.fromEntries(words.split("\n").flatMap((line) => (line.includes("=") ? [line.split("=", 2)] : [])));
}

for (const backend of ["qcow2", "flat"]) {
  test(`a guest on ${backend} has its ephemerals and swap in order, formatted, and they grow and go`, async (t) => {
    const workspace = await createWorkspace(t);
    const name = `${workspace.prefix}-disks`;
    // The flavor has more swap than the guest takes.
    const write = (options: { readonly ephemeral: string; readonly swap: string; readonly ephemerals?: readonly unknown[] }) =>
      writeConfig(workspace, {
        host: { images_type: backend, default_ephemeral_format: "ext3" },
        images: tinyImages(),
        flavors: { small: { vcpus: 1, ram: "192MiB", disk: "128MiB", ephemeral: options.ephemeral, swap: "64MiB" } },
        instances: {
          [name]: {
            image: "tiny",
            flavor: "small",
            swap: options.swap,
            ...(options.ephemerals === undefined ? {} : { ephemerals: options.ephemerals }),
          },
        },
      });
    const formats = ["ext4", "ext3", "ext2", "xfs", "vfat", "ntfs"] as const;
    const sizes = { ext4: "64MiB", ext3: "48MiB", ext2: "32MiB", xfs: "300MiB", vfat: "40MiB", ntfs: "8MiB" } as const;
    const ephemerals = formats.map((format) => ({ size: sizes[format], format }));

    await write({ ephemeral: "512MiB", swap: "24MiB", ephemerals });
    const plan = await virtform("plan", workspace.directory);
    assert.match(plan.stdout, new RegExp(`disk/${name}\\.eph3`));
    assert.match(plan.stdout, /filesystem +xfs\n +\+ size +300MiB/);
    await apply(workspace);
    await assertConverged(workspace);
    const first = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m));
    assert.deepEqual(
      ["vda", "vdb", "vdc", "vdd", "vde", "vdf", "vdg", "vdh"].map((target) => (first.disks[target] ?? 0) / MiB),
      [128, 64, 48, 32, 300, 40, 8, 24],
    );
    const directory = `${workspace.instancesPath}/${(await virsh("domuuid", name)).trim()}`;
    const format = backend === "flat" ? "raw" : "qcow2";
    const uuids = new Set<string>();
    for (const [index, filesystem] of formats.entries()) {
      const content = await contentOf(`${directory}/disk.eph${index}`, format, `${workspace.directory}/raw`);
      assert.equal(content["TYPE"], filesystem);
      assert.equal(content["LABEL"], filesystem === "vfat" ? `EPHEMERAL${index}` : `ephemeral${index}`);
      uuids.add(content["UUID"] ?? "");
    }
    assert.equal(uuids.size, formats.length);
    assert.equal((await contentOf(`${directory}/disk.swap`, format, `${workspace.directory}/raw`))["TYPE"], "swap");

    // One grows while the guest runs, the others stay as they are.
    await write({
      ephemeral: "512MiB",
      swap: "24MiB",
      ephemerals: ephemerals.map((one, index) => (index === 0 ? { ...one, size: "80MiB" } : one)),
    });
    await apply(workspace);
    await assertConverged(workspace);
    assert.match(await virsh("domblkinfo", name, "vdb"), new RegExp(`Capacity: +${80 * MiB}\\b`));

    // From many to the flavor's one: what goes is named, and not done without consent.
    await write({ ephemeral: "96MiB", swap: "24MiB" });
    const refused = await virtform("apply", workspace.directory, "--auto-approve");
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.stdout + refused.stderr, new RegExp(`80MiB disk ${name}\\.eph0`));
    await apply(workspace, "--allow-destroy");
    await assertConverged(workspace);
    // They came and went while the guest ran.
    const attached = [...(await virsh("domblklist", name)).matchAll(/^ *(\S+) +\S+\/(disk\S*)$/gm)].map(([, target = "", file = ""]) => ({
      target,
      file,
    }));
    assert.deepEqual(attached.map(({ file }) => file).sort(), ["disk", "disk.config", "disk.local", "disk.swap"]);
    for (const [file, size] of [
      ["disk.local", 96],
      ["disk.swap", 24],
    ] as const) {
      const { target = "" } = attached.find((one) => one.file === file) ?? {};
      assert.match(await virsh("domblkinfo", name, target), new RegExp(`Capacity: +${size * MiB}\\b`));
    }
    assert.equal((await contentOf(`${directory}/disk.local`, format, `${workspace.directory}/raw`))["TYPE"], "ext3");
    assert.deepEqual(
      (await readdir(directory)).filter((file) => file.startsWith("disk.eph")),
      [],
    );
    await assertNoLeftovers(workspace);
  });
}

test("a guest boots with an ISO as its root: a CD at its own size, and its first disk is the ephemeral one", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-disc`;
  const disc = `${workspace.directory}/disc.iso`;
  await writeFile(disc, isoImage("installer", new Map([["readme", Buffer.from("boot me")]])));
  await writeConfig(workspace, {
    images: { ...tinyImages(), disc: { source: disc, disk_format: "iso", kernel: "tiny-kernel", ramdisk: "tiny-ramdisk" } },
    flavors: { small: { vcpus: 1, ram: "192MiB", disk: "1GiB", ephemeral: "32MiB" } },
    instances: { [name]: { image: "disc", flavor: "small" } },
  });
  await apply(workspace);
  await assertConverged(workspace);
  const seen = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m));
  assert.deepEqual([seen.disks["vda"], seen.disks["vdb"]], [32 * MiB, undefined]);
  const uuid = (await virsh("domuuid", name)).trim();
  assert.deepEqual(await readFile(`${workspace.instancesPath}/${uuid}/disk`), await readFile(disc));
  assert.match(await virsh("domblklist", name, "--details"), /file +cdrom +sda +\S+\/disk\n/);
});
