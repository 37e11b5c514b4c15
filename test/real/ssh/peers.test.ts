import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, closeSync, ftruncateSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { userInfo } from "node:os";
import { after, test } from "node:test";
import { imageOf } from "../kinds/image/images.ts";
import { apply, assertConverged, virtform } from "../support/in-this-process.ts";
import { killedAtStep } from "../support/virtform.ts";
import { assertNoLeftovers, createWorkspace, type Workspace, writeConfig } from "../support/workspace.ts";
import { startSshd } from "./sshd.ts";

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const server = `${userInfo().username}@127.0.0.1`;
const peerAt = (instancesPath: string) => `ssh://${server}:${sshd.port}${instancesPath}`;
const mebibyte = 2 ** 20;

/** A raw disk of 64 MiB of which 3 MiB are not holes. */
function sparseDisk(path: string): string {
  const file = openSync(path, "w");
  writeSync(file, Buffer.alloc(mebibyte, "begin\u0001\u0000"), 0, mebibyte, 0);
  writeSync(file, Buffer.alloc(2 * mebibyte, "middle\u0001\u0000"), 0, 2 * mebibyte, 40 * mebibyte);
  ftruncateSync(file, 64 * mebibyte);
  closeSync(file);
  return path;
}

const digestOf = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
const bases = (path: string) => readdirSync(`${path}/_base`).filter((name) => /^[0-9a-f]{40}$/.test(name));
const baseOf = (path: string) => `${path}/_base/${bases(path)[0]}`;

/** A workspace whose image was fetched, and whose source is gone since: the peer. */
async function peerWith(t: Parameters<typeof createWorkspace>[0], image: Readonly<Record<string, unknown>>): Promise<Workspace> {
  const peer = await createWorkspace(t);
  await writeConfig(peer, { images: { disk: image } });
  await apply(peer);
  if (String(image["source"]).startsWith("/")) rmSync(String(image["source"]));
  return peer;
}

async function refused(workspace: Workspace, ...pattern: readonly RegExp[]): Promise<void> {
  const planned = await virtform("plan", workspace.directory);
  assert.equal(planned.code, 1, planned.stdout);
  const text = (planned.stdout + planned.stderr).replaceAll(/\s+/g, " ");
  for (const one of pattern) assert.match(text, one);
}

for (const way of ["here", "over ssh"]) {
  test(`an image whose source is gone comes from a peer that has it, with its holes, to a host ${way}`, async (t) => {
    const scratch = await createWorkspace(t);
    const image = { source: sparseDisk(`${scratch.directory}/disk.raw`), disk_format: "raw" };
    const peer = await peerWith(t, image);
    const workspace = await createWorkspace(t);
    const host = { image_peers: [peerAt(peer.instancesPath)], ...(way === "here" ? {} : { uri: sshd.uri }) };
    await writeConfig(workspace, { host, images: { disk: image } });
    const planned = await virtform("plan", workspace.directory);
    assert.match(planned.stdout, new RegExp(`way +from peer ${server}, 3MiB`), planned.stdout + planned.stderr);
    await apply(workspace);
    await assertConverged(workspace);
    const [ours, theirs] = [baseOf(workspace.instancesPath), baseOf(peer.instancesPath)];
    assert.equal(digestOf(ours), digestOf(theirs));
    assert.ok(statSync(ours).blocks * 512 < 4 * mebibyte, "holes were written");
    assert.equal(JSON.parse(readFileSync(`${ours}.json`, "utf8")).peer, peerAt(peer.instancesPath));
    assert.match((await virtform("image", "verify", "--path", workspace.directory)).stdout, /intact/);
    await assertNoLeftovers(workspace);
  });
}

test("a converted image comes from a peer by the digest that was recorded there, also after a kill", async (t) => {
  const scratch = await createWorkspace(t);
  const source = imageOf(scratch.directory, "qcow2");
  const image = { source, disk_format: "qcow2", checksum: `sha256:${digestOf(source)}` };
  const peer = await peerWith(t, image);
  const workspace = await createWorkspace(t);
  await writeConfig(workspace, { host: { image_peers: [peerAt(peer.instancesPath)] }, images: { disk: image } });
  await killedAtStep(["apply", workspace.directory, "--auto-approve"], "apply_start image.fetch");
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal(digestOf(baseOf(workspace.instancesPath)), digestOf(baseOf(peer.instancesPath)));
  await assertNoLeftovers(workspace);
});

