import assert from "node:assert/strict";
import { open, readdir, readFile, writeFile } from "node:fs/promises";
import { after, before, type TestContext, test } from "node:test";
import { type LoopLvm, startLoopLvm } from "../support/loop-lvm.ts";
import { until } from "./support/until.ts";
import { ended, mustRun, runProgram, start, virtform } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  createWorkspace,
  publicKey,
  readMarkers,
  tinyImages,
  tree,
  virsh,
  type Workspace,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

const MiB = 2 ** 20;
const password = "correct horse battery";

let lvm: LoopLvm;
before(() => {
  lvm = startLoopLvm(2 ** 29);
  process.env["PATH"] = `${lvm.programs}:${process.env["PATH"]}`;
  process.env["VIRTFORM_TEST_PASSWORD"] = password;
});
after(() => lvm?.stop());

/** Makes an image like that of a small Debian: one partition, from 1 MiB on. */
async function partitioned(directory: string): Promise<string> {
  const [files, image] = [`${directory}/image`, `${directory}/partitioned.raw`];
  for (const name of ["bin", "etc", "root", "srv"]) await mustRun("mkdir", ["-p", `${files}/${name}`]);
  const content = {
    "etc/debian_version": "12.0\n",
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian of a test"\n',
    "etc/fstab": "/dev/sda1 / ext4 defaults 0 1\n",
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/srv:/bin/sh\n",
    "etc/group": "root:x:0:\napp:x:1001:\n",
    "etc/shadow": "daemon:*:19000:0:99999:7:::\nroot:*:19000:0:99999:7:::\n",
  };
  for (const [name, text] of Object.entries(content)) await writeFile(`${files}/${name}`, text);
  await mustRun("truncate", ["-s", "40M", image]);
  await mustRun("mke2fs", ["-q", "-t", "ext4", "-d", files, "-E", `offset=${MiB}`, image, "32M"]);
  const table = Buffer.alloc(66);
  table.set([0x80, 0, 0, 0, 0x83, 0, 0, 0]);
  table.writeUInt32LE(MiB / 512, 8);
  table.writeUInt32LE((32 * MiB) / 512, 12);
  table.set([0x55, 0xaa], 64);
  const file = await open(image, "r+");
  await file.write(table, 0, table.length, 446);
  await file.close();
  return image;
}

/** Reads the ext4 file system in a raw disk, which no guest has. `offset` in bytes. */
function fileSystem(disk: string, offset = 0) {
  const ask = (request: string) => mustRun("debugfs", ["-R", request, offset === 0 ? disk : `${disk}?offset=${offset}`]);
  return {
    text: (path: string) => ask(`cat ${path}`),
    /** `0600 0:0`. */
    access: async (path: string) => {
      const [, mode, user, group] = /Mode: +(\d+)[\s\S]*?User: +(\d+) +Group: +(\d+)/.exec(await ask(`stat ${path}`)) ?? [];
      return `${mode} ${user}:${group}`;
    },
  };
}

async function setUp(t: TestContext) {
  const workspace = await createWorkspace(t);
  const [one, two, three] = ["one", "two", "three"].map((name) => `${workspace.prefix}-${name}`) as [string, string, string];
  const images = { ...tinyImages(), parted: { source: await partitioned(workspace.directory), disk_format: "raw" } };
  const sections = {
    host: { lvm: { volume_group: lvm.group } },
    images,
    flavors: { small: { vcpus: 1, ram: "192MiB", disk: "80MiB" } },
    key_pairs: { ops: { public_key: publicKey } },
  };
  const stopped = (instance: object) => ({ image: "parted", flavor: "small", power_state: "stopped", ...instance });
  const write = (instances: object) => writeConfig(workspace, { ...sections, instances });
  return { workspace, one, two, three, stopped, write };
}

async function diskOf({ instancesPath }: Workspace, name: string): Promise<string> {
  return `${instancesPath}/${(await virsh("domuuid", name)).trim()}/disk`;
}

