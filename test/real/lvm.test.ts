import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { after, test } from "node:test";
import { parse, stringify } from "yaml";
import { driverOf } from "../../src/drivers/index.ts";
import { createSshHost } from "../../src/host/ssh/ssh.ts";
import { startLvmHost } from "../support/lvm-host.ts";
import { speakingDisk } from "../support/speaking-disk.ts";
import { conforms, type Subject } from "./drivers/conformance.ts";
import { machine } from "./kinds/image/machine.ts";
import { until } from "./support/until.ts";
import { checkout, ended, mustRun, start, virtform, virtformEvents } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  assertKnown,
  createWorkspace,
  readMarkers,
  tinyGuest,
  type Workspace,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

// One machine for all: emulated within an emulation, everything here takes its time.
const lvmHost = await startLvmHost({ after });
process.env["VIRTFORM_SSH"] = lvmHost.program;
const host = createSshHost(lvmHost.target);
after(() => host.close());

const MiB = 2 ** 20;
const bootSeconds = 600;
/** A machine that does other things as well needs more than a test may have otherwise. */
const slow = { timeout: 40 * 60_000 };
const lvm = driverOf("lvm");
const { group, extentSize } = lvmHost;
const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
const volumes = () => lines(lvmHost.run("lvs", "--noheadings", "-o", "lv_name", group)).sort();
const field = (name: string, of: string) => lvmHost.run("lvs", "--noheadings", "--units", "b", "--nosuffix", "-o", name, of).trim();
const virsh = (...args: readonly string[]) => lvmHost.run("virsh", "-q", "-c", "qemu:///system", ...args);
const volumeOf = (disk: { readonly uuid: string; readonly name: string }) => `${disk.uuid}_${disk.name.replaceAll("_", "__")}`;

/** Takes all volumes away, their bytes included: what a test finds in a new volume shall be the backend's. */
function clear(): void {
  const names = volumes();
  if (names.length === 0) return;
  for (const name of names) lvmHost.run("blkdiscard", "-f", "-z", `/dev/${group}/${name}`);
  lvmHost.run("lvremove", "-q", "-f", group);
}

/** Where a volume's bytes are on the group's disk. It has to be in one piece. */
function extentsOf(name: string): { readonly offset: number; readonly length: number } {
  const [, from, to] = /^\S+:(\d+)-(\d+)$/.exec(field("seg_pe_ranges", `${group}/${name}`)) ?? [];
  assert.ok(from !== undefined && to !== undefined, `${name} is in one piece`);
  const begin = Number(lvmHost.run("pvs", "--noheadings", "--units", "b", "--nosuffix", "-o", "pe_start", "/dev/vdb").trim());
  return { offset: begin + Number(from) * extentSize, length: (Number(to) - Number(from) + 1) * extentSize };
}

const real: Subject = {
  backend: lvm,
  on: "real, over ssh",
  preallocates: false,
  growsInside: true,
  wipes: true,
  guests: true,
  place: (t) => {
    t.after(clear);
    const free = Number(lvmHost.run("vgs", "--noheadings", "--units", "b", "--nosuffix", "-o", "vg_free", group).trim());
    return {
      settings: { drivers: { lvm: { volumeGroup: group, sparse: false, volumeClear: "zero", volumeClearSize: 0 } } },
      storage: { lvm: { size: free, free, extentSize } },
      wrap: () => host,
      machine: lvmHost,
      open: (_context, disk) => `/dev/${group}/${volumeOf(disk)}`,
      kept: volumes,
      giveAway: (_context, disk) => {
        const change = ["--deltag", "virtform.owner=shop", "--addtag", "virtform.owner=bank"];
        lvmHost.run("lvchange", "-q", ...change, `${group}/${volumeOf(disk)}`);
      },
    };
  },
};

interface Wish {
  readonly disk?: string;
  readonly lvm?: Readonly<Record<string, unknown>>;
  readonly image?: string;
  readonly extra?: boolean;
  readonly runs?: boolean;
}

