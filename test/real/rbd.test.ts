import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { after, before, type TestContext, test } from "node:test";
import { type Ceph, startCeph } from "../support/ceph.ts";
import { failingPython, type PythonFailure } from "../support/failing-python.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { until } from "./support/until.ts";
import { ended, mustRun, runProgram, start } from "./support/virtform.ts";
import {
  assertNoLeftovers,
  createWorkspace,
  readMarkers,
  readSidecars,
  tinyGuest,
  tinyImages,
  tree,
  virsh,
  type Workspace,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

const MiB = 2 ** 20;
const secret = randomUUID();
const user = "virtform";

let ceph: Ceph;
let source: string;
let keyring: string;

const undefineSecret = () => runProgram("virsh", ["-q", "-c", "qemu:///system", "secret-undefine", secret]);

/** Gives libvirt the key with which guests authenticate to Ceph. */
async function defineSecret(): Promise<void> {
  const [document, key] = [`${ceph.directory}/secret.xml`, `${ceph.directory}/${user}.key`];
  const usage = `<usage type='ceph'><name>client.${user} ${secret}</name></usage>`;
  await writeFile(document, `<secret ephemeral='no' private='yes'><uuid>${secret}</uuid>${usage}</secret>`);
  await writeFile(key, await ceph.run("ceph", "auth", "get-key", `client.${user}`), { mode: 0o600 });
  await virsh("secret-define", document);
  await virsh("secret-set-value", secret, "--file", key);
}

before(async () => {
  ceph = await startCeph(["vms", "images"], { login: true });
  // What a host's administrator gives it: its own pool, and images to clone from.
  const caps = ["mon", "profile rbd", "osd", "profile rbd pool=vms, profile rbd-read-only pool=images"];
  keyring = await ceph.run("ceph", "auth", "get-or-create", `client.${user}`, ...caps);
  await writeFile(`${ceph.directory}/ceph.client.${user}.keyring`, keyring, { mode: 0o600 });
  // The tiny guest's disk as Glance keeps a raw image: with a protected snapshot.
  const raw = `${ceph.directory}/tiny.raw`;
  await mustRun("qemu-img", ["convert", "-O", "raw", tinyGuest.disk, raw]);
  await ceph.run("rbd", "import", "--no-progress", raw, "images/tiny");
  await ceph.run("rbd", "snap", "create", "--no-progress", "images/tiny@snap");
  await ceph.run("rbd", "snap", "protect", "images/tiny@snap");
  source = `rbd://${ceph.fsid}/images/tiny/snap`;
  await defineSecret();
});
after(async () => {
  await undefineSecret();
  await ceph?.stop();
});

const images = async () => (JSON.parse(await ceph.run("rbd", "ls", "vms", "--format", "json")) as string[]).sort();
const info = async (image: string) => JSON.parse(await ceph.run("rbd", "info", `vms/${image}`, "--format", "json"));
const settings = () => ({ pool: "vms", user, conf: ceph.conf, secret_uuid: secret });

interface Shape {
  readonly root?: object;
  readonly disk?: string;
  readonly flavor?: object;
  readonly host?: object;
  readonly instance?: object;
}

async function prepare(t: TestContext) {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-one`;
  const all = tinyImages() as Record<string, object>;
  const write = ({ root = {}, disk = "256MiB", flavor = {}, host = {}, instance = {} }: Shape = {}) =>
    writeConfig(workspace, {
      host: { images_type: "rbd", rbd: settings(), ...host },
      images: { ...all, tiny: { ...all["tiny"], ...root } },
      flavors: { small: { vcpus: 1, ram: "192MiB", disk, ...flavor } },
      instances: { [name]: { image: "tiny", flavor: "small", user_data: "from Ceph", ...instance } },
    });
  return { workspace, name, write, uuid: async () => (await virsh("domuuid", name)).trim() };
}

async function destroy({ directory }: Workspace): Promise<void> {
  const gone = await virtform("destroy", directory, "--auto-approve", "--allow-destroy");
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
  assert.deepEqual(await images(), []);
}

/** The errors of a plan that cannot be applied, by code, and all that it says. */
async function refusal({ directory }: Workspace): Promise<{ readonly codes: string[]; readonly text: string }> {
  const planned = await virtform("plan", directory, "--json", "--detailed-exitcode");
  assert.equal(planned.code, 1, planned.stdout + planned.stderr);
  const diagnostics: { severity: string; code: string; summary: string; detail?: string }[] = JSON.parse(planned.stdout).diagnostics;
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return { codes: errors.map(({ code }) => code), text: errors.map(({ summary, detail }) => `${summary}\n${detail}`).join("\n") };
}

test("a plan names refused Ceph credentials and missing pools", async (t) => {
  const { workspace, write } = await prepare(t);
  const own = `${ceph.directory}/ceph.client.${user}.keyring`;
  await write();
  await undefineSecret();
  const missing = await refusal(workspace);
  assert.deepEqual(missing.codes, ["ceph-secret-missing"]);
  // The plan says how it is made; the key goes from file to libvirt.
  await writeFile(`${workspace.directory}/secret.xml`, /<secret [\s\S]*<\/secret>/.exec(missing.text)?.[0] ?? "");
  const key = await ceph.run("ceph", "auth", "get-key", `client.${user}`);
  assert.ok(!missing.text.includes(key));
  await writeFile(`${workspace.directory}/client.${user}.key`, key, { mode: 0o600 });
  for (const [, words] of missing.text.matchAll(/^ +virsh (secret-.*)$/gm)) {
    const args = (words ?? "").replace(/\S+\.(xml|key)/, (file) => `${workspace.directory}/${file}`).split(" ");
    await virsh(...args);
  }
  const ready = await virtform("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(ready.code, 2, ready.stdout + ready.stderr);

  try {
    await rm(own);
    assert.match((await refusal(workspace)).text, /Ceph does not let client\.virtform in .* there is no keyring/);
    const other = (await ceph.run("ceph", "auth", "get-or-create", "client.other")).replace("client.other", `client.${user}`);
    await writeFile(own, other, { mode: 0o600 });
    assert.match((await refusal(workspace)).text, /Ceph does not let client\.virtform in .* its key is not the one/);
    await writeFile(own, keyring, { mode: 0o600 });
    await ceph.run("ceph", "auth", "caps", `client.${user}`, "mon", "profile rbd", "osd", "profile rbd pool=images");
    assert.match((await refusal(workspace)).text, /Ceph lets client\.virtform in and not do what is needed/);
    await write({ host: { rbd: { ...settings(), pool: "none" } } });
    assert.match((await refusal(workspace)).text, /Ceph pool none does not exist/);
    await write({ host: { rbd: { ...settings(), conf: "/nowhere/ceph.conf" } } });
    assert.match((await refusal(workspace)).text, /Ceph does not answer/);
  } finally {
    await writeFile(own, keyring, { mode: 0o600 });
    const caps = ["mon", "profile rbd", "osd", "profile rbd pool=vms, profile rbd-read-only pool=images"];
    await ceph.run("ceph", "auth", "caps", `client.${user}`, ...caps);
  }
});

test("a guest boots from an imported image, with an ephemeral disk, swap and a vfat drive, all of them in Ceph", async (t) => {
  const { workspace, name, write, uuid } = await prepare(t);
  await write({ flavor: { ephemeral: "64MiB", swap: "32MiB" }, instance: { config_drive: { format: "vfat" } } });
  await apply(workspace);
  await assertConverged(workspace);
  const id = await uuid();
  assert.deepEqual(
    await images(),
    ["disk", "disk.config", "disk.local", "disk.swap"].map((disk) => `${id}_${disk}`),
  );
  assert.equal((await info(`${id}_disk`)).parent, undefined);
  assert.ok(!existsSync(`${workspace.instancesPath}/${id}/disk.config`), "the local copy is gone");

  const said = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m));
  assert.deepEqual(Object.values(said.disks).slice(0, 3), [256 * MiB, 64 * MiB, 32 * MiB]);
  assert.equal(said.value("root"), "virtform tiny guest");
  assert.match(said.value("config-drive") ?? "", /^vd[a-z] type=vfat$/);
  assert.equal(said.userData, "from Ceph");
  await assertConverged(workspace);
  await write({
    flavor: { ephemeral: "64MiB", swap: "32MiB" },
    instance: { config_drive: { format: "vfat" }, user_data: "later" },
  });
  const changed = await virtform("plan", workspace.directory);
  assert.match(changed.stdout, /~ user_data +from Ceph → later/, "it is read from the drive");
  await assertNoLeftovers(workspace);
  await destroy(workspace);
});

test("the bytes of a forecast are those that Ceph and the host have after the apply", async (t) => {
  const { workspace, name, write } = await prepare(t);
  await writeFile(`${workspace.directory}/random`, randomBytes(24 * MiB));
  const [image, format] = [`${workspace.directory}/content.qcow2`, "qcow2"];
  await mustRun("qemu-img", ["convert", "-f", "raw", "-O", format, `${workspace.directory}/random`, image]);
  const root = { source: image, disk_format: format };
  await write({ root, flavor: { ephemeral: "64MiB" }, instance: { power_state: "stopped" } });
  const { forecast } = JSON.parse((await virtform("plan", workspace.directory, "--json")).stdout) as {
    forecast: { write: number; unknown: readonly string[] };
  };
  assert.deepEqual(forecast.unknown, []);
  await apply(workspace);
  const usage = JSON.parse(await ceph.run("rbd", "du", "--exact", "-p", "vms", "--format", "json")) as { images: { used_size: number }[] };
  const files = Number((await mustRun("du", ["-s", "-B1", workspace.instancesPath])).split(/\s/)[0]);
  const written = usage.images.reduce((sum, one) => sum + one.used_size, files);
  assert.ok(Math.abs(written - forecast.write) <= 0.1 * forecast.write, `${name}: forecast ${forecast.write}, measured ${written}`);
  await destroy(workspace);
});

test("a guest boots from a clone that was never fetched, grows while it runs, and goes back", async (t) => {
  const { workspace, name, write, uuid } = await prepare(t);
  const root = { source, disk_format: "raw" };
  await write({ root });
  await apply(workspace);
  await assertConverged(workspace);
  const id = await uuid();
  assert.equal((await info(`${id}_disk`)).parent?.image, "tiny");
  const cached = Object.values(await readSidecars(workspace)).map(({ image }) => image);
  assert.deepEqual(cached.sort(), ["tiny-kernel", "tiny-ramdisk"]);
  const first = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m));
  assert.equal(first.disks["vda"], 256 * MiB);
  assert.equal(first.value("boots"), "1");
  assert.equal(first.userData, "from Ceph");

  // Grown below the running guest, and another drive for its next cold start; it keeps the one that it has.
  await write({ root, disk: "320MiB", instance: { user_data: "later" } });
  assert.match((await virtform("plan", workspace.directory)).stdout, /~ user_data +from Ceph → later/, "it is read from the drive");
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal((await info(`${id}_disk`)).size, 320 * MiB);
  assert.equal((await images()).filter((image) => image.startsWith(`${id}_disk.config.old-`)).length, 1);
  const noted = await virtform("plan", workspace.directory);
  assert.match(noted.stdout + noted.stderr, /Pre-resize snapshots exist for \S+ \(256MiB\)/);

  await write({ root, disk: "256MiB", instance: { user_data: "later" } });
  const planned = await virtform("plan", workspace.directory);
  assert.match(planned.stdout, /Guests restarted: /);
  assert.match(planned.stdout, /Data that will be permanently deleted:\n.*written to disk \S+\.root since it grew from 256MiB to 320MiB/);
  const refused = await virtform("apply", workspace.directory, "--auto-approve");
  assert.equal(refused.code, 1);
  assert.match(refused.stdout + refused.stderr, /--allow-destroy=disk\/\S+\.root/);
  await apply(workspace, "--allow-destroy");
  await assertConverged(workspace);
  const second = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: boots=2$[\s\S]*^virtform-guest: ready$/m));
  assert.equal(second.disks["vda"], 256 * MiB);
  assert.equal(second.userData, "later");
  assert.deepEqual(JSON.parse(await ceph.run("rbd", "snap", "ls", `vms/${id}_disk`, "--format", "json")), []);
  await assertNoLeftovers(workspace);
  await destroy(workspace);
});

/** Applies with a session that does so, and with these variables. */
async function applyWith(t: TestContext, { directory }: Workspace, failure: PythonFailure) {
  const { program, done } = failingPython(t, failure);
  process.env["VIRTFORM_PYTHON"] = program;
  const child = start(["apply", directory, "--auto-approve", "--allow-destroy"]);
  delete process.env["VIRTFORM_PYTHON"];
  const result = await ended(child, 180_000);
  assert.ok(done(), `it never came to ${JSON.stringify(failure)}:\n${result.stdout}${result.stderr}`);
  return result;
}

/** Applies and is killed with -9 at that moment. The session goes on to its end, unless it dies as well. */
async function killedAt(t: TestContext, workspace: Workspace, failure: Omit<PythonFailure, "act">, survives: boolean): Promise<void> {
  const { code } = await applyWith(t, workspace, { ...failure, act: survives ? "kill()" : "kill(); die()" });
  assert.equal(code, null, "it was killed");
}

test("killed while a drive is imported, a disk grows or goes back, it converges when run again", async (t) => {
  const { workspace, write, uuid } = await prepare(t);
  const off = { power_state: "stopped" };
  const root = { source, disk_format: "raw" };
  await write({ root, instance: off });
  const failed = await applyWith(t, workspace, { before: 'op == "import_file"', act: "raise OSError(28, 'No space left')" });
  assert.equal(failed.code, 1, failed.stdout + failed.stderr);
  const left = (await tree(workspace.instancesPath)).filter((path) => path.includes("disk.config"));
  assert.deepEqual(left, [], "no copy of the drive stays on the host when it cannot be imported");
  await killedAt(t, workspace, { before: 'op == "import_file"' }, true);
  await apply(workspace);
  await assertConverged(workspace);
  const id = await uuid();
  const both = [`${id}_disk`, `${id}_disk.config`];
  assert.deepEqual(await images(), both);
  // A change of user data, killed before it has its name.
  await write({ root, instance: { ...off, user_data: "another" } });
  await killedAt(t, workspace, { before: 'op == "rename"' }, false);
  await apply(workspace);
  await assertConverged(workspace);
  assert.deepEqual(await images(), both);

  const then = `${workspace.directory}/then.raw`;
  await ceph.run("rbd", "export", "--no-progress", `vms/${id}_disk`, then);
  const instance = { ...off, user_data: "another" };
  await write({ root, disk: "320MiB", instance });
  await killedAt(t, workspace, { before: 'op == "change" and "size" in args' }, false);
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal((await info(`${id}_disk`)).size, 320 * MiB);
  await ceph.run("rbd", "bench", `vms/${id}_disk`, "--io-type", "write", "--io-size", "65536", "--io-total", "8388608");

  await write({ root, instance });
  await killedAt(t, workspace, { before: 'op == "roll_back"' }, true);
  const halfway = await virtform("confirm", workspace.directory, "--auto-approve");
  assert.equal(halfway.code, 1, halfway.stdout + halfway.stderr);
  assert.match(halfway.stdout + halfway.stderr, /partly rolled back/);
  await killedAt(t, workspace, { before: 'op == "remove_snapshot"' }, true);
  await apply(workspace);
  await assertConverged(workspace);
  const opened = `rbd:vms/${id}_disk:id=${user}:conf=${ceph.conf}`;
  await mustRun("qemu-img", ["compare", "-f", "raw", "-F", "raw", then, opened]);
  assert.deepEqual(JSON.parse(await ceph.run("rbd", "snap", "ls", `vms/${id}_disk`, "--format", "json")), []);

  // Grown again, confirmed: there is no way back, and a smaller disk is refused as ever.
  await write({ root, disk: "320MiB", instance });
  await apply(workspace);
  const confirmed = await virtform("confirm", workspace.directory, "--auto-approve");
  assert.equal(confirmed.code, 0, confirmed.stdout + confirmed.stderr);
  assert.match(confirmed.stdout, /remove snapshot nova-resize of 256MiB[\s\S]*Confirm complete/);
  assert.match((await virtform("confirm", workspace.directory, "--auto-approve")).stdout, /There is nothing to confirm/);
  await assertConverged(workspace);
  await write({ root, instance });
  assert.deepEqual((await refusal(workspace)).codes, ["disk-shrink-refused"]);
  await write({ root, disk: "320MiB", instance });
  await destroy(workspace);
});

test("killed in the middle of a root disk's import, or the session dies in it, it converges when run again", async (t) => {
  const { workspace, write, uuid } = await prepare(t);
  await write({ instance: { power_state: "stopped" } });
  const middle = { halfway: 'image.endswith("_disk.part")' };
  // One after the other on what the one before left.
  const failed = await applyWith(t, workspace, { ...middle, act: "die()" });
  assert.equal(failed.code, 1, failed.stdout + failed.stderr);
  assert.match(failed.stdout + failed.stderr, /The session with Ceph on this machine[\s\S]* ended before it\s+answered/);
  assert.equal((await images()).filter((image) => image.endsWith("_disk")).length, 0, "what is half made has no disk's name");
  await killedAt(t, workspace, middle, true);
  assert.equal((await images()).filter((image) => image.endsWith("_disk")).length, 0);
  await killedAt(t, workspace, middle, false);
  const half = (await images()).filter((image) => image.endsWith("_disk.part"));
  assert.equal(half.length, 1, "it was killed in the middle");
  await apply(workspace);
  await assertConverged(workspace);
  const raw = `${ceph.directory}/tiny.raw`;
  const opened = `rbd:vms/${await uuid()}_disk:id=${user}:conf=${ceph.conf}`;
  await mustRun("qemu-img", ["compare", "-f", "raw", "-F", "raw", raw, opened]);
  assert.deepEqual(
    (await images()).filter((image) => image.includes(".part")),
    [],
  );
  await destroy(workspace);
});

test("killed in the middle of a conversion into Ceph, it converges when run again", async (t) => {
  const { workspace, write, uuid } = await prepare(t);
  await write({ host: { force_raw_images: false }, instance: { power_state: "stopped" } });
  const directory = await mkdtemp(`${tmpdir()}/virtform-qemu-`);
  t.after(() => rm(directory, { recursive: true, force: true }));
  // The same qemu-img, only slow where it writes to Ceph.
  const script = `#!/bin/sh\ncase "$*" in *rbd:*) touch ${directory}/started; exec /usr/bin/qemu-img "$1" -r 64K $(shift; echo "$@");; esac\nexec /usr/bin/qemu-img "$@"\n`;
  await writeFile(`${directory}/qemu-img`, script, { mode: 0o755 });
  const before = process.env["PATH"];
  process.env["PATH"] = `${directory}:${before}`;
  const child = start(["apply", workspace.directory, "--auto-approve", "--allow-destroy"]);
  process.env["PATH"] = before;
  const end = ended(child, 180_000);
  const isThere = async () =>
    existsSync(`${directory}/started`) && (await images()).some((image) => image.endsWith("_disk.part")) ? true : undefined;
  await until("conversion on its way", 120, isThere);
  child.kill("SIGKILL");
  assert.equal((await end).code, null, "it was killed");
  assert.equal((await images()).filter((image) => image.endsWith("_disk")).length, 0, "what is half made has no disk's name");
  await apply(workspace);
  await assertConverged(workspace);
  const opened = `rbd:vms/${await uuid()}_disk:id=${user}:conf=${ceph.conf}`;
  await mustRun("qemu-img", ["compare", "-f", "raw", "-F", "raw", `${ceph.directory}/tiny.raw`, opened]);
  await destroy(workspace);
});

