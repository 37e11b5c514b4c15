import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { basename } from "node:path";
import { type TestContext, test } from "node:test";
import { startSecureServer, startServer, whole } from "../../unit/host/web-server.ts";
import { createWorkspace, type Workspace } from "./support/workspace.ts";

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");
const qemuImg = (...args: readonly string[]) => execFileSync("qemu-img", args, { encoding: "utf8" });

/** Images by name, as YAML flow mappings. */
function configure({ directory, project, instancesPath }: Workspace, images: Readonly<Record<string, string>>): void {
  const lines = Object.entries(images).map(([name, image]) => `  ${name}: ${image}\n`);
  const host = `host: { uri: "qemu:///system", instances_path: ${instancesPath}, virt_type: qemu, allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 } }`;
  writeFileSync(`${directory}/virtform.yaml`, `project: ${project}\n${host}\nimages:\n${lines.join("")}`);
}

/** The digests of the base images by the name of the image. */
function published({ instancesPath }: Workspace): Record<string, string> {
  const base = `${instancesPath}/_base`;
  const records = readdirSync(base).filter((name) => name.endsWith(".json"));
  return Object.fromEntries(
    records.map((name) => [
      JSON.parse(readFileSync(`${base}/${name}`, "utf8")).image,
      sha256(readFileSync(`${base}/${name.slice(0, -5)}`)),
    ]),
  );
}

/** A raw disk with 4 MiB of noise in the middle, and the same as qcow2. */
function makeDisk(directory: string, name: string): { readonly raw: string; readonly qcow2: string; readonly digest: string } {
  const disk = Buffer.alloc(16 * 2 ** 20);
  randomBytes(4 * 2 ** 20).copy(disk, 6 * 2 ** 20);
  const [raw, qcow2] = [`${directory}/${name}.raw`, `${directory}/${name}.qcow2`];
  writeFileSync(raw, disk);
  qemuImg("convert", "-f", "raw", "-O", "qcow2", raw, qcow2);
  return { raw, qcow2, digest: sha256(disk) };
}

async function refusals(workspace: Workspace, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await workspace.run(["apply", "--auto-approve"], env);
  assert.equal(code, 1);
  assert.deepEqual(readdirSync(`${workspace.instancesPath}/_base`), [], "nothing is left");
  return `${stdout}${stderr}`.replaceAll(/\s+/g, " ");
}

test("compressed images and OVAs are unpacked, and are never published as the disk itself when unpack: none is written", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory } = workspace;
  const { raw, qcow2, digest } = makeDisk(directory, "disk");
  const pack = (program: string, ...args: readonly string[]) => execFileSync(program, args);
  for (const path of [raw, qcow2]) {
    pack("xz", "-0", "-k", path);
    pack("gzip", "-1", "-k", path);
    pack("zstd", "-q", "-k", path);
    pack("bzip2", "-k", path);
  }
  qemuImg("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, `${directory}/disk.vmdk`);
  writeFileSync(`${directory}/disk.ovf`, "<Envelope/>");
  pack("tar", "-cf", `${directory}/disk.ova`, "-C", directory, "disk.ovf", "disk.vmdk");
  const packed = ["raw", "qcow2"].flatMap((format) => ["xz", "gz", "zst", "bz2"].map((packing) => [`disk.${format}.${packing}`, format]));
  const images = [...packed, ["disk.ova", "vmdk"]] as [file: string, format: string][];
  const name = (file: string) => file.replaceAll(".", "-");
  const asIs = images.map(([file, format]) => [name(file), `{ source: ./${file}, disk_format: ${format}, unpack: none }`]);
  configure(workspace, Object.fromEntries(asIs));
  const said = await refusals(workspace);
  for (const kind of ["an xz file", "a gzip file", "a Zstandard file", "a bzip2 file", "a tar archive or an OVA"])
    assert.match(said, new RegExp(`The content is ${kind}`));
  assert.doesNotMatch(said, /write disk_format: raw/);

  configure(workspace, Object.fromEntries(images.map(([file, format]) => [name(file), `{ source: ./${file}, disk_format: ${format} }`])));
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.deepEqual(published(workspace), Object.fromEntries(images.map(([file]) => [name(file), digest])));
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 0);
});

