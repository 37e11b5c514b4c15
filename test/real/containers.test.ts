import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { parse, stringify } from "yaml";
import { startLoopLvm } from "../support/loop-lvm.ts";
import { makeContainerRoot } from "./support/container-root.ts";
import { type PrivateLibvirt, startPrivateLibvirt } from "./support/private-libvirt.ts";
import { until } from "./support/until.ts";
import { checkout, mustRun, type Result, runProgram } from "./support/virtform.ts";
import { createWorkspace, publicKey, roomy, type Workspace } from "./support/workspace.ts";

/*
 * Containers of libvirt's LXC driver. They need cgroups, so libvirtd runs in namespaces of its own.
 */

interface Change {
  readonly disk?: string;
  readonly ram?: string;
  readonly init?: readonly string[];
  /** Further keys of its interface. */
  readonly nic?: object;
  /** Further keys of the instance. */
  readonly more?: object;
  readonly sections?: object;
}

interface Scene {
  readonly workspace: Workspace;
  readonly libvirt: PrivateLibvirt;
  readonly name: string;
  write(change: Change): Promise<void>;
  virtform(...args: readonly string[]): Promise<Result>;
  virsh(...args: readonly string[]): Promise<string>;
  /** A file in the container, while it runs. */
  inside(...command: readonly string[]): Promise<string>;
}

async function prepare(t: TestContext): Promise<Scene> {
  const made = await createWorkspace(t);
  // Short, as the name of a file of a loop device has to be.
  const instancesPath = await mkdtemp("/tmp/vl-");
  const workspace = { ...made, instancesPath };
  const libvirt = await startPrivateLibvirt(t, workspace.directory, { containers: true });
  // After the containers, which use files in it, are ended.
  t.after(() => rm(instancesPath, { recursive: true, force: true }));
  const root = await makeContainerRoot(workspace.directory);
  const name = `${workspace.prefix}-web`;
  const succeed = async (words: readonly string[]) => {
    const { code, stdout, stderr } = await libvirt.run(words);
    assert.equal(code, 0, `${words.join(" ")}:\n${stdout}${stderr}`);
    return stdout;
  };
  const virsh = (...args: readonly string[]) => succeed(["virsh", "-q", "-c", "lxc:///system", ...args]);
  return {
    workspace,
    libvirt,
    name,
    write: ({ disk = "32MiB", ram = "64MiB", init, nic = {}, more = {}, sections = {} }) =>
      writeFile(
        `${workspace.directory}/virtform.yaml`,
        stringify({
          project: workspace.project,
          host: { virt_type: "lxc", allocation_ratio: roomy, instances_path: workspace.instancesPath },
          images: { busybox: { source: root, disk_format: "raw" } },
          networks: { [`${workspace.prefix}n`]: { subnets: [{ cidr: "10.91.0.0/24" }] } },
          flavors: { small: { vcpus: 1, ram, disk } },
          instances: {
            [name]: {
              image: "busybox",
              flavor: "small",
              networks: [{ network: `${workspace.prefix}n`, ...nic }],
              ...(init === undefined ? {} : { init }),
              ...more,
            },
          },
          ...sections,
        }),
      ),
    virtform: (...args) => libvirt.run([process.execPath, `${checkout}bin/virtform.js`, ...args, workspace.directory]),
    virsh,
    inside: (...command) => virsh("lxc-enter-namespace", name, "--noseclabel", "--", ...command),
  };
}

async function succeeds({ code, stdout, stderr }: Result): Promise<string> {
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

async function assertConverged({ virtform }: Scene): Promise<void> {
  assert.match(await succeeds(await virtform("plan", "--detailed-exitcode")), /^No changes\./m);
}

/** The disk of the container. */
async function diskOf({ virsh, name }: Scene): Promise<string> {
  return /<source file='([^']*)'/.exec(await virsh("dumpxml", "--inactive", name))?.[1] ?? "";
}

/** Whether the host has a loop device for a file. */
async function isAttached(path: string): Promise<boolean> {
  return (await mustRun("losetup", ["--associated", path])).trim() !== "";
}

