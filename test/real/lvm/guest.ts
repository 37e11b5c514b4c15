import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { countingDisk, speakingDisk } from "../../support/speaking-disk.ts";
import { apply, assertConverged, virtform } from "../support/in-this-process.ts";
import { checkout, mustRun } from "../support/virtform.ts";
import { waitForConsole } from "../support/workspace.ts";
import { assertNoLeftovers, bootSeconds, clear, destroy, field, group, lvmHost, MiB, prepare, slow, virsh, volumes } from "./lvm.ts";

// A guest takes minutes to start Linux there, so that what it sees is up to test/real/examples/storage.test.ts, which applies
// the same example to volumes on loop devices. Here one that has nothing but a boot sector shows that a guest has the volumes of the
// real LVM: it counts its boots in them.
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
    const image = `${own.directory}/counting.qcow2`;
    await writeFile(`${image}.raw`, countingDisk("this is the volume"));
    await mustRun("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", `${image}.raw`, image]);
    const example = parse(await readFile(`${checkout}examples/lvm/virtform.yaml`, "utf8"));
    const write = (disk: string, data: string) =>
      writeFile(
        `${workspace.directory}/virtform.yaml`,
        stringify({
          ...example,
          project: workspace.project,
          host: { ...example.host, uri: lvmHost.uri, instances_path: workspace.instancesPath },
          images: { tiny: { source: image, disk_format: "qcow2" } },
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
    const { forecast } = JSON.parse((await virtform("plan", workspace.directory, "--json")).stdout) as {
      forecast: { write: number; full: number };
    };
    const before = taken(workspace.instancesPath);
    await apply(workspace);
    const written = taken(workspace.instancesPath) - before;
    assert.ok(Math.abs(written - forecast.write) <= 0.1 * forecast.write, `forecast ${forecast.write}, measured ${written}`);
    await assertConverged(workspace);
    const instance = uuid();
    const root = `${instance}_disk`;
    const ours = () => volumes().filter((one) => one !== "foreign" && one !== "bank_disk");
    const made = ours();
    assert.deepEqual(
      made.filter((one) => one.startsWith(instance)),
      [root, `${root}.local`, `${root}.swap`],
    );
    assert.equal(made.length, 4);
    const tags = () => field("lv_tags", `${group}/${root}`).split(",").sort().join();
    assert.equal(tags(), `virtform.instance=${name},virtform.owner=${workspace.project}`);
    const started = performance.now();
    await waitForConsole(workspace, name, /^this is the volume\nboots=1$/m, bootSeconds);
    t.diagnostic(`the guest was up ${Math.round((performance.now() - started) / 1000)} s after apply`);
    const sizes = () => {
      const table = virsh("domblkinfo", name, "--all");
      return ["vda", "vdb", "vdc", "vdd"].map((disk) => Number(new RegExp(`^ *${disk} +(\\d+) `, "m").exec(table)?.[1]) / MiB);
    };
    assert.deepEqual(sizes(), [260, 64, 32, 12]);
    // What the guest wrote is in the volume: the count of its boots, in the second sector.
    const count = () => lvmHost.run("dd", `if=/dev/${group}/${root}`, "bs=512", "skip=1", "count=1", "iflag=direct", "status=none");
    assert.match(count(), /^1\r\n/);
    const drive = `${workspace.instancesPath}/${instance}/disk.config`;
    assert.match(lvmHost.run("blkid", "-p", drive), /LABEL="config-2".* TYPE="vfat"/);
    assert.equal(lvmHost.run("mtype", "-i", drive, "::openstack/latest/user_data"), `#!/bin/sh\necho "From a volume group."\n`);
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
    assert.deepEqual(sizes(), [288, 64, 32, 16]);
    // What it wrote before the volume grew; it boots again meanwhile.
    assert.match(count(), /^[12]\r\n/);
    assertNoLeftovers(workspace);

    await destroy(workspace);
    assert.deepEqual(ours(), []);
    assert.equal(digest(), foreign);
  },
);

/** Bytes of the volumes of the group, and of the files below a directory. */
function taken(directory: string): number {
  const sizes = lvmHost.run("lvs", "--noheadings", "--nosuffix", "--units", "b", "-o", "lv_size", group).split(/\s+/);
  const [files] = lvmHost.run("sh", "-c", `du -s -B1 ${directory} 2>/dev/null || echo 0`).split(/\s/);
  return [...sizes, files].reduce((sum, size) => sum + Number(size), 0);
}

test("a sparse volume has a pool of its own, a guest boots from it, it grows, and its pool goes with it", slow, async (t) => {
  t.after(clear);
  const { workspace, write, name, uuid } = await prepare(t);
  const image = `${workspace.directory}/speaks.qcow2`;
  await writeFile(`${image}.raw`, speakingDisk("this is the volume"));
  await mustRun("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", `${image}.raw`, image]);
  const settings = { lvm: { sparse: true }, image, extra: false, runs: true } as const;
  await write({ ...settings, disk: "16GiB" });
  const planned = await virtform("plan", workspace.directory);
  assert.match(planned.stdout + planned.stderr, /is overcommitted/);
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
