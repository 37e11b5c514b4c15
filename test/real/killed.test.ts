import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { watch } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { serveImages } from "./support/image-server.ts";
import { ended, killedAtStep, mustRun, start, stepOf, virtformEvents } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  assertNoLeftovers,
  createWorkspace,
  type GuestFiles,
  guestImages,
  haltingGuest,
  readSidecars,
  tinyGuest,
  virsh,
  writeConfig,
} from "./support/workspace.ts";

/** A configuration with one of everything: three images, an overlay, a drive, a running guest, which halts unless it has other files. */
async function prepare(t: TestContext, given?: GuestFiles, source?: (path: string) => string) {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-one`;
  const files = given ?? (await haltingGuest(workspace.directory));
  await writeConfig(workspace, {
    images: guestImages(files, source),
    flavors: { small: { vcpus: 1, ram: "192MiB", disk: "1GiB" } },
    instances: { [name]: { image: "tiny", flavor: "small", user_data: "survived" } },
  });
  return { workspace, name, files };
}

/** After a kill: apply converges, the next plan is empty, nothing half-made is left and the base is what the image says. */
async function assertRecovers({ workspace, name, files }: Awaited<ReturnType<typeof prepare>>): Promise<void> {
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal((await virsh("domstate", name)).trim(), "running");
  await assertNoLeftovers(workspace);
  await mustRun("qemu-img", ["convert", "-O", "raw", files.disk, `${workspace.directory}/expected.raw`]);
  const sidecars = Object.entries(await readSidecars(workspace));
  assert.equal(sidecars.length, 3, "one base image for each image, and no more");
  const expected: Record<string, string> = {
    tiny: `${workspace.directory}/expected.raw`,
    "tiny-kernel": files.kernel,
    "tiny-ramdisk": files.ramdisk,
  };
  for (const [entry, sidecar] of sidecars) {
    const path = `${workspace.instancesPath}/_base/${entry}`;
    assert.equal(await digest(path), await digest(expected[sidecar.image] ?? ""), `bytes of the base of ${sidecar.image}`);
    assert.equal((await stat(path)).mode & 0o777, 0o444, `mode of the base of ${sidecar.image}`);
  }
}

async function digest(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

test("killed at the start and at the end of each type of action, it converges when run again", async (t) => {
  const { workspace } = await prepare(t);
  // One action after the other, so that each run takes the same steps.
  const options = ["--auto-approve", "--parallelism", "1"];
  const whole = await virtformEvents(["apply", workspace.directory, ...options], () => {});
  assert.equal(whole.code, 0, whole.stderr);
  const steps = [...new Set(whole.events.flatMap((event) => stepOf(event) ?? []))];
  for (const type of ["image.fetch", "disk.create", "seed.build", "domain.define", "domain.start"])
    for (const end of ["apply_start", "apply_complete"]) assert.ok(steps.includes(`${end} ${type}`), `${end} ${type} in ${steps}`);
  for (const step of steps) {
    await t.test(`killed at ${step}`, async (inner) => {
      const fresh = await prepare(inner);
      await killedAtStep(["apply", fresh.workspace.directory, ...options], step);
      await assertRecovers(fresh);
    });
  }
});

test("killed in the middle of a download, it converges when run again", async (t) => {
  const server = await serveImages(t, Object.values(tinyGuest));
  const prepared = await prepare(t, tinyGuest, server.url);
  const { workspace } = prepared;
  server.hold(100_000);
  const child = start(["apply", workspace.directory, "--auto-approve"]);
  const end = ended(child, 120_000);
  await server.held;
  child.kill("SIGKILL");
  await end;
  server.release();
  await assertRecovers(prepared);
});

test("killed in the middle of a conversion, it converges when run again, even while the converter still runs", async (t) => {
  // Random bytes, so that there is something to convert for a while.
  const scratch = await createWorkspace(t);
  const disk = `${scratch.directory}/large.qcow2`;
  await mustRun("dd", ["if=/dev/urandom", `of=${scratch.directory}/large.raw`, "bs=1M", "count=512", "status=none"]);
  await mustRun("qemu-img", ["convert", "-O", "qcow2", `${scratch.directory}/large.raw`, disk]);
  const prepared = await prepare(t, { ...(await haltingGuest(scratch.directory)), disk });
  const { workspace } = prepared;
  const base = `${workspace.instancesPath}/_base`;
  await mkdir(base);
  const child = start(["apply", workspace.directory, "--auto-approve"]);
  let caught = false;
  const watcher = watch(base, (_event, file) => {
    if (!file?.includes(".converted")) return;
    caught = true;
    child.kill("SIGKILL");
  });
  const result = await ended(child, 120_000);
  watcher.close();
  assert.ok(caught, `a conversion was seen:\n${result.stdout}${result.stderr}`);
  assert.equal(result.code, null, "it was killed before it was done");
  await assertRecovers(prepared);
});

test("killed while it takes over an edit of a running guest, it converges when run again", async (t) => {
  const prepared = await prepare(t);
  const { workspace, name, files } = prepared;
  await apply(workspace);
  const edit = (userData: string, disk: string) =>
    writeConfig(workspace, {
      images: guestImages(files),
      flavors: { small: { vcpus: 1, ram: "192MiB", disk } },
      instances: { [name]: { image: "tiny", flavor: "small", user_data: userData, metadata: { edit: userData } } },
    });
  for (const [index, disk] of ["1088MiB", "1152MiB", "1216MiB", "1280MiB"].entries()) {
    await edit(`edit ${index}`, disk);
    let seen = 0;
    await virtformEvents(["apply", workspace.directory, "--auto-approve"], (event, kill) => {
      if (stepOf(event) === undefined) return;
      if (seen === index) kill();
      seen += 1;
    });
    assert.ok(seen > index, `the edit has a step ${index}`);
    await assertRecovers(prepared);
  }
});
