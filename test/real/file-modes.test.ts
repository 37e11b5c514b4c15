import assert from "node:assert/strict";
import { chmodSync, chownSync, readdirSync, rmSync, statSync } from "node:fs";
import { test } from "node:test";
import { createWorkspace, virsh } from "./cli/support/workspace.ts";

test("files of guests are for no other user, while a guest runs and while it is off, and permissions and owners are corrected", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, instancesPath } = workspace;
  await workspace.write(
    { [project]: { image: "small", flavor: "tiny", images_type: "qcow2", volumes: [{ volume: `${project}-v` }] } },
    { volumes: { [`${project}-v`]: { size: "16MiB", images_type: "flat" } } },
  );
  await workspace.mustRun(["apply", "--auto-approve"]);
  const uuid = readdirSync(instancesPath).find((name) => /^[0-9a-f]{8}-/.test(name)) ?? "";
  const volume = `volumes/${readdirSync(`${instancesPath}/volumes`)[0]}/disk`;
  const paths = [`${uuid}/disk`, volume, `${uuid}/disk.config`, `${uuid}/libvirt.xml`, `${uuid}/console.log`].map(
    (path) => `${instancesPath}/${path}`,
  );
  const modes = () => paths.map((path) => (statSync(path).mode & 0o7777).toString(8));
  const right = ["640", "640", "600", "600", "600"];
  const isEmpty = async () => (await workspace.run(["plan", "--detailed-exitcode"])).code === 0;
  const process = async () => (await virsh("domid", project)).trim();

  assert.deepEqual(modes(), right);
  assert.notEqual(statSync(paths[0] ?? "").uid, 0, "libvirt gave the disk to the user of the guest");
  assert.ok(await isEmpty(), "what libvirt changes is no difference");
  const started = await process();
  for (const path of paths) chmodSync(path, 0o644);
  const planned = await workspace.run(["plan", "--detailed-exitcode"]);
  assert.equal(planned.code, 2);
  assert.deepEqual(planned.stdout.match(/Effect: +\S+/g), Array(4).fill("Effect:   none"));
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.deepEqual([modes(), await process()], [right, started]);
  assert.ok(await isEmpty());

  const owners = () => paths.map((path) => `${statSync(path).uid}:${statSync(path).gid}`);
  const ofGuest = owners()[0] ?? "";
  assert.deepEqual(owners(), [ofGuest, ofGuest, ofGuest, "0:0", "0:0"]);
  for (const path of paths) chownSync(path, 1000, 1000);
  const given = await workspace.run(["plan", "--detailed-exitcode"]);
  assert.equal(given.code, 2);
  assert.deepEqual(
    given.stdout
      .match(/owner +1000:1000 → \S+/g)
      ?.map((line) => line.split("→ ")[1])
      .sort(),
    ["0:0", "0:0", ofGuest, ofGuest, ofGuest].sort(),
  );
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.deepEqual([owners(), await process()], [[ofGuest, ofGuest, ofGuest, "0:0", "0:0"], started]);
  assert.ok(await isEmpty());

  await virsh("destroy", project);
  // libvirt gives files back to whom they belonged to at the start.
  for (const path of paths.slice(0, 3)) chownSync(path, 1000, 0);
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.ok(await isEmpty());
  await virsh("destroy", project);
  assert.ok(!owners().some((owner) => owner.startsWith("1000:")), `${owners()}`);
  for (const path of paths.slice(3)) rmSync(path);
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.deepEqual(modes(), right);
  assert.ok(await isEmpty());
});