/** A guest of a test's own. Its images are in the cache already when another one had them. */
async function prepare(t: Parameters<typeof createWorkspace>[0]) {
  const own = await createWorkspace(t);
  const workspace: Workspace = { ...own, instancesPath: "/var/lib/virtform/instances" };
  const name = `${workspace.prefix}-one`;
  const write = ({ disk = "66MiB", lvm: settings = {}, image = tinyGuest.disk, extra = true, runs = false }: Wish = {}) =>
    writeConfig(workspace, {
      host: { uri: lvmHost.uri, images_type: "lvm", lvm: { volume_group: group, ...settings } },
      images: { tiny: { source: image, disk_format: "qcow2" } },
      flavors: { small: { vcpus: 1, ram: "192MiB", disk, ...(extra ? { ephemeral: "32MiB", swap: "16MiB" } : {}) } },
      instances: {
        [name]: {
          image: "tiny",
          flavor: "small",
          power_state: runs ? "running" : "stopped",
        },
      },
    });
  await write();
  const uuid = () => virsh("domuuid", name).trim();
  return { workspace, name, write, uuid };
}

async function destroy(workspace: Workspace): Promise<void> {
  const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
}

function assertNoLeftovers({ instancesPath }: Workspace): void {
  assertKnown(
    lines(lvmHost.run("find", instancesPath, "-mindepth", "1", "(", "-type", "d", "-printf", "%P/\\n", ")", "-o", "-printf", "%P\\n")),
  );
}

