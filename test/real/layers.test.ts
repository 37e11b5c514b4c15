import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { mustRun, type Result, runProgram } from "./support/virtform.ts";
import { createWorkspace, tinyImages, virsh, type Workspace, writeConfig } from "./support/workspace.ts";

interface Shape {
  readonly power?: "running" | "stopped";
  readonly disk?: string;
  readonly ram?: string;
  readonly protect?: boolean;
  readonly size?: string;
}

/** One guest without an operating system, and a volume that it has. */
async function configure(workspace: Workspace, shape: Shape = {}): Promise<string> {
  const { power = "stopped", disk = "256MiB", ram = "64MiB", protect = false, size = "16MiB" } = shape;
  const name = `${workspace.prefix}-web`;
  const { tiny } = tinyImages() as { tiny: { source: string; disk_format: string } };
  await writeConfig(workspace, {
    host: { allocation_ratio: { vcpus: 1000, memory: 100, disk: 100 } },
    images: { tiny: { source: tiny.source, disk_format: tiny.disk_format } },
    flavors: { small: { vcpus: 1, ram, disk } },
    volumes: { data: { size, prevent_destroy: protect } },
    instances: { [name]: { image: "tiny", flavor: "small", power_state: power, prevent_destroy: protect, volumes: [{ volume: "data" }] } },
  });
  return name;
}

const plan = (workspace: Workspace, ...options: string[]) => virtform("plan", workspace.directory, ...options);
const destroy = (workspace: Workspace, ...options: string[]) =>
  virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy", ...options);
const text = ({ stdout, stderr }: Result) => `${stdout}${stderr}`;
const flat = (result: Result) => text(result).replaceAll(/\s+/g, " ");

/** Where a guest has its disks: path by target. */
async function sources(name: string): Promise<Record<string, string>> {
  const lines = (await virsh("domblklist", name)).split("\n").map((line) => line.trim().split(/\s+/));
  return Object.fromEntries(lines.filter(([, path]) => path?.startsWith("/")).map(([target = "", path = ""]) => [target, path]));
}

async function virtualSize(path: string): Promise<number> {
  return JSON.parse(await mustRun("qemu-img", ["info", "-U", "--output=json", path]))["virtual-size"];
}

async function backingOf(path: string): Promise<string> {
  return JSON.parse(await mustRun("qemu-img", ["info", "-U", "--output=json", path]))["full-backing-filename"];
}

/** The name of the root disk of a running guest in qemu. */
async function deviceOf(name: string): Promise<string> {
  return (
    /\/machine\/peripheral\/virtio-disk0\/virtio-backend/.exec(await virsh("qemu-monitor-command", name, "--hmp", "info block"))?.[0] ?? ""
  );
}

/** Writes a pattern into a disk as its guest would, and says whether it is there. */
const write = (path: string, pattern: string) => mustRun("qemu-io", ["-c", `write -P ${pattern} 1M 64k`, path]);
const holds = async (path: string, pattern: string) =>
  !/failed/.test(text(await runProgram("qemu-io", ["-U", "-r", "-c", `read -P ${pattern} 1M 64k`, path])));

/** A file system of its own for the instances path. */
async function mounted(t: TestContext, workspace: Workspace): Promise<{ readonly workspace: Workspace; readonly point: string }> {
  const point = await mkdtemp("/var/lib/virtform-test-mnt-");
  await chmod(point, 0o755);
  await mustRun("mount", ["-t", "tmpfs", "-o", "size=200m,mode=755", "none", point]);
  t.after(async () => {
    while ((await runProgram("umount", [point])).code === 0);
    await rm(point, { recursive: true, force: true });
  });
  return { workspace: { ...workspace, instancesPath: `${point}/instances` }, point };
}

