import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { fetchImage } from "../../../../src/kinds/image/fetch.ts";
import type { ImageSidecar, ImageSpec } from "../../../../src/kinds/image/spec.ts";
import type { Context } from "../../../../src/model/context.ts";
import { CodedError } from "../../../../src/model/errors.ts";
import type { Json } from "../../../../src/model/json.ts";
import type { Packing } from "../../../../src/model/packing.ts";
import { imageOf, temporary } from "./images.ts";
import { imageSpec, machine } from "./machine.ts";

const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
const programs: Readonly<Record<string, readonly string[]>> = { gz: ["gzip"], xz: ["xz", "-0"], zst: ["zstd", "-q"], bz2: ["bzip2"] };

function pack(path: string, packing: string): string {
  const [program = "", ...args] = programs[packing] ?? [];
  const to = `${path}.${packing}`;
  writeFileSync(to, execFileSync(program, [...args, "-c", path], { maxBuffer: 2 ** 28 }));
  return to;
}

function tar(name: string, ...paths: readonly string[]): string {
  const to = join(dirname(paths[0] ?? ""), name);
  execFileSync("tar", ["-cf", to, "-C", dirname(to), ...paths.map((path) => basename(path))]);
  return to;
}

async function fetch(context: Context, spec: ImageSpec): Promise<ImageSidecar> {
  await fetchImage.run(context, spec as unknown as Json, () => undefined);
  return JSON.parse(readFileSync(context.layout.baseSidecar(spec.entry), "utf8")) as ImageSidecar;
}

async function refusal(context: Context, spec: ImageSpec): Promise<CodedError> {
  try {
    await fetch(context, spec);
  } catch (error) {
    assert.ok(error instanceof CodedError, String(error));
    assert.deepEqual(existsSync(context.layout.base) ? readdirSync(context.layout.base) : [], [], "nothing is left");
    return error;
  }
  assert.fail(`${spec.source} was accepted`);
}