test(
  "examples/lvm boots with ephemeral, swap and vfat drive, grows running and stopped, and leaves other volumes alone",
  slow,
  async (t) => {
    t.after(clear);
    const { workspace: own, name, uuid } = await prepare(t);
    for (const [other, ...tags] of [["foreign"], ["bank_disk", "--addtag", "virtform.owner=bank"]] as const) {
      lvmHost.run("lvcreate", "-q", "-y", "-L", "4m", ...tags, "-n", other, group);
      lvmHost.run("sh", "-c", `yes ${other} | dd of=/dev/${group}/${other} bs=1M count=4 iflag=fullblock status=none`);
    }
    const digest = () => lvmHost.run("sha256sum", `/dev/${group}/foreign`, `/dev/${group}/bank_disk`);
    const foreign = digest();

    const valid = await virtform("validate", `${checkout}examples/lvm`);
    assert.equal(valid.code, 0, valid.stdout + valid.stderr);
    const workspace = { ...own, directory: `${own.directory}/examples/lvm` };
    await mkdir(workspace.directory, { recursive: true });
    await mkdir(`${own.directory}/.cache`);
    await symlink(`${checkout}.cache/guest`, `${own.directory}/.cache/guest`);
    const example = parse(await readFile(`${checkout}examples/lvm/virtform.yaml`, "utf8"));
    const write = (disk: string, data: string) =>
      writeFile(
        `${workspace.directory}/virtform.yaml`,
        stringify({
          ...example,
          project: workspace.project,
          host: { ...example.host, uri: lvmHost.uri, instances_path: workspace.instancesPath },
          flavors: { tiny: { ...example.flavors.tiny, disk } },
          volumes: { data: { size: data, format: "ext4" } },
          instances: { [name]: { ...example.instances.volumes, volumes: [{ volume: "data" }] } },
        }),
      );

    await write("258MiB", "10MiB");
    const planned = await virtform("plan", workspace.directory, "--detailed-exitcode");
    assert.equal(planned.code, 2, planned.stdout + planned.stderr);
    assert.match(planned.stdout, /size +260MiB/);
    assert.match(planned.stdout, /size +12MiB/);
    assert.match(planned.stdout + planned.stderr, /258MiB becomes 260MiB, volume data: 10MiB becomes 12MiB/);
    await apply(workspace);
    await assertConverged(workspace);
    const [instance, root] = [uuid(), `${uuid()}_disk`];
    const ours = () => volumes().filter((one) => one !== "foreign" && one !== "bank_disk");
    assert.deepEqual(
      ours().filter((one) => one.startsWith(instance)),
      [root, `${root}.local`, `${root}.swap`],
    );
    assert.equal(ours().length, 4);
    const tags = () => field("lv_tags", `${group}/${root}`).split(",").sort().join();
    assert.equal(tags(), `virtform.instance=${name},virtform.owner=${workspace.project}`);
    const started = performance.now();
    const first = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m, bootSeconds));
    t.diagnostic(`the guest was up ${Math.round((performance.now() - started) / 1000)} s after apply`);
    const seen = ({ disks }: typeof first) => ["vda", "vdb", "vdc", "vdd"].map((disk) => (disks[disk] ?? 0) / MiB);
    assert.deepEqual(seen(first), [260, 64, 32, 12]);
    assert.deepEqual([first.value("root"), first.value("boots"), first.userData], ["virtform tiny guest", "1", "From a volume group.\n"]);
    assert.match(first.value("config-drive") ?? "", /type=vfat/);
    assert.match(lvmHost.run("blkid", "-p", `/dev/${group}/${root}.local`), /LABEL="ephemeral0".* TYPE="ext4"/);
    assert.match(lvmHost.run("blkid", "-p", `/dev/${group}/${root}.swap`), /TYPE="swap"/);

    await write("272MiB", "10MiB");
    await apply(workspace);
    await assertConverged(workspace);
    assert.match(virsh("domblkinfo", name, "vda"), new RegExp(`Capacity: +${272 * MiB}\\b`));
    assert.doesNotMatch(tags(), /growing/);

    // As a kill leaves it between the volume and the guest.
    lvmHost.run("lvchange", "-q", "--addtag", `virtform.growing=${272 * MiB}`, `${group}/${root}`);
    lvmHost.run("lvextend", "-q", "-L", "280m", `${group}/${root}`);
    await write("280MiB", "10MiB");
    await apply(workspace);
    await assertConverged(workspace);
    assert.match(virsh("domblkinfo", name, "vda"), new RegExp(`Capacity: +${280 * MiB}\\b`));
    assert.doesNotMatch(tags(), /growing/);

    virsh("destroy", name);
    await write("288MiB", "16MiB");
    await apply(workspace);
    await assertConverged(workspace);
    // Another boot of a guest within an emulated machine would take some minutes more.
    const sizes = ["vda", "vdb", "vdc", "vdd"].map(
      (disk) => Number(/^Capacity: +(\d+)$/m.exec(virsh("domblkinfo", name, disk))?.[1]) / MiB,
    );
    assert.deepEqual(sizes, [288, 64, 32, 16]);
    assertNoLeftovers(workspace);

    await destroy(workspace);
    assert.deepEqual(ours(), []);
    assert.equal(digest(), foreign);
  },
);

test("a sparse volume has a pool of its own, a guest boots from it, it grows, and its pool goes with it", slow, async (t) => {
  t.after(clear);
  const { workspace, write, name, uuid } = await prepare(t);
  const image = `${workspace.directory}/speaks.qcow2`;
  await writeFile(`${image}.raw`, speakingDisk("this is the volume"));
  await mustRun("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", `${image}.raw`, image]);
  const settings = { lvm: { sparse: true }, image, extra: false, runs: true } as const;
  await write({ ...settings, disk: "16GiB" });
  const planned = await virtform("plan", workspace.directory);
  assert.match(planned.stdout + planned.stderr, /promised more than it has/);
  await apply(workspace);
  const root = `${uuid()}_disk`;
  assert.deepEqual(volumes(), [root, `${root}_pool`]);
  assert.equal(field("lv_layout,pool_lv,lv_size", `${group}/${root}`).split(/\s+/).join(" "), `thin,sparse ${root}_pool ${16 * 2 ** 30}`);
  await waitForConsole(workspace, name, /^this is the volume$/m, bootSeconds);
  await write({ ...settings, disk: "17GiB" });
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal(field("lv_size", `${group}/${root}`), String(17 * 2 ** 30));
  assert.match(virsh("domblkinfo", name, "vda"), new RegExp(`Capacity: +${17 * 2 ** 30}\\b`));
  await destroy(workspace);
  assert.deepEqual(volumes(), []);
});

