import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { after, before, type TestContext, test } from "node:test";
import { volumeUuid } from "../../src/kinds/volume/spec.ts";
import { type Ceph, startCeph } from "../support/ceph.ts";
import { type LoopLvm, startLoopLvm } from "../support/loop-lvm.ts";
import { countingDisk } from "../support/speaking-disk.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { mustRun, virtform as program } from "./support/virtform.ts";
import {
  assertApplied,
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
import "../support/quick-luks.ts";

const MiB = 2 ** 20;

let ceph: Ceph;
let lvm: LoopLvm;
before(async () => {
  ceph = await startCeph(["vms", "images"]);
  lvm = startLoopLvm(1024 * MiB);
  process.env["PATH"] = `${lvm.programs}:${process.env["PATH"]}`;
});
after(async () => {
  lvm?.stop();
  await ceph?.stop();
});

/** The image that guests boot from, and how they tell that they did. */
interface Guest {
  readonly image: (directory: string) => Promise<{ readonly source: string; readonly disk_format: "qcow2" | "raw" }>;
  readonly images: (root: object) => object;
  readonly ram: string;
  readonly booted: (workspace: Workspace, name: string, times: number) => Promise<string>;
}

const linux: Guest = {
  image: async () => ({ source: tinyGuest.disk, disk_format: "qcow2" }),
  images: (root) => {
    const { tiny, ...files } = tinyImages();
    return { tiny: { ...(tiny as object), ...root }, ...files };
  },
  ram: "192MiB",
  booted: (workspace, name, times) =>
    waitForConsole(workspace, name, new RegExp(`^virtform-guest: boots=${times}$[\\s\\S]*^virtform-guest: ready$`, "m")),
};

/** Nothing but a boot sector. */
const counting: Guest = {
  async image(directory) {
    const source = `${directory}/counting.raw`;
    await writeFile(source, countingDisk("this is the guest"));
    return { source, disk_format: "raw" };
  },
  images: (root) => ({ tiny: root }),
  ram: "64MiB",
  booted: (workspace, name, times) => waitForConsole(workspace, name, new RegExp(`^this is the guest\\nboots=${times}$`, "m")),
};

/** Bytes of the disk that a guest has under this name now. */
async function capacity(name: string, target: string): Promise<number> {
  return Number(/^Capacity: +(\d+)$/m.exec(await virsh("domblkinfo", name, target))?.[1]);
}

/** Where volumes are on a backend. */
interface Place {
  readonly backend: string;
  /** What the host section says beside the backend. */
  readonly host?: () => object;
  /** The source of the volume in the guest's definition; `path` is that of a file. */
  readonly source: (uuid: string, path: string) => string;
  /** How qemu-img opens the volume: format and name. */
  readonly open: (uuid: string, path: string) => readonly [string, string];
  /** Names of what the backend keeps outside the instances path. */
  readonly kept?: () => Promise<string[]> | string[];
}

const file = (_uuid: string, path: string) => path;
const image = (_uuid: string, path: string) => `${path}/root.hds`;
const volume = (uuid: string) => `/dev/${lvm.group}/${uuid}_disk`;
const places: readonly Place[] = [
  { backend: "qcow2", source: file, open: (_uuid, path) => ["qcow2", path] },
  { backend: "flat", source: file, open: (_uuid, path) => ["raw", path] },
  { backend: "ploop", source: image, open: (uuid, path) => ["raw", image(uuid, path)] },
  {
    backend: "rbd",
    host: () => ({ rbd: { pool: "vms", conf: ceph.conf } }),
    source: (uuid) => `vms/${uuid}_disk`,
    open: (uuid) => ["raw", `rbd:vms/${uuid}_disk:conf=${ceph.conf}`],
    kept: async () => JSON.parse(await ceph.run("rbd", "ls", "vms", "--format", "json")),
  },
  {
    // A stand-in, with real block devices: what has volumes here has them on loop devices.
    backend: "lvm",
    host: () => ({ lvm: { volume_group: lvm.group } }),
    source: volume,
    open: (uuid) => ["raw", volume(uuid)],
    kept: () => lvm.volumes(),
  },
];

function placeOf(backend: string): Place {
  const place = places.find((one) => one.backend === backend);
  assert.ok(place);
  return place;
}

// Linux says what it sees of its disks on one backend. On the others the guest shows no more than that it boots and what it wrote.
for (const { backend, host, source, open, kept } of places) {
  const guest = backend === "qcow2" ? linux : counting;
  test(`a volume on ${backend} goes from guest to guest, grows below a running one, and goes last`, async (t) => {
    const workspace = await createWorkspace(t);
    const [web, db] = [`${workspace.prefix}-web`, `${workspace.prefix}-db`];
    const image = await guest.image(workspace.directory);
    const write = (size: string | undefined, users: Readonly<Record<string, readonly object[]>>) =>
      writeConfig(workspace, {
        host: { images_type: backend, ...host?.() },
        images: guest.images(image),
        flavors: { small: { vcpus: 1, ram: guest.ram, disk: "128MiB" } },
        ...(size === undefined ? {} : { volumes: { data: { size, format: "ext4" }, copy: { size: "64MiB", image: "tiny" } } }),
        instances: Object.fromEntries(Object.entries(users).map(([name, volumes]) => [name, { image: "tiny", flavor: "small", volumes }])),
      });
    await write("64MiB", { [web]: [{ volume: "data", device: "vdc" }, { volume: "copy" }] });
    await apply(workspace);
    await assertConverged(workspace);
    const first = readMarkers(await guest.booted(workspace, web, 1));
    const sizes = [128, 64, 64].map((size) => size * MiB);
    assert.deepEqual(await Promise.all(["vda", "vdb", "vdc"].map((target) => capacity(web, target))), sizes);
    // What is called vdc is the second disk of the guest, which counts by itself.
    if (guest === linux) assert.deepEqual([first.disks["vda"], ...[first.disks["vdb"], first.disks["vdc"]].sort()], sizes);
    const [uuid, copy] = ["data", "copy"].map((volume) => volumeUuid(workspace.project, volume)) as [string, string];
    const pathOf = (volume: string) => `${workspace.instancesPath}/volumes/${volume}/disk`;
    assert.match(await virsh("domblklist", web), new RegExp(`vdc +${source(uuid, pathOf(uuid))}\\n`));
    const [format, name] = open(uuid, pathOf(uuid));
    const [copyFormat, copyName] = open(copy, pathOf(copy));
    const identity = async () => {
      await mustRun("qemu-img", ["convert", "-U", "-f", format, "-O", "raw", name, `${workspace.directory}/raw`]);
      return mustRun("blkid", ["-p", "-o", "export", "-s", "UUID", "-s", "LABEL", `${workspace.directory}/raw`]);
    };
    const before = (await identity()).replace(/^DEVNAME=.*\n/m, "");
    assert.match(before, /LABEL=data/);

    await write("96MiB", { [web]: [{ volume: "data", device: "vdc" }, { volume: "copy" }] });
    await apply(workspace);
    await assertConverged(workspace);
    assert.equal(await capacity(web, "vdc"), 96 * MiB);

    // Only Linux releases a disk while it runs. The other guest is off meanwhile, and starts again without it.
    if (guest !== linux) await virsh("destroy", web);
    await write("96MiB", { [web]: [], [db]: [{ volume: "data" }] });
    await apply(workspace);
    await assertConverged(workspace);
    const second = readMarkers(await guest.booted(workspace, db, 1));
    assert.equal(await capacity(db, "vdb"), 96 * MiB);
    if (guest === linux) assert.equal(second.disks["vdb"], 96 * MiB);
    assert.doesNotMatch(await virsh("domblklist", web), new RegExp(uuid));

    await write("96MiB", {});
    await apply(workspace, "--allow-destroy");
    await assertConverged(workspace);
    assert.equal((await identity()).replace(/^DEVNAME=.*\n/m, ""), before);
    await mustRun("qemu-img", ["compare", "-f", image.disk_format, "-F", copyFormat, image.source, copyName]);
    assert.match(await readFile(`${workspace.instancesPath}/volumes/${uuid}/virtform.json`, "utf8"), /"volume":"data"/);

    await write(undefined, {});
    const refused = await virtform("apply", workspace.directory, "--auto-approve");
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.stdout + refused.stderr, /96MiB volume data with all that is in it/);
    await apply(workspace, "--allow-destroy");
    await assertConverged(workspace);
    assert.deepEqual(await readdir(`${workspace.instancesPath}/volumes`), []);
    assert.deepEqual(await kept?.(), kept === undefined ? undefined : []);
    await assertNoLeftovers(workspace);
  });
}