for (const power of ["stopped", "running"] as const) {
  test(`an external snapshot of a ${power} guest and its volume is followed: nothing is lost, growth goes to the active layer`, async (t) => {
    const workspace = await createWorkspace(t);
    const name = await configure(workspace, { power });
    await apply(workspace);
    await virsh("snapshot-create-as", name, "s1", "--disk-only", "--no-metadata");
    const overlays = await sources(name);
    assert.match(`${overlays["vda"]} ${overlays["vdb"]}`, /disk\.s1 .*volumes\/.*disk\.s1/);
    if (power === "stopped") for (const target of ["vda", "vdb"]) await write(overlays[target] ?? "", "0xaa");
    await assertConverged(workspace);
    assert.match((await virtform("show", name, workspace.directory)).stdout, /disk\.s1[\s\S]*\/disk/);

    await configure(workspace, { power, disk: "512MiB", ram: "96MiB", size: "32MiB" });
    const growing = await plan(workspace);
    assert.match(flat(growing), /grow from 256MiB to 512MiB, in its active layer .*disk\.s1/);
    assert.doesNotMatch(growing.stdout, /permanently deleted/);
    const before = power === "running" ? await virsh("domid", name) : "";
    await apply(workspace);
    if (power === "running") assert.equal(await virsh("domid", name), before, "the same process");
    assert.deepEqual(await sources(name), overlays);
    assert.deepEqual([await virtualSize(overlays["vda"] ?? ""), await virtualSize(overlays["vdb"] ?? "")], [2 ** 29, 2 ** 25]);
    if (power === "stopped") for (const target of ["vda", "vdb"]) assert.ok(await holds(overlays[target] ?? "", "0xaa"), target);
    await assertConverged(workspace);

    const gone = await destroy(workspace, "--images");
    assert.equal(gone.code, 0, text(gone));
    assert.match(flat(gone), /with the layer above it \(.*disk\.s1\)/);
    const left = await readdir(workspace.instancesPath, { recursive: true });
    assert.deepEqual(
      left.filter((path) => /disk/.test(path)),
      [],
    );
    await apply(workspace);
    await assertConverged(workspace);
  });
}

test("a guest with a checkpoint and a snapshot is destroyed, also one that runs", async (t) => {
  for (const power of ["running", "stopped"] as const) {
    const workspace = await createWorkspace(t);
    const name = await configure(workspace, { power: "running" });
    await apply(workspace);
    await virsh("checkpoint-create-as", name, "c1", "--diskspec", "vda");
    await virsh("snapshot-create-as", name, "s1", "--disk-only");
    if (power === "stopped") await virsh("destroy", name);
    const gone = await destroy(workspace);
    assert.equal(gone.code, 0, text(gone));
    assert.match(gone.stdout, new RegExp(`Destroys: snapshot s1 of ${name}`));
    assert.notEqual((await runProgram("virsh", ["-q", "-c", "qemu:///system", "dominfo", name])).code, 0);
  }
});

test("a file system that is not mounted is an error, and its disks and volumes are kept", async (t) => {
  for (const protect of [true, false]) {
    const { workspace, point } = await mounted(t, await createWorkspace(t));
    await configure(workspace, { protect, power: "running" });
    const name = `${workspace.prefix}-web`;
    await apply(workspace);
    await virsh("destroy", name);
    await mustRun("umount", ["-l", point]);
    for (const command of [["plan"], ["apply", "--auto-approve"], ["destroy", "--auto-approve", "--allow-destroy"]]) {
      const result = await virtform(command[0] ?? "", workspace.directory, ...command.slice(1));
      assert.equal(result.code, 1, text(result));
      assert.match(flat(result), /The file system at .* is not mounted|The directory of .* is missing/);
    }
    assert.match(await virsh("domstate", name), /shut off/);
    assert.deepEqual(
      (await readdir(point, { recursive: true })).filter((path) => /disk|virtform\.json/.test(path)),
      [],
    );
  }
});