test("files, key, metadata and password are in qcow2, flat and LVM disks when the guests boot first", async (t) => {
  const { workspace, one, two, three, stopped, write } = await setUp(t);
  const files = [
    { path: "/release", text: "what was injected\n" },
    { path: "/srv/a dir/ä\\x41'$(touch x)", text: "odd\n" },
  ];
  const app = { path: "/etc/app/key", base64: "AAH/", mode: "0640", owner: "app" };
  const rest = { key_pair: "ops", metadata: { role: "web" }, admin_password: { env: "VIRTFORM_TEST_PASSWORD" } };
  await write({
    [one]: { image: "tiny", flavor: "small", inject: { partition: "inspect" }, files },
    [two]: stopped({ images_type: "flat", inject: { partition: "inspect" }, ...rest, files: [app] }),
    [three]: stopped({ images_type: "lvm", inject: { partition: 1 }, ...rest }),
  });
  const { stdout, stderr } = await apply(workspace);
  assert.doesNotMatch(stdout + stderr, /Warning: .*(starts without)/);
  await assertConverged(workspace);

  const said = readMarkers(await waitForConsole(workspace, one, /^virtform-guest: ready$/m));
  assert.equal(said.value("root"), "what was injected");
  assert.equal(said.value("boots"), "1");
  assert.equal(said.value("config-drive"), "none");
  await virsh("destroy", one);
  await mustRun("qemu-img", ["convert", "-O", "raw", await diskOf(workspace, one), `${workspace.directory}/one.raw`]);
  assert.equal(await fileSystem(`${workspace.directory}/one.raw`).text(`"${files[1]?.path}"`), "odd\n");
  // A base image is what it was.
  const verified = await virtform("image", "verify", "--path", workspace.directory);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);

  const volume = lvm.volumes().find((name) => name.endsWith("_disk"));
  for (const disk of [await diskOf(workspace, two), `/dev/${lvm.group}/${volume}`]) {
    const { text, access } = fileSystem(disk, MiB);
    assert.equal(await text("/root/.ssh/authorized_keys"), `# Injected by virtform\n${publicKey}\n`);
    assert.deepEqual([await access("/root/.ssh"), await access("/root/.ssh/authorized_keys")], ["0700 0:0", "0600 0:0"]);
    assert.equal(await text("/meta.js"), '{"role":"web"}\n');
    const [daemon, root] = (await text("/etc/shadow")).split("\n");
    assert.equal(daemon, "daemon:*:19000:0:99999:7:::");
    const [, hash = ""] = /^root:(\$6\$[^:]+):19000:0:99999:7:::$/.exec(root ?? "") ?? [];
    // The password that a login checks in the same way.
    const checked = await runProgram("openssl", ["passwd", "-6", "-salt", hash.split("$")[2] ?? "", password]);
    assert.equal(checked.stdout.trim(), hash);
  }
  const parted = fileSystem(await diskOf(workspace, two), MiB);
  assert.equal(await parted.access("/etc/app/key"), "0640 1000:1001");
  assert.equal(await parted.access("/etc/app"), "0755 0:0");

  const label = (await tree(workspace.instancesPath)).filter((path) => path.endsWith("virtform.json"));
  for (const path of label) assert.doesNotMatch(await readFile(`${workspace.instancesPath}/${path}`, "utf8"), new RegExp(password));
});

test("a file system that is not found fails the apply with the partitions that there are, and the next apply makes the disk again", async (t) => {
  const { workspace, two, stopped, write } = await setUp(t);
  const instance = (partition: unknown, images_type: string) => ({
    [two]: stopped({ images_type, inject: { partition }, files: [{ path: "/etc/motd", text: "hello\n" }] }),
  });
  await write(instance(3, "flat"));
  const failed = await virtform("apply", workspace.directory, "--auto-approve");
  assert.equal(failed.code, 1);
  assert.match(
    (failed.stdout + failed.stderr).replace(/\s+/g, " "),
    /it has no such partition.*\/dev\/sda1 \(ext4\) in it.*Write another number/,
  );

  // Killed while the appliance runs: it ends too, and what it has done is not used.
  await write(instance("inspect", "flat"));
  const child = start(["apply", workspace.directory, "--auto-approve"]);
  const end = ended(child, 300_000);
  const appliances = () => processesWith(`${workspace.instancesPath}/`, "guestfs");
  await until("an appliance", 120, async () => ((await appliances()).length > 0 ? true : undefined));
  child.kill("SIGKILL");
  assert.equal((await end).code, null, "it was killed before it was done");
  await until("the end of the appliance", 60, async () => ((await appliances()).length === 0 ? true : undefined));
  const plan = await virtform("plan", workspace.directory);
  assert.match(plan.stdout, /its creation was interrupted/);
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal(await fileSystem(await diskOf(workspace, two), MiB).text("/etc/motd"), "hello\n");
});

/** Processes of qemu whose command line has all these words. */
async function processesWith(...words: readonly string[]): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes("qemu") && words.every((word) => line.includes(word)));
}