/** Serves the files of a directory. */
async function serve(t: { after(done: () => void): void }, directory: string): Promise<string> {
  const server = createServer((request, response) => {
    const content = readFileSync(join(directory, request.url ?? ""));
    response.writeHead(200, { "content-length": content.length, etag: '"v1"' }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("packed images are unpacked while they come, from files and from the web, with digests of the file and of what is inside", async (t) => {
  const directory = temporary(t);
  const qcow2 = imageOf(directory, "qcow2");
  const raw = join(directory, "expected.raw");
  execFileSync("qemu-img", ["convert", "-O", "raw", qcow2, raw]);
  const origin = await serve(t, directory);
  const sources: [string, Packing][] = (["gz", "xz", "zst", "bz2"] as const).map((one) => [pack(qcow2, one), one]);
  writeFileSync(join(directory, "README"), "about the disk\n");
  const archive = tar("disk.tar", qcow2, join(directory, "README"));
  sources.push([archive, "tar"], [pack(archive, "xz"), "tar.xz"]);
  for (const [path, unpack] of sources) {
    for (const source of [path, `${origin}/${basename(path)}`]) {
      const context = machine(t);
      const checksum = { algorithm: "sha256" as const, hex: sha256(path) };
      const contentChecksum = { algorithm: "sha256" as const, hex: sha256(qcow2) };
      const spec = imageSpec(source, { unpack, checksum, contentChecksum });
      const sidecar = await fetch(context, spec);
      assert.equal(sha256(context.layout.baseImage(spec.entry)), sha256(raw), source);
      assert.deepEqual(
        [sidecar.unpack, sidecar.digests.sha256, sidecar.unpacked?.sha256],
        [unpack, checksum.hex, contentChecksum.hex],
        source,
      );
      assert.deepEqual(readdirSync(context.layout.base).sort(), [spec.entry, `${spec.entry}.json`], source);
    }
  }
});

test("an OVA is taken with its manifest, and refused when a member was changed, a disk is missing, or there are two", async (t) => {
  const directory = temporary(t);
  const disk = imageOf(directory, "vmdk", ["-o", "subformat=streamOptimized"]);
  const ovf = join(directory, "a.ovf");
  writeFileSync(ovf, "<Envelope/>");
  const manifest = join(directory, "a.mf");
  const entry = (path: string, hex = sha256(path)) => `SHA256(${basename(path)})= ${hex}\n`;
  const spec = (source: string) => imageSpec(source, { unpack: "ova", diskFormat: "vmdk" });
  writeFileSync(manifest, entry(ovf) + entry(disk));
  const good = spec(tar("good.ova", ovf, manifest, disk));
  const context = machine(t);
  await fetch(context, good);
  assert.ok(existsSync(context.layout.baseImage(good.entry)));
  await fetch(machine(t), spec(tar("plain.ova", ovf, disk)));
  const other = join(directory, "b.mf");
  writeFileSync(other, entry(ovf) + entry(disk));
  // As OpenSSL 3 writes it, and with a CD of drivers beside the disk.
  const drivers = join(directory, "drivers.iso");
  writeFileSync(drivers, "a CD");
  const lines = [ovf, disk, drivers].map((path) => `SHA2-256(${basename(path)})= ${sha256(path).toUpperCase()}`);
  writeFileSync(manifest, `# made by hand\n${lines.join("\n")}\n`);
  await fetch(machine(t), spec(tar("openssl.ova", ovf, manifest, drivers, disk)));
  for (const [name, text, members, expected] of [
    ["disk.ova", entry(ovf) + entry(disk, "0".repeat(64)), [ovf, manifest, disk], /not what the manifest of the OVA says/],
    ["ovf.ova", entry(ovf, "0".repeat(64)) + entry(disk), [ovf, manifest, disk], /not what the manifest/],
    ["absent.ova", entry(ovf), [ovf, manifest, disk], /manifest does not name the disk/],
    [
      "more.ova",
      `${entry(ovf)}${entry(disk)}SHA256(b.vmdk)= ${"0".repeat(64)}\n`,
      [ovf, manifest, disk],
      /"b.vmdk", which it holds 0 times/,
    ],
    ["odd.ova", `${entry(ovf)}disk.vmdk is fine\n`, [ovf, manifest, disk], /line 2 of its manifest "a.mf" is not understood/],
    ["md5.ova", `MD5(a.ovf)= ${"0".repeat(32)}\n`, [ovf, manifest, disk], /line 1 of its manifest/],
    ["manifests.ova", entry(ovf) + entry(disk), [ovf, manifest, other, disk], /more than one manifest: "a.mf", "b.mf"/],
    ["none.ova", "", [ovf], /holds no disk/],
    ["bare.ova", "", [disk], /no OVF descriptor/],
  ] as const) {
    writeFileSync(manifest, text);
    const error = await refusal(machine(t), spec(tar(name, ...members)));
    assert.equal(error.code, "image-archive", name);
    assert.match(error.message, expected, name);
  }
  writeFileSync(join(directory, "second.vmdk"), "x");
  assert.match((await refusal(machine(t), spec(tar("two.ova", ovf, disk, join(directory, "second.vmdk"))))).message, /more than one file/);
});

test("an OVA whose members have ./ before their names is taken; a compressed disk in an archive is named", async (t) => {
  const directory = temporary(t);
  const disk = basename(imageOf(directory, "vmdk", ["-o", "subformat=streamOptimized"]));
  writeFileSync(join(directory, "a.ovf"), "<Envelope/>");
  const entries = ["a.ovf", disk].map((name) => `SHA256(${name})= ${sha256(join(directory, name))}\r\n`);
  writeFileSync(join(directory, "a.mf"), entries.join(""));
  const make = (name: string, ...members: readonly string[]) => {
    execFileSync("tar", ["-cf", name, ...members], { cwd: directory });
    return imageSpec(join(directory, name), { unpack: "ova", diskFormat: "vmdk" });
  };
  // The manifest may stand anywhere.
  for (const members of [
    ["./a.ovf", "./a.mf", `./${disk}`],
    ["a.ovf", disk, "a.mf"],
    ["a.mf", disk, "a.ovf"],
  ])
    await fetch(machine(t), make("order.ova", ...members));
  execFileSync("gzip", ["-k", disk], { cwd: directory });
  const error = await refusal(machine(t), make("packed.ova", "a.ovf", `${disk}.gz`));
  assert.equal(error.code, "image-packed");
  assert.match(error.message, /^The disk ".*\.gz" in the archive is compressed itself\. Unpack the archive/);
});

test("a sparse file is taken out of a tar archive in each form that GNU tar writes, with all zeros in their places", async (t) => {
  const directory = temporary(t);
  const path = join(directory, "disk.raw");
  const pieces = 60;
  execFileSync("truncate", ["-s", "64M", path]);
  // More pieces than a header has room for, and an end without data.
  const file = openSync(path, "r+");
  for (let index = 0; index < pieces; index += 1) writeSync(file, Buffer.alloc(5000, index + 1), 0, 5000, index * 2 ** 20);
  closeSync(file);
  const content = sha256(path);
  for (const [name, ...options] of [
    ["old GNU", "--format=gnu"],
    ["pax 0.0", "--format=pax", "--sparse-version=0.0"],
    ["pax 0.1", "--format=pax", "--sparse-version=0.1"],
    ["pax 1.0", "--format=pax", "--sparse-version=1.0"],
  ]) {
    const archive = join(directory, "image.tar.gz");
    execFileSync("tar", ["--sparse", ...options, "-czf", archive, "-C", directory, "disk.raw"]);
    const context = machine(t);
    const spec = imageSpec(archive, { unpack: "tar.gz", diskFormat: "raw", contentChecksum: { algorithm: "sha256", hex: content } });
    await fetch(context, spec);
    const base = context.layout.baseImage(spec.entry);
    assert.equal(sha256(base), content, name);
    assert.ok(statSync(base).blocks * 512 < 2 ** 20, `${name}: holes`);
  }
});

test("what is packed otherwise than said, damaged or cut off is refused, and so is content of another digest", async (t) => {
  const directory = temporary(t);
  const qcow2 = imageOf(directory, "qcow2");
  for (const packing of ["gz", "xz", "zst", "bz2"] as const) {
    const packed = pack(qcow2, packing);
    const whole = readFileSync(packed);
    const damaged = Buffer.from(whole);
    damaged.fill(0x55, whole.length >> 1, (whole.length >> 1) + 64);
    writeFileSync(join(directory, "damaged"), damaged);
    writeFileSync(join(directory, "cut"), whole.subarray(0, whole.length - 20));
    for (const source of [join(directory, "damaged"), join(directory, "cut"), qcow2]) {
      assert.equal((await refusal(machine(t), imageSpec(source, { unpack: packing }))).code, "image-unpack", `${packing} ${source}`);
    }
    const contentChecksum = { algorithm: "sha512" as const, hex: "0".repeat(128) };
    const other = await refusal(machine(t), imageSpec(packed, { unpack: packing, contentChecksum }));
    assert.equal(other.code, "image-checksum-mismatch");
  }
});