test("what does not fit, and a group that is not there, are errors of the plan", async (t) => {
  const { workspace, write } = await prepare(t);
  await write({ disk: "1TiB" });
  const large = await virtform("plan", workspace.directory);
  assert.equal(large.code, 1);
  assert.match(large.stdout + large.stderr, /Volume group vg0 has not enough space/);
  await write({ lvm: { volume_group: "vg9" } });
  const missing = await virtform("plan", workspace.directory);
  assert.equal(missing.code, 1);
  assert.match(missing.stdout + missing.stderr, /There is no volume group vg9/);
  assert.deepEqual(volumes(), []);
});

for (const [volumeClear, volumeClearSize] of [
  ["zero", 0],
  ["zero", 4 * MiB],
  ["shred", 0],
  ["none", 0],
] as const) {
  test(`volume_clear ${volumeClear} of ${volumeClearSize === 0 ? "all" : volumeClearSize}: what is on the disk afterwards`, async (t) => {
    t.after(clear);
    const place = machine(t, { wrap: () => host });
    const settings = { ...place.settings, drivers: { lvm: { volumeGroup: group, sparse: false, volumeClear, volumeClearSize } } };
    const context = { ...place, settings };
    const uuid = "6b1c2d3e-0000-4000-8000-000000000001";
    const disk = {
      instance: "web",
      uuid,
      name: "disk",
      role: "swap",
      backend: "lvm",
      path: "",
      size: 8 * MiB,
      preallocate: "none",
    } as const;
    await lvm.create(context, disk, () => {});
    const volume = volumeOf(disk);
    const { offset, length } = extentsOf(volume);
    assert.equal(length, 8 * MiB);
    lvmHost.run("sh", "-c", `yes secret | tr -d '\\n' | dd of=/dev/${group}/${volume} bs=1M count=8 iflag=fullblock status=none`);
    const secrets = (bytes: Buffer) => bytes.toString("latin1").split("secretsecret").length - 1;
    assert.ok(secrets(lvmHost.bytes(offset, length)) > 1000, "they are there before");
    await lvm.remove(context, disk);
    assert.deepEqual(volumes(), []);
    const bytes = lvmHost.bytes(offset, length);
    const halves = [bytes.subarray(0, 4 * MiB), bytes.subarray(4 * MiB)];
    const whole = volumeClearSize === 0;
    const zeroed = { zero: [true, whole], shred: [false, false], none: [false, false] }[volumeClear];
    assert.deepEqual(
      halves.map((half) => half.every((byte) => byte === 0)),
      zeroed,
    );
    const left = { zero: [false, !whole], shred: [false, false], none: [true, true] }[volumeClear];
    assert.deepEqual(
      halves.map((half) => secrets(half) > 0),
      left,
    );
  });
}

/** After a kill: apply converges, nothing half-made is left, and destroying leaves nothing at all. */
async function assertRecovers(workspace: Workspace, uuid: () => string, disks: readonly string[]): Promise<void> {
  await apply(workspace);
  await assertConverged(workspace);
  assert.deepEqual(
    volumes(),
    disks.map((disk) => `${uuid()}_${disk}`),
  );
  const tags = lvmHost.run("lvs", "--noheadings", "-o", "lv_tags", group);
  assert.doesNotMatch(tags, /incomplete|removing|growing/);
  assertNoLeftovers(workspace);
}

