import assert from "node:assert/strict";
import { open, readdir, readFile, writeFile } from "node:fs/promises";
import { after, before, type TestContext, test } from "node:test";
import { type LoopLvm, startLoopLvm } from "../support/loop-lvm.ts";
import { startSshd } from "./ssh/sshd.ts";
import { debianImages } from "./support/debian-images.ts";
import { until } from "./support/until.ts";
import { ended, mustRun, runProgram, start, virtform } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  createWorkspace,
  publicKey,
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

/** The first process of a Debian guest, in the place of systemd: a whole boot would say no more about these files. */
const debianInit = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
say() { printf '\\nvirtform-debian: %s\\n' "$*" >/dev/ttyS0; }
say "command-line=$(cat /proc/cmdline)"
say "file=$(base64 /srv/app/key) $(stat -c %a:%U:%G /srv/app/key) $(stat -c %a:%U:%G /srv/app)"
say "key=$(tail -n 1 /root/.ssh/authorized_keys) $(stat -c %a:%U:%G /root/.ssh/authorized_keys)"
say "metadata=$(cat /meta.js)"
say "password=$(getent shadow root | cut -d : -f 2)"
say ready
sleep 600
`;

/** `uri`: of a host over ssh. */
async function setUp(t: TestContext, uri?: string) {
  const workspace = await createWorkspace(t);
  const [one, two, three] = ["one", "two", "three"].map((name) => `${workspace.prefix}-${name}`) as [string, string, string];
  const images = { ...debianImages(), parted: { source: await partitioned(workspace.directory), disk_format: "raw" } };
  const sections = {
    host: { ...(uri === undefined ? {} : { uri }), lvm: { volume_group: lvm.group } },
    images,
    flavors: { small: { vcpus: 1, ram: "192MiB", disk: "80MiB" }, medium: { vcpus: 1, ram: "512MiB", disk: "3GiB" } },
    key_pairs: { ops: { public_key: publicKey } },
  };
  const stopped = (instance: object) => ({ image: "parted", flavor: "small", power_state: "stopped", ...instance });
  const write = (instances: object) => writeConfig(workspace, { ...sections, instances });
  return { workspace, one, two, three, stopped, write };
}

/** The password is checked as a login does it. */
async function assertPassword(hash: string): Promise<void> {
  const { stdout } = await runProgram("openssl", ["passwd", "-6", "-salt", hash.split("$")[2] ?? "", password]);
  assert.equal(stdout.trim(), hash);
}

async function diskOf({ instancesPath }: Workspace, name: string): Promise<string> {
  return `${instancesPath}/${(await virsh("domuuid", name)).trim()}/disk`;
}

/* test/real/examples/images.test.ts has another guest that says what was injected. */
test("files, key, metadata and password are in flat and LVM disks before the first boot, and a Debian guest reads them from qcow2", async (t) => {
  const { workspace, one, two, three, stopped, write } = await setUp(t);
  const odd = { path: "/srv/a dir/ä\\x41'$(touch x)", text: "odd\n" };
  const app = { path: "/etc/app/key", base64: "AAH/", mode: "0640", owner: "app" };
  const rest = { key_pair: "ops", metadata: { role: "web" }, admin_password: { env: "VIRTFORM_TEST_PASSWORD" } };
  const said = { path: "/usr/lib/systemd/systemd", text: debianInit, mode: "0755" };
  const secret = { path: "/srv/app/key", base64: "AAH/", mode: "0640", owner: "nobody:mail" };
  await write({
    [one]: { image: "debian", flavor: "medium", inject: { partition: "inspect" }, ...rest, files: [said, secret] },
    [two]: stopped({ images_type: "flat", inject: { partition: "inspect" }, ...rest, files: [app, odd] }),
    [three]: stopped({ images_type: "lvm", inject: { partition: 1 }, ...rest }),
  });
  const { stdout, stderr } = await apply(workspace);
  assert.doesNotMatch(stdout + stderr, /Warning: .*(starts without)/);
  await assertConverged(workspace);

  const log = await waitForConsole(workspace, one, /^virtform-debian: ready$/m, 300);
  await virsh("destroy", one);
  const guest = Object.fromEntries(
    Array.from(log.matchAll(/^virtform-debian: (\S+?)=(.*)$/gm), ([, key, value = ""]) => [key, value.trim()]),
  );
  // The guest has found its root disk by this, as virtform writes it for an image that has none.
  assert.equal(guest["command-line"], "root=/dev/vda console=tty0 console=ttyS0 console=hvc0 no_timer_check");
  assert.equal(guest["file"], "AAH/ 640:nobody:mail 755:root:root");
  assert.equal(guest["key"], `${publicKey} 600:root:root`);
  assert.equal(guest["metadata"], '{"role":"web"}');
  await assertPassword(guest["password"] ?? "");

  const volume = lvm.volumes().find((name) => name.endsWith("_disk"));
  for (const disk of [await diskOf(workspace, two), `/dev/${lvm.group}/${volume}`]) {
    const { text, access } = fileSystem(disk, MiB);
    assert.equal(await text("/root/.ssh/authorized_keys"), `# Injected by virtform\n${publicKey}\n`);
    assert.deepEqual([await access("/root/.ssh"), await access("/root/.ssh/authorized_keys")], ["0700 0:0", "0600 0:0"]);
    assert.equal(await text("/meta.js"), '{"role":"web"}\n');
    const [daemon, root] = (await text("/etc/shadow")).split("\n");
    assert.equal(daemon, "daemon:*:19000:0:99999:7:::");
    await assertPassword(/^root:(\$6\$[^:]+):19000:0:99999:7:::$/.exec(root ?? "")?.[1] ?? "");
  }
  const parted = fileSystem(await diskOf(workspace, two), MiB);
  assert.equal(await parted.access("/etc/app/key"), "0640 1000:1001");
  assert.equal(await parted.access("/etc/app"), "0755 0:0");
  assert.equal(await parted.text(`"${odd.path}"`), "odd\n");

  const label = (await tree(workspace.instancesPath)).filter((path) => path.endsWith("virtform.json"));
  for (const path of label) assert.doesNotMatch(await readFile(`${workspace.instancesPath}/${path}`, "utf8"), new RegExp(password));
});

test("over ssh: a file system that is not found fails the apply with the partitions that there are, and the next apply makes the disk again", async (t) => {
  const sshd = await startSshd({ after: (done) => t.after(done) });
  process.env["VIRTFORM_SSH"] = sshd.program;
  t.after(() => delete process.env["VIRTFORM_SSH"]);
  const { workspace, two, stopped, write } = await setUp(t, sshd.uri);
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