test("a snapshot that can no longer be cloned is fetched and imported, also when that changes after the plan", async (t) => {
  const { workspace, write, uuid } = await prepare(t);
  await write({ root: { source, disk_format: "raw" }, instance: { power_state: "stopped" } });
  const file = `${workspace.directory}/plan.json`;
  const planned = await virtform("plan", workspace.directory, "--out", file);
  assert.match(planned.stdout, /cloned within Ceph/);
  assert.doesNotMatch(planned.stdout, /image\/tiny /);
  await ceph.run("rbd", "snap", "unprotect", "images/tiny@snap");
  try {
    // A saved plan knows where its disks are.
    const applied = await virtform("apply", file);
    assert.equal(applied.code, 0, applied.stdout + applied.stderr);
    await assertConverged(workspace);
    assert.equal((await info(`${await uuid()}_disk`)).parent, undefined);
  } finally {
    await ceph.run("rbd", "snap", "protect", "images/tiny@snap");
  }
  await assertConverged(workspace);
  await destroy(workspace);
});

test("an image of a file is cloned from its location in Ceph, and fetched as a file where that cannot be", async (t) => {
  const { workspace, name, write, uuid } = await prepare(t);
  const elsewhere = source.replace(ceph.fsid, randomUUID());
  const root = { source: `${ceph.directory}/tiny.raw`, locations: [elsewhere, source], disk_format: "raw" };
  await write({ root });
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal((await info(`${await uuid()}_disk`)).parent?.image, "tiny");
  const cached = async () => Object.values(await readSidecars(workspace)).map(({ image }) => image);
  assert.deepEqual((await cached()).sort(), ["tiny-kernel", "tiny-ramdisk"]);
  assert.equal(readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m)).value("boots"), "1");
  await destroy(workspace);

  const other = { root: { ...root, locations: [elsewhere] } };
  await write(other);
  const planned = await virtform("plan", workspace.directory);
  assert.match(planned.stdout + planned.stderr, /is in another\s+cluster/);
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal((await info(`${await uuid()}_disk`)).parent, undefined);
  assert.ok((await cached()).includes("tiny"));
  await destroy(workspace);
});

test("a drive moves between the host and Ceph with the disks", async (t) => {
  const { workspace, write, uuid } = await prepare(t);
  const move = async (backend: string) => {
    await write({ instance: { power_state: "stopped", images_type: backend } });
    await apply(workspace, "--allow-destroy");
    await assertConverged(workspace);
    await assertNoLeftovers(workspace);
    const id = await uuid();
    const local = existsSync(`${workspace.instancesPath}/${id}/disk.config`);
    const there = (await images()).filter((image) => image.startsWith(`${id}_disk.config`));
    assert.deepEqual([local, there], backend === "rbd" ? [false, [`${id}_disk.config`]] : [true, []]);
    const record = JSON.parse(await readFile(`${workspace.instancesPath}/${id}/virtform.json`, "utf8"));
    return record.objects["disk.config"].randomSeed as string;
  };
  const seeds = [await move("qcow2"), await move("rbd"), await move("qcow2")];
  assert.equal(new Set(seeds).size, 1, "the same drive all the time");
  await destroy(workspace);
});