for (const backend of ["qcow2", "lvm"]) {
  test(`a guest boots from a volume on ${backend}, and another guest later boots from the same content`, (t) =>
    bootsFrom(t, placeOf(backend)));
}

test("a guest boots from a volume that was cloned within Ceph", async (t) => {
  const { directory } = await createWorkspace(t);
  const { source } = await counting.image(directory);
  await ceph.run("rbd", "import", "--no-progress", source, "images/tiny");
  await ceph.run("rbd", "snap", "create", "--no-progress", "images/tiny@snap");
  await ceph.run("rbd", "snap", "protect", "images/tiny@snap");
  const clones = async () => JSON.parse(await ceph.run("rbd", "children", "images/tiny@snap", "--format", "json")) as unknown[];
  await bootsFrom(t, placeOf("rbd"), { source: `rbd://${ceph.fsid}/images/tiny/snap`, disk_format: "raw" }, async () =>
    assert.equal((await clones()).length, 1),
  );
  assert.deepEqual(await clones(), []);
});

test("a guest boots from an encrypted logical volume, with encrypted volumes in a file and in Ceph that grow while it runs", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-luks`;
  const image = await counting.image(workspace.directory);
  for (const key of ["root", "file", "ceph"]) await writeFile(`${workspace.directory}/${key}.key`, `the ${key} key`, { mode: 0o600 });
  const encryption = (key: string) => ({ passphrase: { file: `./${key}.key` } });
  const write = (size: string, key = "root") =>
    writeConfig(workspace, {
      host: { images_type: "lvm", lvm: { volume_group: lvm.group }, rbd: { pool: "vms", conf: ceph.conf } },
      images: counting.images(image),
      flavors: { small: { vcpus: 1, ram: counting.ram, disk: "16MiB" } },
      volumes: {
        file: { size, images_type: "flat", format: "ext4", encryption: encryption("file") },
        ceph: { size, images_type: "rbd", encryption: encryption("ceph") },
      },
      instances: {
        [name]: { image: "tiny", flavor: "small", encryption: encryption(key), volumes: [{ volume: "file" }, { volume: "ceph" }] },
      },
    });
  const secrets = async () => (await virsh("secret-list")).split("\n").filter((line) => line.includes(`virtform/${workspace.project}/`));
  t.after(async () => {
    for (const line of await secrets()) await virsh("secret-undefine", line.trim().split(/\s+/)[0] ?? "");
  });
  await write("16MiB");
  // The program as users have it; other command lines run in this process, which costs half.
  assertApplied(await program("apply", workspace.directory, "--auto-approve"));
  await assertConverged(workspace);
  await counting.booted(workspace, name, 1);
  assert.equal((await secrets()).length, 3);
  // On the storage there is nothing of the guest's.
  const [root = ""] = lvm.volumes();
  const bytes = await readFile(`/dev/${lvm.group}/${root}`);
  assert.equal(bytes.toString("latin1", 0, 4), "LUKS");
  assert.ok(!bytes.includes("this is the guest"));
  const path = `${workspace.instancesPath}/volumes/${volumeUuid(workspace.project, "file")}/disk`;
  assert.ok(!(await readFile(path)).includes("lost+found"));

  await write("24MiB");
  await apply(workspace);
  await assertConverged(workspace);
  assert.deepEqual(await Promise.all(["vdb", "vdc"].map((target) => capacity(name, target))), [24 * MiB, 24 * MiB]);

  // Off and without secrets, as after a restart of the host.
  await virsh("destroy", name);
  for (const line of await secrets()) await virsh("secret-undefine", line.trim().split(/\s+/)[0] ?? "");
  await write("24MiB", "file");
  const wrong = await virtform("apply", workspace.directory, "--auto-approve");
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout + wrong.stderr, /The passphrase does not open a disk of .*-luks/);
  await write("24MiB");
  await apply(workspace);
  await assertConverged(workspace);
  await counting.booted(workspace, name, 2);
  const gone = await program("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
  assert.deepEqual([await secrets(), lvm.volumes(), JSON.parse(await ceph.run("rbd", "ls", "vms", "--format", "json"))], [[], [], []]);
});

/** `root` is about the image that the volume begins as; `look` sees the volume while guests have it. */
async function bootsFrom(
  t: TestContext,
  { backend, host, kept }: Place,
  root: object = {},
  look: () => Promise<void> = async () => {},
): Promise<void> {
  const workspace = await createWorkspace(t);
  const image = await counting.image(workspace.directory);
  const write = (name: string) =>
    writeConfig(workspace, {
      host: { images_type: backend, ...host?.() },
      images: counting.images({ ...image, ...root }),
      flavors: { small: { vcpus: 1, ram: counting.ram, disk: "0GiB", swap: "16MiB" } },
      volumes: { system: { size: "128MiB", image: "tiny" } },
      instances: { [name]: { flavor: "small", volumes: [{ volume: "system", boot_index: 0 }] } },
    });
  const [first, second] = [`${workspace.prefix}-first`, `${workspace.prefix}-second`];
  await write(first);
  await apply(workspace);
  await assertConverged(workspace);
  await counting.booted(workspace, first, 1);
  assert.deepEqual(await Promise.all(["vda", "vdb"].map((target) => capacity(first, target))), [128 * MiB, 16 * MiB]);
  // It does not hear the power button.
  await virsh("destroy", first);
  await write(second);
  await apply(workspace, "--allow-destroy");
  await assertConverged(workspace);
  await counting.booted(workspace, second, 2);
  await look();
  await assertNoLeftovers(workspace);
  const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
  assert.deepEqual(await kept?.(), kept === undefined ? undefined : []);
}