test("a web server that answers 404 is asked first, and the plan says that a peer has the image", async (t) => {
  const scratch = await createWorkspace(t);
  const content = readFileSync(sparseDisk(`${scratch.directory}/disk.raw`));
  let gone = false;
  const web = createServer((_request, response) => (gone ? response.writeHead(404).end() : response.end(content)));
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    web.close();
    web.closeAllConnections();
  });
  const image = { source: `http://127.0.0.1:${(web.address() as AddressInfo).port}/disk.raw`, disk_format: "raw" };
  const peer = await peerWith(t, image);
  gone = true;
  const workspace = await createWorkspace(t);
  await writeConfig(workspace, { host: { image_peers: [peerAt(peer.instancesPath)] }, images: { disk: image } });
  const planned = await virtform("plan", workspace.directory);
  assert.match(planned.stdout, new RegExp(`peer +${server} has it, if the source does not`), planned.stdout);
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal(digestOf(baseOf(workspace.instancesPath)), digestOf(baseOf(peer.instancesPath)));
});

test("peers that cannot be reached, have no such image, or have another one are named, each with its reason", async (t) => {
  const scratch = await createWorkspace(t);
  const source = sparseDisk(`${scratch.directory}/disk.raw`);
  const checksum = `sha256:${digestOf(source)}`;
  const image = { source, disk_format: "raw" };
  const peer = await peerWith(t, image);
  const workspace = await createWorkspace(t);
  const elsewhere = `ssh://${server}:1`;
  await writeConfig(workspace, { host: { image_peers: [elsewhere, peerAt("/var/lib/virtform-no-such")] }, images: { disk: image } });
  await refused(
    workspace,
    /disk\.raw does not exist/,
    new RegExp(`${elsewhere} cannot be asked`),
    /does not have it \(\/var\/lib\/virtform-no-such\/_base/,
  );

  // The entry of a pinned image is another one; that of the peer gets its name.
  await writeConfig(workspace, { host: { image_peers: [peerAt(peer.instancesPath)] }, images: { disk: { ...image, checksum } } });
  await refused(workspace, /does not have it/);

  const [base] = bases(peer.instancesPath);
  const path = `${peer.instancesPath}/_base/${base}`;
  chmodSync(path, 0o644);
  const file = openSync(path, "r+");
  writeSync(file, Buffer.from("changed"), 0, 7, 5000);
  closeSync(file);
  await writeConfig(workspace, { host: { image_peers: [peerAt(peer.instancesPath)] }, images: { disk: image } });
  const applied = await virtform("apply", workspace.directory, "--auto-approve");
  assert.equal(applied.code, 1);
  assert.match((applied.stdout + applied.stderr).replaceAll(/\s+/g, " "), /was recorded: it was changed there/);
  assert.deepEqual(readdirSync(`${workspace.instancesPath}/_base`), []);
});

test("a base image of Nova is used where a checksum proves it", async (t) => {
  const scratch = await createWorkspace(t);
  const source = sparseDisk(`${scratch.directory}/disk.raw`);
  const image = { source, disk_format: "raw", checksum: `sha256:${digestOf(source)}` };
  const peer = await peerWith(t, image);
  rmSync(`${baseOf(peer.instancesPath)}.json`);
  const workspace = await createWorkspace(t);
  await writeConfig(workspace, { host: { image_peers: [peerAt(peer.instancesPath)] }, images: { disk: image } });
  await apply(workspace);
  await assertConverged(workspace);
});

test("with image_peers_first a peer is asked before the source", async (t) => {
  const scratch = await createWorkspace(t);
  const source = sparseDisk(`${scratch.directory}/disk.raw`);
  const image = { source, disk_format: "raw" };
  const peer = await peerWith(t, image);
  sparseDisk(source);
  const workspace = await createWorkspace(t);
  await writeConfig(workspace, { host: { image_peers: [peerAt(peer.instancesPath)], image_peers_first: true }, images: { disk: image } });
  const planned = await virtform("plan", workspace.directory);
  assert.match(planned.stdout, new RegExp(`from peer ${server}`));
  await apply(workspace);
  await assertConverged(workspace);
  assert.equal(JSON.parse(readFileSync(`${baseOf(workspace.instancesPath)}.json`, "utf8")).peer, peerAt(peer.instancesPath));
});
