import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { mustRun, type Result } from "./support/virtform.ts";
import { createWorkspace, tinyImages, virsh, type Workspace, writeConfig } from "./support/workspace.ts";

/** A guest without an operating system, whose disk is an overlay of a base image. */
async function configure(workspace: Workspace, name: string, cache: string | undefined, more: readonly string[] = []): Promise<void> {
  const { tiny } = tinyImages() as { tiny: { source: string; disk_format: string } };
  const instance = { image: "tiny", flavor: "small" };
  await writeConfig(workspace, {
    host: {
      images_type: "qcow2",
      allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 },
      ...(cache === undefined ? {} : { image_cache_subdirectory_name: cache }),
    },
    images: { tiny: { source: tiny.source, disk_format: tiny.disk_format } },
    flavors: { small: { vcpus: 1, ram: "64MiB", disk: "256MiB" } },
    instances: Object.fromEntries([name, ...more].map((one) => [one, instance])),
  });
}

const text = ({ stdout, stderr }: Result) => `${stdout}${stderr}`.replaceAll(/\s+/g, " ");
const filesIn = async ({ instancesPath }: Workspace, cache: string) =>
  (await readdir(`${instancesPath}/${cache}`, { recursive: true })).sort();
const basesIn = async (workspace: Workspace, cache: string) =>
  (await filesIn(workspace, cache)).filter((name) => /^[0-9a-f]{40}$/.test(name));
const gc = (workspace: Workspace) => virtform("gc", workspace.directory, "--min-age", "0s", "--auto-approve");

/** The backing file of a guest's root disk, as the header names it. */
async function backingOf(name: string): Promise<string> {
  const [, path = ""] = /vda +(\S+)/.exec(await virsh("domblklist", name)) ?? [];
  return JSON.parse(await mustRun("qemu-img", ["info", "-U", "--output=json", path]))["full-backing-filename"];
}

test("a changed image_cache_subdirectory_name: a running guest keeps its base image, and the cache is moved under it", async (t) => {
  const workspace = await createWorkspace(t);
  const [web, late] = [`${workspace.prefix}-web`, `${workspace.prefix}-late`];
  await configure(workspace, web, undefined);
  await apply(workspace);
  const [id, before] = [await virsh("domid", web), await filesIn(workspace, "_base")];

  await configure(workspace, web, "images");
  const planned = await virtform("plan", workspace.directory);
  assert.equal(planned.code, 1, text(planned));
  assert.match(
    text(planned),
    /is based on a file of another image cache.*Nothing is changed.*image_cache_subdirectory_name to _base again/,
  );
  const collected = await gc(workspace);
  assert.doesNotMatch(text(collected), /will be deleted|deleted base/);
  const refused = await virtform("apply", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(refused.code, 1, text(refused));
  assert.deepEqual(await filesIn(workspace, "_base"), before);
  assert.match((await virtform("doctor", workspace.directory)).stdout, /_base has 1 base image; image_cache_subdirectory_name is images/);

  // As the error says.
  await rm(`${workspace.instancesPath}/images`, { recursive: true, force: true });
  await rename(`${workspace.instancesPath}/_base`, `${workspace.instancesPath}/images`);
  await symlink("images", `${workspace.instancesPath}/_base`);
  await assertConverged(workspace);
  assert.equal(await virsh("domid", web), id, "the same process");
  await gc(workspace);
  assert.equal((await basesIn(workspace, "images")).length, 1);

  await configure(workspace, web, "images", [late]);
  await apply(workspace);
  assert.match(await backingOf(late), /\/images\/[0-9a-f]{40}$/);
  await virsh("destroy", web);
  await apply(workspace);
  assert.match(await backingOf(web), /\/_base\/[0-9a-f]{40}$/);
  assert.equal(/running/.test(await virsh("domstate", web)), true);
  await assertConverged(workspace);

  const gone = await virtform("destroy", workspace.directory, "--images", "--auto-approve", "--allow-destroy");
  assert.equal(gone.code, 0, text(gone));
  assert.deepEqual(await basesIn(workspace, "images"), []);
});

test("two projects with different image caches in one instances path do not remove base images of each other", async (t) => {
  const ours = await createWorkspace(t);
  const directory = `${tmpdir()}/virtform-real-${ours.prefix}-other`;
  await mkdir(directory);
  t.after(() => rm(directory, { recursive: true, force: true }));
  const theirs: Workspace = { ...ours, project: `${ours.project}-other`, directory };
  await configure(ours, `${ours.prefix}-web`, undefined);
  await configure(theirs, `${ours.prefix}-cart`, "images");
  await apply(ours);
  // By a saved plan, which holds the name.
  const saved = `${directory}/other.plan`;
  assert.equal((await virtform("plan", directory, "--out", saved)).code, 0);
  const done = await virtform("apply", saved);
  assert.equal(done.code, 0, text(done));
  await assertConverged(theirs);
  const [mine, other] = [await basesIn(ours, "_base"), await basesIn(ours, "images")];
  assert.deepEqual([mine.length, other], [1, mine]);

  await gc(ours);
  await gc(theirs);
  assert.deepEqual([await basesIn(ours, "_base"), await basesIn(ours, "images")], [mine, other]);
  const gone = await virtform("destroy", theirs.directory, "--images", "--auto-approve", "--allow-destroy");
  assert.equal(gone.code, 0, text(gone));
  assert.deepEqual(await basesIn(ours, "_base"), mine);
  await assertConverged(ours);
});

test("flat: an image whose checksum is written later is no new content, also after gc removed the base image that the disk was copied from", async (t) => {
  const workspace = await createWorkspace(t);
  const { tiny } = tinyImages() as { tiny: { source: string; disk_format: string } };
  const write = (pin: object) =>
    writeConfig(workspace, {
      host: { images_type: "flat", allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 } },
      images: { tiny: { source: tiny.source, disk_format: tiny.disk_format, ...pin } },
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "256MiB" } },
      instances: { [`${workspace.prefix}-web`]: { image: "tiny", flavor: "small", rebuild: "on_image_change", power_state: "stopped" } },
    });
  await write({});
  await apply(workspace);
  const [first] = await basesIn(workspace, "_base");
  const digest = createHash("sha256")
    .update(await readFile(tiny.source))
    .digest("hex");
  await write({ checksum: `sha256:${digest}` });
  await gc(workspace);
  assert.deepEqual(await basesIn(workspace, "_base"), []);

  const planned = await virtform("plan", workspace.directory);
  assert.match(text(planned), /Plan: 1 to add, 0 to change, 0 to destroy/);
  assert.doesNotMatch(text(planned), /behind its image/);
  await apply(workspace);
  assert.notEqual((await basesIn(workspace, "_base"))[0], first);
  await assertConverged(workspace);
});
