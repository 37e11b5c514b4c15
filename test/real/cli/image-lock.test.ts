import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, readdir, readFile, readlink, rename, stat, symlink, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { serveImages } from "../support/image-server.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { createWorkspace, makeImage, type Workspace } from "./support/workspace.ts";

async function sha256(path: string): Promise<string> {
  return `sha256:${createHash("sha256")
    .update(await readFile(path))
    .digest("hex")}`;
}

async function writeText({ project, directory, instancesPath }: Workspace, source: string): Promise<string> {
  const text = `# The shop.
project: ${project}

host: { uri: "qemu:///system", instances_path: ${instancesPath}, virt_type: qemu, allocation_ratio: { vcpus: 1000, memory: 1000 } } # here

images:
  # By hand, with care.
  small:
    source: ${source} # where it comes from
    disk_format: qcow2

  flow: { source: "./flow.qcow2", disk_format: qcow2 }

flavors: { tiny: { vcpus: 1, ram: 64MiB, disk: 128MiB } }
instances:
  ${project}: { image: small, flavor: tiny, power_state: stopped } # never started
`;
  await writeFile(`${directory}/virtform.yaml`, text);
  return text;
}

test("image lock writes what is missing and leaves every comment where it was", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory } = workspace;
  await makeImage(`${directory}/flow.qcow2`);
  const before = await writeText(workspace, "./small.qcow2");
  const { stdout, stderr } = await workspace.mustRun(["image", "lock"]);
  const [small, flow] = [await sha256(`${directory}/small.qcow2`), await sha256(`${directory}/flow.qcow2`)];
  assert.match(stdout, new RegExp(`^small: ${small} \\(.*\\)\nflow: ${flow} `));
  assert.match(stderr, /^small: reading .*small\.qcow2\n/);
  const after = await readFile(`${directory}/virtform.yaml`, "utf8");
  assert.ok(after.includes(small) && after.includes(flow));
  const lines = after.split("\n").filter((line) => !line.trim().startsWith("checksum:"));
  for (const line of before.split("\n").filter((line) => !line.includes("flow:"))) assert.ok(lines.includes(line), line);
  assert.deepEqual((await readdir(directory)).sort(), ["flow.qcow2", "small.qcow2", "virtform.yaml"]);
  assert.equal((await workspace.mustRun(["validate"])).stderr, "");
  assert.doesNotMatch((await workspace.mustRun(["plan"])).stderr, /has no checksum/);
  assert.equal((await workspace.mustRun(["image", "lock"])).stdout, "Every image has a checksum.\n");
  assert.equal(await readFile(`${directory}/virtform.yaml`, "utf8"), after);
});

test("a locked image from the web: other bytes are refused, and locking it again accepts them", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, instancesPath } = workspace;
  await makeImage(`${directory}/flow.qcow2`);
  const server = await serveImages(t, directory);
  await writeText(workspace, server.url("small.qcow2"));
  await workspace.mustRun(["image", "lock", "small"]);
  const first = await sha256(`${directory}/small.qcow2`);
  await makeImage(`${directory}/small.qcow2`);
  const second = await sha256(`${directory}/small.qcow2`);
  assert.notEqual(first, second);

  const refused = await workspace.run(["apply", "--auto-approve", "--target", workspace.project]);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /Apply incomplete/);
  const told = refused.stdout.replaceAll(/\s+/g, " ");
  assert.ok(told.includes(first.slice(7)) && told.includes(second.slice(7)), `both digests are named: ${told}`);
  const names = (await readdir(instancesPath, { recursive: true })).filter((name) => /_base\/[0-9a-f]{40}/.test(name));
  assert.deepEqual(names, [], "nothing of it is kept");

  await workspace.mustRun(["image", "lock", "small"]);
  assert.ok((await readFile(`${directory}/virtform.yaml`, "utf8")).includes(second));
  await workspace.mustRun(["apply", "--auto-approve", "--target", workspace.project]);
});

test("image lock leaves permissions and links as they are, and nothing behind", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory } = workspace;
  await makeImage(`${directory}/flow.qcow2`);
  await writeText(workspace, "./small.qcow2");
  await rename(`${directory}/virtform.yaml`, `${directory}/real.yaml`);
  await symlink("real.yaml", `${directory}/virtform.yaml`);
  await chmod(`${directory}/real.yaml`, 0o640);
  const staging = await temporaryDirectory(t);
  await workspace.mustRun(["image", "lock"], { TMPDIR: staging });
  assert.equal((await stat(`${directory}/real.yaml`)).mode & 0o777, 0o640);
  assert.equal(await readlink(`${directory}/virtform.yaml`), "real.yaml");
  assert.match(await readFile(`${directory}/real.yaml`, "utf8"), /checksum: sha256:/);
  assert.deepEqual(await readdir(staging), []);
  assert.deepEqual((await readdir(directory)).sort(), ["flow.qcow2", "real.yaml", "small.qcow2", "virtform.yaml"]);
});

test("an entry that cannot be edited is an error before any image is read", async (t) => {
  const workspace = await createWorkspace(t);
  const server = await serveImages(t, workspace.directory);
  await writeText(workspace, server.url("small.qcow2"));
  const path = `${workspace.directory}/virtform.yaml`;
  const text = (await readFile(path, "utf8")).replace(/^ {2}small:/m, "  small: &usual");
  await writeFile(path, text.replace(/^flavors:/m, "  again: *usual\nflavors:"));
  const { code, stderr } = await workspace.run(["image", "lock"]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /The checksum of image "again" cannot be written/);
  const line = (await readFile(path, "utf8")).split("\n").indexOf("  again: *usual") + 1;
  assert.match(stderr, new RegExp(`virtform\\.yaml:${line}:`), "the place of the alias");
  assert.doesNotMatch(stderr, /reading/);
});

test("an image that cannot be read leaves the file alone", async (t) => {
  const workspace = await createWorkspace(t);
  const server = await serveImages(t, workspace.directory);
  const before = await writeText(workspace, server.url("nowhere.qcow2"));
  const { code, stderr } = await workspace.run(["image", "lock"]);
  assert.equal(code, 1);
  assert.match(stderr, /Cannot read image small[\s\S]*404/);
  assert.equal(await readFile(`${workspace.directory}/virtform.yaml`, "utf8"), before);
});