test("a streamOptimized VMDK with a read-only extent is applied", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory } = workspace;
  const { raw, digest } = makeDisk(directory, "disk");
  const path = `${directory}/disk.vmdk`;
  qemuImg("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, path);
  const content = readFileSync(path);
  const at = content.indexOf("RW 32768 SPARSE");
  const end = content.indexOf("\n", at);
  const line = 'RDONLY 32768 SPARSE "x"';
  content.write(line.padEnd(end - at), at);
  writeFileSync(path, content);
  configure(workspace, { disk: "{ source: ./disk.vmdk, disk_format: vmdk }" });
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.deepEqual(published(workspace), { disk: digest });
});

test("an image that is cut off is refused, and its missing clusters are not published as zeros", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory } = workspace;
  const { qcow2 } = makeDisk(directory, "disk");
  const content = readFileSync(qcow2);
  writeFileSync(`${directory}/cut.qcow2`, content.subarray(0, content.length - 2 ** 21));
  configure(workspace, { cut: "{ source: ./cut.qcow2, disk_format: qcow2 }" });
  assert.match(await refusals(workspace), /The image is cut off or damaged: .* lies outside the file/);
});

test("a file that changes while it is downloaded is read again from its beginning, also from a server that ignores If-Range", async (t) => {
  const workspace = await createWorkspace(t);
  const [before, after] = ["before", "after"].map((name) => makeDisk(workspace.directory, name));
  assert.ok(before !== undefined && after !== undefined);
  const [old, next] = [readFileSync(before.qcow2), readFileSync(after.qcow2)];
  assert.equal(old.length, next.length);
  const half = old.length >> 1;
  const first: RequestListener = (_request, response) => {
    response.writeHead(200, { "content-length": old.length, "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT" });
    response.write(old.subarray(0, half), () => setImmediate(() => response.destroy()));
  };
  const later: RequestListener = (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const range = from === 0 ? {} : { "content-range": `bytes ${from}-${next.length - 1}/${next.length}` };
    const headers = { "content-length": next.length - from, "last-modified": "Tue, 02 Jan 2024 00:00:00 GMT", ...range };
    response.writeHead(from === 0 ? 200 : 206, headers);
    response.end(next.subarray(from));
  };
  const { origin, seen } = await startServer(t, first, later);
  configure(workspace, { disk: `{ source: "${origin}/disk.qcow2", disk_format: qcow2 }` });
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.deepEqual(published(workspace), { disk: after.digest });
  assert.ok(seen[1]?.headers.range !== undefined, "the rest was asked for");
});

test("a redirection from https to http is followed for an image with a checksum, and refused with that advice without one", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory } = workspace;
  const { qcow2, digest } = makeDisk(directory, "disk");
  const content = readFileSync(qcow2);
  const mirror = await startServer(t, whole(content));
  const { origin } = await redirecting(t, directory, `${mirror.origin}/disk.qcow2`);
  const image = (more: string) => ({
    disk: `{ source: "${origin}/${basename(qcow2)}", disk_format: qcow2, access: { ca: { file: ./cert.pem } }${more} }`,
  });
  configure(workspace, image(""));
  const said = await refusals(workspace);
  assert.match(said, /redirects to http:.*not encrypted.*Add the checksum of the image/);
  configure(workspace, image(`, checksum: "sha256:${"0".repeat(64)}"`));
  assert.match(await refusals(workspace), /does not match/);
  configure(workspace, image(`, checksum: "sha256:${sha256(content)}"`));
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.deepEqual(published(workspace), { disk: digest });
});

function redirecting(t: TestContext, directory: string, to: string) {
  return startSecureServer(t, directory, (_request, response) => void response.writeHead(302, { location: to }).end());
}