/** The loop devices of files below the instances path, and those that are mounted in the namespaces of libvirt. Other tests have more. */
async function loopDevices({ libvirt, workspace }: Scene): Promise<{ readonly all: string[]; readonly mounted: string[] }> {
  const list = await mustRun("losetup", ["--list", "--noheadings", "--output", "NAME,BACK-FILE"]);
  const ours = list.split("\n").filter((line) => line.includes(workspace.instancesPath));
  const all = ours.flatMap((line) => /\S+/.exec(line)?.[0] ?? []);
  const mounts = (await libvirt.run(["cat", "/proc/mounts"])).stdout.split("\n");
  return { all, mounted: all.filter((device) => mounts.some((mount) => mount.startsWith(`${device} `))) };
}

test("Nova CTR-01: a container runs its init from an image, is changed, stopped, grown and destroyed", async (t) => {
  const scene = await prepare(t);
  const { name, write, virtform, virsh, inside, workspace } = scene;
  await write({ init: ["/sbin/init", "one", "two words"] });
  await succeeds(await virtform("validate"));
  await succeeds(await virtform("apply", "--auto-approve"));
  await assertConverged(scene);

  const started = await until("its first process", 60, async () => {
    const text = await inside("/bin/cat", "/var/started").catch(() => "");
    return text === "" ? undefined : text;
  });
  assert.equal(started.trim(), `1 on ${name} with one two words`);
  assert.match(await inside("/bin/cat", "/var/links"), /: eth0@/);
  assert.match(await succeeds(await virtform("list")), new RegExp(`^${name} +active`, "m"));
  assert.match(await succeeds(await virtform("show", name)), /virt_type: lxc/);

  const disk = await diskOf(scene);
  assert.equal(await isAttached(disk), true);
  assert.deepEqual((await loopDevices(scene)).mounted, [], "the file system is mounted on the host");

  const console = await virtform("console", name);
  assert.equal(console.code, 1);
  assert.match(console.stderr, /is a container, whose console has no log/);

  await virsh("setmem", name, "40MiB", "--live");
  const drift = await virtform("drift");
  assert.equal(drift.code, 2, drift.stdout + drift.stderr);
  assert.match(drift.stdout, /memory +40MiB → 64MiB/);
  await succeeds(await virtform("apply", "--auto-approve"));
  assert.match(await virsh("dumpxml", name), /<currentMemory unit='KiB'>65536</);
  await assertConverged(scene);

  const grown = { disk: "48MiB", init: ["/sbin/init", "one", "two words"] };
  await write(grown);
  const refused = await virtform("plan");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr + refused.stdout, /cannot grow while the container runs/);
  await succeeds(await virtform("stop", name, "--auto-approve"));
  assert.equal((await virsh("domstate", name)).trim(), "shut off");
  assert.equal(await mustRun("debugfs", ["-R", "cat /var/ended", disk]), "ended\n");
  await until("release of the loop device", 60, async () => ((await isAttached(disk)) ? undefined : true));
  await succeeds(await virtform("apply", "--auto-approve"));
  await assertConverged(scene);
  // Right after a start, libvirt does not know the namespaces of the container yet.
  const sizes = await until("look into the container", 20, () => inside("/bin/df", "-k", "/").catch(() => undefined));
  const kibibytes = Number(/(\d+) +\d+ +\d+ +\d+% \/$/m.exec(sizes)?.[1]);
  assert.ok(kibibytes > 36 * 1024, `the file system has ${kibibytes} KiB`);

  await succeeds(await virtform("restart", name, "--auto-approve"));
  await assertConverged(scene);
  await succeeds(await virtform("destroy", "--auto-approve", "--allow-destroy"));
  assert.equal((await virsh("list", "--all", "--name")).trim(), "");
  assert.equal(await isAttached(disk), false);
  assert.match(await mustRun("ls", [workspace.instancesPath]), /_base/);
});