test("a directory that was moved away is created again only with consent, and never if it is protected", async (t) => {
  for (const protect of [true, false]) {
    const workspace = await createWorkspace(t);
    const name = await configure(workspace, { protect });
    await apply(workspace);
    const uuid = (await virsh("domuuid", name)).trim();
    const [directory, volumes] = [`${workspace.instancesPath}/${uuid}`, `${workspace.instancesPath}/volumes`];
    const aside = await mkdtemp(`${workspace.directory}/aside-`);
    await mustRun("mv", [directory, volumes, aside]);
    const refused = await virtform("apply", workspace.directory, "--auto-approve");
    assert.equal(refused.code, 1, text(refused));
    assert.match(
      flat(refused),
      new RegExp(`The directory of ${name} is missing.*Volume data is missing|Volume data is missing.*The directory of ${name} is missing`),
    );
    assert.ok(!existsSync(directory) && !existsSync(`${volumes}`), "nothing was created");
    const allowed = await virtform("apply", workspace.directory, "--auto-approve", "--allow-destroy");
    assert.equal(allowed.code, protect ? 1 : 0, text(allowed));
    assert.equal(existsSync(`${directory}/disk`), !protect);
    if (protect) {
      await mustRun("mv", [`${aside}/${uuid}`, `${aside}/volumes`, workspace.instancesPath]);
      await configure(workspace, { protect: false });
      await apply(workspace);
    }
    await assertConverged(workspace);
    await destroy(workspace);
  }
});

test("a base image or a disk below a clone of a domain of others is neither removed nor grown", async (t) => {
  const workspace = await createWorkspace(t);
  const name = await configure(workspace);
  await apply(workspace);
  const bases = (await readdir(`${workspace.instancesPath}/_base`)).filter((entry) => /^[0-9a-f]{40}$/.test(entry));
  const base = `${workspace.instancesPath}/_base/${bases[0]}`;
  const outside = await mkdtemp("/var/lib/virtform-test-clone-");
  await chmod(outside, 0o755);
  t.after(() => rm(outside, { recursive: true, force: true }));
  const clone = `${workspace.prefix}-clone`;
  // Through a link, so that no path of ours is named.
  await mustRun("ln", ["-s", workspace.instancesPath, `${outside}/link`]);
  const define = async (below: string, format: string) => {
    await mustRun("qemu-img", [
      "create",
      "-q",
      "-f",
      "qcow2",
      "-b",
      below.replace(workspace.instancesPath, `${outside}/link`),
      "-F",
      format,
      `${outside}/clone.qcow2`,
      "512M",
    ]);
    await writeFile(
      `${outside}/clone.xml`,
      `<domain type='qemu'><name>${clone}</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${outside}/clone.qcow2'/><target dev='vda' bus='virtio'/></disk></devices></domain>`,
    );
    await virsh("define", `${outside}/clone.xml`);
  };
  await define((await sources(name))["vda"] ?? "", "qcow2");
  await assertConverged(workspace);
  await configure(workspace, { disk: "512MiB" });
  for (const result of [await virtform("apply", workspace.directory, "--auto-approve"), await destroy(workspace)]) {
    assert.equal(result.code, 1, text(result));
    assert.match(flat(result), new RegExp(`is used by domain ${clone}`));
  }
  await virsh("undefine", clone);
  await define(base, "raw");
  await virsh("start", clone);
  const gone = await destroy(workspace, "--images");
  assert.equal(gone.code, 0, text(gone));
  assert.match(flat(gone), new RegExp(`base image of tiny is kept, because domain ${clone} uses it`));
  await stat(base);
  await virsh("destroy", clone);
  await virsh("start", clone);
  await virsh("destroy", clone);
  await virsh("undefine", clone);
  assert.equal((await destroy(workspace, "--images")).code, 0);
  assert.ok(!existsSync(base));
});