/** Runs virtform while no device that LVM makes is ever reported, so that its programs stop in the middle, and kills it there. */
async function killHalted(args: readonly string[], reached: () => boolean, alsoThere: string | undefined): Promise<void> {
  lvmHost.run("udevadm", "settle");
  lvmHost.run("udevadm", "control", "--stop-exec-queue");
  try {
    const child = start(args);
    const end = ended(child, 600_000);
    const result = await Promise.race([end, until("the middle", 300, () => (reached() ? ("reached" as const) : undefined))]);
    assert.equal(result, "reached", JSON.stringify(result));
    if (alsoThere !== undefined) lvmHost.run("pkill", "-KILL", "-x", alsoThere);
    child.kill("SIGKILL");
    assert.equal((await end).code, null, "it was killed before it was done");
  } finally {
    lvmHost.run("udevadm", "control", "--start-exec-queue");
  }
}

for (const alsoThere of [false, true]) {
  test(
    `killed in the middle of lvcreate and of lvremove${alsoThere ? ", these killed as well" : ""}, it converges when run again`,
    slow,
    async (t) => {
      t.after(clear);
      const { workspace, uuid } = await prepare(t);
      const options = ["--auto-approve", "--parallelism", "1"];
      const devices = () => lvmHost.run("dmsetup", "ls");
      await killHalted(["apply", workspace.directory, ...options], () => /_disk/.test(devices()), alsoThere ? "lvcreate" : undefined);
      await assertRecovers(workspace, uuid, ["disk", "disk.local", "disk.swap"]);
      const count = lines(devices()).length;
      assert.equal(count, 3);
      const removal = ["destroy", workspace.directory, ...options, "--allow-destroy"];
      await killHalted(removal, () => lines(devices()).length < count, alsoThere ? "lvremove" : undefined);
      await destroy(workspace);
      assert.deepEqual(volumes(), []);
    },
  );
}

test("killed between the pool of a sparse volume and the volume, it converges when run again", slow, async (t) => {
  t.after(clear);
  const { workspace, write, uuid } = await prepare(t);
  await write({ lvm: { sparse: true }, extra: false, disk: "1GiB" });
  // The same lvcreate, only that it never comes to the volume.
  const slow = "/usr/local/bin/lvcreate";
  const script = '#!/bin/sh\ncase "$*" in *"--type thin "*) exec sleep 600 ;; esac\nexec /usr/sbin/lvcreate "$@"\n';
  await writeFile(`${workspace.directory}/slow`, script);
  lvmHost.put(`${workspace.directory}/slow`, slow);
  lvmHost.run("chmod", "755", slow);
  const child = start(["apply", workspace.directory, "--auto-approve"]);
  const end = ended(child, 600_000);
  const stuck = () => lvmHost.run("ps", "-eo", "args").includes("sleep 600");
  await until("a pool without a volume", 300, () => (stuck() ? true : undefined));
  child.kill("SIGKILL");
  assert.equal((await end).code, null, "it was killed before it was done");
  lvmHost.run("rm", slow);
  await until("the end of what it ran", 120, () => (stuck() ? undefined : true));
  const [pool] = volumes();
  assert.match(pool ?? "", /_disk_pool$/);
  assert.equal(volumes().length, 1);
  await assertRecovers(workspace, uuid, ["disk", "disk_pool"]);
  await destroy(workspace);
  assert.deepEqual(volumes(), []);
});

/**
 * Runs it again and again, killed in the middle of the first action that it begins, then as soon as one is done, until it ends
 * by itself. Gives the number of kills, and the actions that were done.
 */
async function killEverywhere(args: readonly string[]): Promise<{ readonly kills: number; readonly actions: ReadonlySet<string> }> {
  const actions = new Set<string>();
  for (let kills = 0; ; kills += 1) {
    let steps = 0;
    const result = await virtformEvents([...args, "--auto-approve", "--parallelism", "1"], ({ type, hook }, kill) => {
      if (type !== "apply_start" && type !== "apply_complete") return;
      actions.add(`${hook?.action} ${hook?.resource?.addr}`);
      steps += 1;
      if (steps === 1 + (kills % 2)) kill();
    });
    if (result.code === 0) return { kills, actions };
    assert.equal(result.code, null, result.stdout + result.stderr);
    assert.ok(kills <= 3 * actions.size + 3, "it goes on from where it was killed");
  }
}