test("the root file system of a container is a logical volume, which grows while it is off", async (t) => {
  const scene = await prepare(t);
  const lvm = startLoopLvm(256 * 2 ** 20);
  t.after(() => lvm.stop());
  const host = {
    virt_type: "lxc",
    allocation_ratio: roomy,
    instances_path: scene.workspace.instancesPath,
    images_type: "lvm",
    lvm: { volume_group: lvm.group },
  };
  const path = `PATH=${lvm.programs}:${process.env["PATH"]}`;
  const virtform = (...args: readonly string[]) =>
    scene.libvirt.run(["env", path, process.execPath, `${checkout}bin/virtform.js`, ...args, scene.workspace.directory]);
  await scene.write({ sections: { host } });
  await succeeds(await virtform("apply", "--auto-approve"));
  await assertConverged({ ...scene, virtform });
  assert.match(await scene.virsh("dumpxml", scene.name), new RegExp(`<filesystem type='block'[\\s\\S]*<source dev='/dev/${lvm.group}/`));
  const mebibytes = async () =>
    Number((await scene.inside("/bin/busybox", "df", "-P", "-m", "/")).trim().split("\n").at(-1)?.split(/ +/)[1]);
  const before = await mebibytes();
  assert.ok(before >= 24 && before <= 32, `a file system of ${before} MiB on 32 MiB`);

  await succeeds(await virtform("stop", scene.name, "--auto-approve"));
  await scene.write({ disk: "64MiB", sections: { host } });
  await succeeds(await virtform("apply", "--auto-approve"));
  await assertConverged({ ...scene, virtform });
  const grown = await mebibytes();
  assert.ok(grown >= 2 * before && grown <= 64, `a file system of ${grown} MiB on 64 MiB, and of ${before} MiB before`);
  await succeeds(await virtform("destroy", "--auto-approve", "--allow-destroy"));
  assert.deepEqual(lvm.volumes(), []);
});

test("examples/container is validated, applied with an empty plan after it, and destroyed", async (t) => {
  const scene = await prepare(t);
  const { virtform, virsh, workspace, name } = scene;
  const directory = `${checkout}examples/container`;
  assert.match(await succeeds(await runProgram(process.execPath, [`${checkout}bin/virtform.js`, "validate", directory])), /valid/);
  // Readers of the example make its archive themselves.
  await mustRun("tar", ["-C", `${workspace.directory}/root`, "--numeric-owner", "-cJf", `${workspace.directory}/root.tar.xz`, "."]);
  const example = parse(await readFile(`${directory}/virtform.yaml`, "utf8"));
  const { web } = example.instances;
  const host = { ...example.host, allocation_ratio: roomy, instances_path: workspace.instancesPath };
  await writeFile(
    `${workspace.directory}/virtform.yaml`,
    stringify({ ...example, project: workspace.project, host, instances: { [name]: web } }),
  );
  await succeeds(await virtform("apply", "--auto-approve"));
  await assertConverged(scene);
  const started = await until("its first process", 60, () => scene.inside("/bin/cat", "/var/started").catch(() => undefined));
  assert.equal(started.trim(), `1 on ${name} with`);
  assert.equal((await scene.inside("/bin/stat", "-c", "%a %u:%g", "/sbin/init")).trim(), "755 0:0");
  assert.match(await virsh("nwfilter-binding-list"), /tap/);
  await succeeds(await virtform("destroy", "--auto-approve", "--allow-destroy", "--images"));
  assert.equal((await virsh("list", "--all", "--name")).trim(), "");
  assert.deepEqual((await loopDevices(scene)).all, []);
});

test("a container that does not start leaves nothing mounted, and the next apply ends what is left", async (t) => {
  const scene = await prepare(t);
  await scene.write({ init: ["/sbin/missing"] });
  const failed = await scene.virtform("apply", "--auto-approve");
  assert.equal(failed.code, 1, failed.stdout + failed.stderr);
  assert.match(
    (failed.stdout + failed.stderr).replace(/\s+/g, " "),
    /cannot find init path '\/sbin\/missing'.*the program that init names is not in the root file system/,
  );
  const disk = await diskOf(scene);
  await until("release of the loop device", 60, async () => ((await isAttached(disk)) ? undefined : true));
  await scene.write({});
  await succeeds(await scene.virtform("apply", "--auto-approve"));
  await assertConverged(scene);
  assert.equal((await scene.virsh("domstate", scene.name)).trim(), "running");
  await succeeds(await scene.virtform("destroy", "--auto-approve", "--allow-destroy"));
});