test("a disk that qemu-img made again in place is not taken for the disk, and a mark survives what qemu does to it", async (t) => {
  const workspace = await createWorkspace(t);
  const name = await configure(workspace);
  await apply(workspace);
  const { vda = "" } = await sources(name);
  const base = await backingOf(vda);
  await configure(workspace, { disk: "512MiB" });
  await apply(workspace);
  await mustRun("qemu-img", ["rebase", "-u", "-b", base, "-F", "raw", vda]);
  await assertConverged(workspace);
  assert.match(await mustRun("qemu-img", ["check", vda]), /No errors/);

  await write(vda, "0xaa");
  await mustRun("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", vda, "512M"]);
  const emptied = await plan(workspace);
  assert.equal(emptied.code, 1, text(emptied));
  assert.match(flat(emptied), /Disk .* is empty .* is now an overlay of it that holds nothing/);
  await write(vda, "0xbb");
  await assertConverged(workspace);
});

test("a pull of a lower layer that has not ended is an error, which goes away with it", async (t) => {
  const workspace = await createWorkspace(t);
  const name = await configure(workspace, { power: "running" });
  await apply(workspace);
  // Enough to pull for as long as the test looks.
  const { vda = "" } = await sources(name);
  await virsh("qemu-monitor-command", name, "--hmp", `qemu-io -d ${await deviceOf(name)} "write -P 7 0 32M"`);
  await virsh(
    "snapshot-create-as",
    name,
    "s1",
    "--disk-only",
    "--no-metadata",
    "--diskspec",
    "vdb,snapshot=no",
    "--diskspec",
    "sda,snapshot=no",
  );
  await virsh(
    "blockpull",
    name,
    "vda",
    "--base",
    await mustRun("readlink", ["-f", await backingOf(vda)]).then((path) => path.trim()),
    "--bandwidth",
    "1",
  );
  const active = await plan(workspace);
  assert.equal(active.code, 1, text(active));
  assert.match(flat(active), /A block job \(pull\) of disk vda of .* is active.*--abort/);
  await virsh("blockjob", name, "vda", "--abort");
  await assertConverged(workspace);
});

test("a copy that was pivoted to, a block job, and a file of another format are errors; going back is a loss", async (t) => {
  const workspace = await createWorkspace(t);
  const name = await configure(workspace, { power: "running" });
  await apply(workspace);
  const { vda = "" } = await sources(name);
  const outside = await mkdtemp("/var/lib/virtform-test-copy-");
  await chmod(outside, 0o777);
  t.after(() => rm(outside, { recursive: true, force: true }));
  await virsh("blockcopy", name, "vda", `${outside}/copy.qcow2`, "--format", "qcow2", "--transient-job", "--wait");
  const active = await plan(workspace);
  assert.equal(active.code, 1, text(active));
  assert.match(flat(active), /A block job \(copy\) of disk vda of .* is active/);
  await virsh("blockjob", name, "vda", "--pivot");
  assert.equal((await sources(name))["vda"], `${outside}/copy.qcow2`);
  const left = await plan(workspace);
  assert.equal(left.code, 1, text(left));
  assert.match(flat(left), /runs with .*copy\.qcow2 in place of its disk vda/);
  assert.equal((await virtform("apply", workspace.directory, "--auto-approve")).code, 1);
  assert.equal((await sources(name))["vda"], `${outside}/copy.qcow2`, "nothing was redefined");
  await apply(workspace, `--allow-destroy=domain/${name}`);
  assert.match(await virsh("dumpxml", "--inactive", name), new RegExp(`file='${vda}'`));
  await virsh("destroy", name);
  await apply(workspace);
  await assertConverged(workspace);

  await virsh("destroy", name);
  await rename(vda, `${vda}.kept`);
  await mustRun("qemu-img", ["create", "-q", "-f", "raw", vda, "256M"]);
  const raw = await plan(workspace);
  assert.equal(raw.code, 1, text(raw));
  assert.match(flat(raw), /disk is a file that is not qcow2/);
  await rename(`${vda}.kept`, vda);
  await apply(workspace);
});
