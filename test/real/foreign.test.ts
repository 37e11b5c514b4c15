import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { mustRun } from "./support/virtform.ts";
import {
  createWorkspace,
  type GuestFiles,
  guestImages,
  haltingGuest,
  readSidecars,
  tree,
  virsh,
  type Workspace,
  writeConfig,
} from "./support/workspace.ts";

const destroy = async (workspace: Workspace, ...options: string[]) => {
  const result = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy", ...options);
  assert.equal(result.code, 0, result.stdout + result.stderr);
};

const oneGuest = (name: string, files: GuestFiles) => ({
  images: guestImages(files),
  flavors: { small: { vcpus: 1, ram: "64MiB", disk: "1GiB" } },
  instances: { [name]: { image: "tiny", flavor: "small", shutdown: { timeout: "1s" } } },
});

test("apply and destroy leave foreign domains, instance directories and base files as they are", async (t) => {
  const workspace = await createWorkspace(t);
  const { instancesPath, prefix } = workspace;
  const foreign = `${prefix}-foreign`;
  const uuid = randomUUID();
  await mkdir(`${instancesPath}/${uuid}`);
  await mustRun("qemu-img", ["create", "-q", "-f", "qcow2", `${instancesPath}/${uuid}/disk`, "64M"]);
  await writeFile(
    `${workspace.directory}/foreign.xml`,
    `<domain type="qemu"><name>${foreign}</name><uuid>${uuid}</uuid><memory unit="MiB">64</memory><os><type arch="x86_64">hvm</type></os>
     <devices><disk type="file"><driver name="qemu" type="qcow2"/><source file="${instancesPath}/${uuid}/disk"/><target dev="vda" bus="virtio"/></disk></devices></domain>`,
  );
  await virsh("define", `${workspace.directory}/foreign.xml`);
  // Base files as Nova leaves them: the name of an image, no sidecar; one of them an abandoned download from long ago.
  const entry = createHash("sha1").update(randomBytes(8)).digest("hex");
  const files = [`_base/${entry}`, `_base/${entry}.part.nova`, "_base/notes.txt", "compute_nodes", `${uuid}/disk`];
  await mkdir(`${instancesPath}/_base`);
  for (const file of files.slice(0, 4)) {
    await writeFile(`${instancesPath}/${file}`, `foreign ${file}`);
    await utimes(`${instancesPath}/${file}`, new Date("2020-01-01"), new Date("2020-01-01"));
  }
  const look = async () => ({
    xml: await virsh("dumpxml", foreign),
    state: await virsh("domstate", foreign),
    files: await Promise.all(
      files.map(async (file) => {
        const { mtimeMs, mode, ino } = await stat(`${instancesPath}/${file}`);
        const digest = createHash("sha256")
          .update(await readFile(`${instancesPath}/${file}`))
          .digest("hex");
        return { file, mtimeMs, mode, ino, digest };
      }),
    ),
  });
  const before = await look();

  await writeConfig(workspace, oneGuest(`${prefix}-ours`, await haltingGuest(workspace.directory)));
  await apply(workspace);
  await assertConverged(workspace);
  assert.deepEqual(await look(), before);
  await destroy(workspace, "--images");
  assert.deepEqual(await look(), before);
  const names = (await virsh("list", "--all", "--name")).split("\n").filter((name) => name.startsWith(prefix));
  assert.deepEqual(names, [foreign]);
});

test("destroy leaves nothing of ours but base images, and --images removes those as well", async (t) => {
  const workspace = await createWorkspace(t);
  await writeConfig(workspace, oneGuest(`${workspace.prefix}-ours`, await haltingGuest(workspace.directory)));
  // What coordinates and reports stays, and directories that are used again.
  const kept = async () => (await tree(workspace.instancesPath)).filter((path) => !/^(locks|journal)\/|^_base\/(templates\/)?$/.test(path));
  await apply(workspace);
  const bases = Object.keys(await readSidecars(workspace));
  await destroy(workspace);
  const expected = bases.flatMap((entry) => [`_base/${entry}`, `_base/${entry}.json`]).sort();
  assert.deepEqual(
    (await kept()).filter((path) => !path.startsWith("_base/templates/")),
    expected,
  );
  await apply(workspace);
  await assertConverged(workspace);
  await destroy(workspace, "--images");
  assert.deepEqual(await kept(), []);
});

test("a base that backs another project's disk outlives destroy --images of the project that fetched it", async (t) => {
  const first = await createWorkspace(t);
  const second = { ...(await createWorkspace(t)), instancesPath: first.instancesPath };
  const files = await haltingGuest(first.directory);
  await writeConfig(first, oneGuest(`${first.prefix}-ours`, files));
  await apply(first);
  await writeConfig(second, oneGuest(`${second.prefix}-theirs`, files));
  await apply(second);
  const theirs = await virsh("domid", `${second.prefix}-theirs`);
  await destroy(first, "--images");
  await mustRun("qemu-img", [
    "check",
    "-q",
    "-U",
    `${first.instancesPath}/${(await virsh("domuuid", `${second.prefix}-theirs`)).trim()}/disk`,
  ]);
  // The kernel and the ramdisk were copied, so their bases may have gone; fetching them again leaves the guest alone.
  await apply(second);
  await assertConverged(second);
  assert.equal(await virsh("domid", `${second.prefix}-theirs`), theirs, "the other project's guest runs on");
});