/** Kills a command with `kill -9` at the start or the end of an action: `apply_start disk.create`. Within the namespaces, where its process is known. */
async function killAt({ libvirt, workspace }: Scene, step: string, command: string): Promise<void> {
  const [event = "", type = ""] = step.split(" ");
  const script = `sh -c 'echo $$ > "$0"; exec "$@"' "$@" | while IFS= read -r line; do
    case $line in *'"type":"${event}"'*'"type":"${type}"'*) kill -9 "$(cat "$1")"; echo killed; exit;; esac
  done`;
  const options = command === "destroy" ? ["--allow-destroy"] : [];
  const words = [process.execPath, `${checkout}bin/virtform.js`, command, workspace.directory, "--auto-approve", ...options, "--json"];
  const { stdout, stderr } = await libvirt.run(["sh", "-c", script, "sh", `${workspace.directory}/pid`, ...words]);
  assert.equal(stdout, "killed\n", `${command} has no ${step}: ${stderr}`);
}

test("the next apply or destroy completes one of a container that was killed at an action, and nothing stays mounted", async (t) => {
  const scene = await prepare(t);
  const { virtform, virsh, workspace, write } = scene;
  await write({});
  for (const step of ["start image.fetch", "start disk.create", "complete disk.create", "start domain.define", "start domain.start"]) {
    await killAt(scene, `apply_${step}`, "apply");
    assert.deepEqual((await loopDevices(scene)).mounted, [], step);
  }
  await succeeds(await virtform("apply", "--auto-approve"));
  await assertConverged(scene);
  assert.equal((await virsh("domstate", scene.name)).trim(), "running");

  for (const step of ["start domain.undefine", "complete domain.undefine", "start disk.remove"]) {
    await killAt(scene, `apply_${step}`, "destroy");
    // The kill may come after the action that follows: everything is there again for the next one.
    await succeeds(await virtform("apply", "--auto-approve"));
  }
  await succeeds(await virtform("destroy", "--auto-approve", "--allow-destroy", "--images"));
  assert.equal((await virsh("list", "--all", "--name")).trim(), "");
  assert.deepEqual((await loopDevices(scene)).all, []);
  assert.doesNotMatch((await mustRun("find", [workspace.instancesPath, "-type", "f"])).replace(/.*\/locks\/.*\n/g, ""), /disk|_base/);
});

test("Nova CTR-02: a container has what was injected, and its security groups filter its traffic, also after a live edit", async (t) => {
  const scene = await prepare(t);
  const { write, virtform, virsh, inside, libvirt } = scene;
  const open = (...ports: readonly number[]) =>
    write({
      init: ["/sbin/init", "address=10.91.0.2/24"],
      nic: { addresses: ["10.91.0.2"], security_groups: ["web"] },
      more: {
        inject: { partition: "none" },
        key_pair: "ops",
        metadata: { role: "web" },
        files: [{ path: "/var/injected", text: "from the configuration\n", mode: "0600" }],
      },
      sections: {
        key_pairs: { ops: { public_key: publicKey } },
        security_groups: { web: { rules: ports.map((port) => ({ protocol: "tcp", ports: port })) } },
      },
    });
  await open(80);
  await succeeds(await virtform("apply", "--auto-approve"));
  await assertConverged(scene);
  const get = async (port: number) => (await libvirt.run(["curl", "-s", "-m", "2", `http://10.91.0.2:${port}/injected`])).stdout;
  assert.equal(await until("its web server", 60, async () => (await get(80)) || undefined), "from the configuration\n");
  assert.match(await inside("/bin/cat", "/root/.ssh/authorized_keys"), new RegExp(publicKey.replaceAll("+", "\\+")));
  assert.equal(await inside("/bin/cat", "/meta.js"), '{"role":"web"}\n');
  assert.equal(await get(81), "", "the group has no rule for it");

  await open(80, 81);
  assert.match(await succeeds(await virtform("apply", "--auto-approve")), /tcp 81/);
  assert.equal(await until("the other port", 60, async () => (await get(81)) || undefined), "from the configuration\n");
  await assertConverged(scene);
  const binding = /^ *(\S+) +\S+$/m.exec(await virsh("nwfilter-binding-list"))?.[1] ?? "";
  await virsh("nwfilter-binding-delete", binding);
  const drift = await virtform("drift");
  assert.equal(drift.code, 2, drift.stdout + drift.stderr);

  await succeeds(await virtform("destroy", "--auto-approve", "--allow-destroy"));
  assert.equal((await virsh("nwfilter-binding-list")).trim(), "");
  assert.deepEqual((await loopDevices(scene)).all, []);
});