test(
  "killed at every action of an apply and of a destroy, it converges when run again; a group out of sight is not empty",
  slow,
  async (t) => {
    t.after(clear);
    const { workspace, write, uuid } = await prepare(t);
    // One that is not in the cache yet.
    const image = `${workspace.directory}/own.qcow2`;
    await mustRun("qemu-img", ["create", "-q", "-f", "qcow2", image, "16M"]);
    await write({ image, extra: false });
    const making = await killEverywhere(["apply", workspace.directory]);
    t.diagnostic(`${making.kills} kills, ${[...making.actions].join(", ")}`);
    assert.ok(making.actions.size >= 4, "image, disk, config drive, domain");
    assert.ok(making.kills >= making.actions.size, `only ${making.kills} kills`);
    await assertRecovers(workspace, uuid, ["disk"]);

    lvmHost.run("vgrename", "-q", group, "elsewhere");
    try {
      const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
      assert.equal(gone.code, 1);
      assert.match(gone.stdout + gone.stderr, /does not see volume group vg0/);
    } finally {
      lvmHost.run("vgrename", "-q", "elsewhere", group);
    }
    await assertConverged(workspace);

    const removal = await killEverywhere(["destroy", workspace.directory, "--allow-destroy"]);
    t.diagnostic(`${removal.kills} kills, ${[...removal.actions].join(", ")}`);
    assert.ok(removal.actions.size >= 3, "domain, config drive, disk");
    assert.ok(removal.kills >= removal.actions.size, `only ${removal.kills} kills`);
    assert.deepEqual(volumes(), []);
    assertNoLeftovers(workspace);
  },
);

test("killed in the middle of a conversion, it converges when run again", slow, async (t) => {
  t.after(clear);
  const { workspace, write, uuid } = await prepare(t);
  const image = `${workspace.directory}/large.qcow2`;
  await mustRun("dd", ["if=/dev/urandom", `of=${image}.raw`, "bs=1M", "count=16", "status=none"]);
  await mustRun("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", `${image}.raw`, image]);
  await write({ image, disk: "20MiB", extra: false });
  // The same qemu-img, only slow where it writes to a volume.
  const slow = "/usr/local/bin/qemu-img";
  const script = `#!/bin/sh\ncase $* in convert*/dev/${group}/*) shift; exec /usr/bin/qemu-img convert -r 256K "$@" ;; esac\nexec /usr/bin/qemu-img "$@"\n`;
  await writeFile(`${workspace.directory}/slow`, script);
  lvmHost.put(`${workspace.directory}/slow`, slow);
  lvmHost.run("chmod", "755", slow);
  const child = start(["apply", workspace.directory, "--auto-approve"]);
  const end = ended(child, 600_000);
  const converts = () => lvmHost.run("ps", "-eo", "args").includes(`/dev/${group}/`);
  await until("a conversion", 300, () => (converts() ? true : undefined));
  child.kill("SIGKILL");
  assert.equal((await end).code, null, "it was killed before it was done");
  lvmHost.run("rm", slow);
  assert.match(lvmHost.run("lvs", "--noheadings", "-o", "lv_tags", group), /virtform\.incomplete/);
  await assertRecovers(workspace, uuid, ["disk"]);
  await mustRun("truncate", ["-s", "20M", `${image}.raw`]);
  lvmHost.put(`${image}.raw`, "/root/expected.raw");
  lvmHost.run("qemu-img", "compare", "-f", "raw", "-F", "raw", `/dev/${group}/${uuid()}_disk`, "/root/expected.raw");
  await destroy(workspace);
  assert.deepEqual(volumes(), []);
});

conforms([real]);
