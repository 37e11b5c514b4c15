import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fetchImage } from "../../../../src/kinds/image/fetch.ts";
import type { ImageSidecar, ImageSpec } from "../../../../src/kinds/image/spec.ts";
import type { ActionProgress } from "../../../../src/model/action.ts";
import type { Context } from "../../../../src/model/context.ts";
import { RefusedError, UserError } from "../../../../src/model/errors.ts";
import type { Host } from "../../../../src/model/host.ts";
import type { Json } from "../../../../src/model/json.ts";
import { dyingHost } from "../../support/dying-host.ts";
import { imageOf, patch, qemuImg, rawDisk, temporary } from "./images.ts";
import { changed, imageSpec, machine, watched } from "./machine.ts";

const mebibyte = 2 ** 20;

async function fetch(context: Context, spec: ImageSpec): Promise<ActionProgress[]> {
  const reports: ActionProgress[] = [];
  await fetchImage.run(context, spec as unknown as Json, (progress) => reports.push(progress));
  return reports;
}

function digest(algorithm: string, path: string): string {
  return createHash(algorithm).update(readFileSync(path)).digest("hex");
}

function sidecarOf(context: Context, spec: ImageSpec): ImageSidecar {
  return JSON.parse(readFileSync(context.layout.baseSidecar(spec.entry), "utf8")) as ImageSidecar;
}

function inCache(context: Context): string[] {
  return existsSync(context.layout.base) ? readdirSync(context.layout.base) : [];
}

test("a pinned qcow2 image becomes a raw, read-only base with a record of where it came from", async (t) => {
  const source = imageOf(temporary(t), "qcow2", ["-c"]);
  const hex = digest("sha512", source);
  const context = machine(t);
  const spec = imageSpec(source, { checksum: { algorithm: "sha512", hex } });
  const reports = await fetch(context, spec);

  const base = context.layout.baseImage(spec.entry);
  assert.match(qemuImg("compare", "-f", "raw", "-F", "raw", base, `${source}.raw`), /identical/);
  assert.equal(statSync(base).mode & 0o777, 0o444);
  assert.deepEqual(inCache(context), [spec.entry, `${spec.entry}.json`]);
  const { fetchedAt, ...sidecar } = sidecarOf(context, spec);
  assert.ok(!Number.isNaN(Date.parse(fetchedAt)));
  assert.deepEqual(sidecar, {
    version: 1,
    id: spec.id,
    project: "shop",
    image: "debian",
    source,
    digests: { sha256: digest("sha256", source), sha512: hex },
    bytes: statSync(source).size,
    diskFormat: "qcow2",
    format: "raw",
    virtualSize: mebibyte,
  });
  assert.ok(reports.some(({ phase, done }) => phase === "download" && done === statSync(source).size));
  assert.deepEqual(reports.at(-1), { phase: "convert", done: mebibyte, total: mebibyte });
});

test("a whole base is left as it is but for its time", async (t) => {
  const source = imageOf(temporary(t), "qcow2");
  const context = machine(t);
  const spec = imageSpec(source);
  await fetch(context, spec);
  const base = context.layout.baseImage(spec.entry);
  utimesSync(base, 1, 1);
  const before = statSync(base);
  writeFileSync(source, "replaced by its publisher");
  await fetch(context, spec);
  const after = statSync(base);
  assert.equal(after.ino, before.ino);
  assert.ok(after.mtimeMs > before.mtimeMs);
});

for (const [diskFormat, qemuFormat, options] of [
  ["vmdk", "vmdk", ["-o", "subformat=streamOptimized"]],
  ["vhd", "vpc", ["-o", "force_size=on"]],
  ["vhd", "vpc", ["-o", "subformat=fixed,force_size=on"]],
  ["vhdx", "vhdx", []],
  ["vdi", "vdi", []],
  ["ploop", "parallels", []],
  ["raw", "raw", []],
  ["ami", "raw", []],
] as const) {
  test(`${diskFormat} ${options.join(" ")} becomes the same raw disk`, async (t) => {
    const source = imageOf(temporary(t), qemuFormat, [...options], "image");
    const context = machine(t);
    const spec = imageSpec(source, { diskFormat });
    await fetch(context, spec);
    const base = context.layout.baseImage(spec.entry);
    assert.match(qemuImg("compare", "-f", "raw", "-F", "raw", base, `${source}.raw`), /identical/);
    assert.equal(sidecarOf(context, spec).virtualSize, mebibyte);
  });
}

test("a partitioned disk is raw", async (t) => {
  const source = rawDisk(join(temporary(t), "disk"));
  const table = Buffer.alloc(66);
  table.writeUInt8(0x83, 4);
  table.writeUInt16LE(0xaa55, 64);
  patch(source, 446, table);
  const context = machine(t);
  const spec = imageSpec(source, { diskFormat: "raw" });
  await fetch(context, spec);
  assert.equal(digest("sha256", context.layout.baseImage(spec.entry)), digest("sha256", source));
});

test("where conversion is off a qcow2 image stays qcow2", async (t) => {
  const source = imageOf(temporary(t), "qcow2");
  const context = machine(t);
  const spec = imageSpec(source, { format: "qcow2" });
  await fetch(context, spec);
  assert.equal(digest("sha256", context.layout.baseImage(spec.entry)), digest("sha256", source));
  assert.equal(sidecarOf(context, spec).format, "qcow2");
  await assert.rejects(fetch(context, { ...spec, format: "raw" }), { code: "base-image-conflict" });
});

test("bytes other than the checksum says are refused, and the message has both digests", async (t) => {
  const source = imageOf(temporary(t), "qcow2");
  const declared = "0".repeat(64);
  const context = machine(t);
  await assert.rejects(fetch(context, imageSpec(source, { checksum: { algorithm: "sha256", hex: declared } })), (error) => {
    assert.ok(error instanceof RefusedError);
    assert.equal(error.code, "image-checksum-mismatch");
    assert.ok(error.message.includes(declared) && error.message.includes(digest("sha256", source)));
    return true;
  });
  assert.deepEqual(inCache(context), []);
});

test("the same bytes under another name share one base", async (t) => {
  const directory = temporary(t);
  const source = imageOf(directory, "qcow2");
  const copy = join(directory, "copy");
  writeFileSync(copy, readFileSync(source));
  const commands: string[] = [];
  const context = machine(t, { wrap: (host) => watched(host, (command) => commands.push(command.args[0] ?? "")) });
  const [first, second] = [imageSpec(source), imageSpec(copy, { name: "other" })];
  await fetch(context, first);
  await fetch(context, second);
  assert.notEqual(first.entry, second.entry);
  assert.equal(statSync(context.layout.baseImage(first.entry)).ino, statSync(context.layout.baseImage(second.entry)).ino);
  assert.equal(sidecarOf(context, second).image, "other");
  assert.deepEqual(
    commands.filter((verb) => verb === "convert"),
    ["convert"],
  );
});

test("a kernel is taken as it is, and its bytes are never lent to a disk unlooked at", async (t) => {
  const directory = temporary(t);
  const source = join(directory, "kernel");
  qemuImg("create", "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd", source, "1M");
  const context = machine(t);
  const kernel = imageSpec(source, { diskFormat: "aki", bootFile: true, name: "kernel" });
  await fetch(context, kernel);
  assert.equal(digest("sha256", context.layout.baseImage(kernel.entry)), digest("sha256", source));
  assert.equal(sidecarOf(context, kernel).bootFile, true);
  await assert.rejects(fetch(context, { ...kernel, diskFormat: "raw", bootFile: false }), { code: "base-image-conflict" });

  const sameBytes = join(directory, "same");
  writeFileSync(sameBytes, readFileSync(source));
  await assert.rejects(fetch(context, imageSpec(sameBytes, { diskFormat: "raw" })), { code: "image-has-backing-file" });
});

/** Content, what it is said to be, and the code of the refusal. */
const hostile: readonly [name: string, diskFormat: ImageSpec["diskFormat"], code: string, make: (directory: string) => string][] = [
  ["a backing file", "qcow2", "image-has-backing-file", (d) => created(d, "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd")],
  [
    "a backing file in an image called raw",
    "raw",
    "image-has-backing-file",
    (d) => created(d, "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd"),
  ],
  ["a data file", "qcow2", "image-has-data-file", (d) => created(d, "-f", "qcow2", "-o", `data_file=${join(d, "data")},data_file_raw=on`)],
  [
    "a VMDK extent of the host",
    "vmdk",
    "image-vmdk-extent",
    (d) => written(d, '# Disk DescriptorFile\nversion=1\ncreateType="monolithicSparse"\nRW 8 FLAT "/etc/passwd" 0\n'),
  ],
  ["a VMDK of a kind that spreads over files", "vmdk", "image-vmdk-type", (d) => imageOf(d, "vmdk", ["-o", "subformat=monolithicFlat"])],
  ["QED", "qcow2", "image-format-qed", (d) => imageOf(d, "qed")],
  ["QED called raw", "raw", "image-format-qed", (d) => imageOf(d, "qed")],
  ["LUKS", "raw", "image-format-luks", (d) => written(d, Buffer.concat([Buffer.from("LUKS\xba\xbe\0\x01", "latin1"), Buffer.alloc(4096)]))],
  ["qcow2 called raw", "raw", "image-format-mismatch", (d) => imageOf(d, "qcow2")],
  ["qcow2 called ami", "ami", "image-format-mismatch", (d) => imageOf(d, "qcow2")],
  ["raw called qcow2", "qcow2", "image-format-mismatch", (d) => rawDisk(join(d, "x"))],
  ["VDI called vmdk", "vmdk", "image-format-mismatch", (d) => imageOf(d, "vdi")],
  ["raw called iso", "iso", "image-format-mismatch", (d) => rawDisk(join(d, "x"))],
  ["two formats at once", "qcow2", "image-multiple-formats", (d) => patch(imageOf(d, "qcow2"), 32769, "CD001")],
  ["an absurd size", "qcow2", "image-virtual-size", (d) => created(d, "-f", "qcow2", "-o", "cluster_size=2M")],
  ["no bytes", "raw", "image-empty", (d) => rawDisk(join(d, "x"), 0)],
];

function created(directory: string, ...options: string[]): string {
  const path = join(directory, "x");
  const size = options.includes("cluster_size=2M") ? "65T" : "1M";
  qemuImg("create", "-q", ...options, path, size);
  return path;
}

function written(directory: string, content: string | Buffer): string {
  const path = join(directory, "x");
  writeFileSync(path, content);
  return path;
}

for (const [name, diskFormat, code, make] of hostile) {
  test(`${name}: refused as ${code} before any program opens it, and nothing is kept`, async (t) => {
    const commands: string[] = [];
    const context = machine(t, {
      wrap: (host) => watched(host, ({ program, args }) => void (program === "qemu-img" && commands.push(args.join(" ")))),
    });
    await assert.rejects(fetch(context, imageSpec(make(temporary(t)), { diskFormat })), (error) => {
      assert.ok(error instanceof RefusedError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    });
    assert.deepEqual(commands, []);
    assert.deepEqual(inCache(context), []);
  });
}

test("an image inside an image is refused when the outer one has been taken off", async (t) => {
  const directory = temporary(t);
  const inner = created(directory, "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd");
  const outer = join(directory, "outer");
  qemuImg("convert", "-f", "raw", "-O", "qcow2", inner, outer);
  const context = machine(t);
  await assert.rejects(fetch(context, imageSpec(outer)), { code: "image-nested-format" });
  assert.deepEqual(inCache(context), []);
});

test("an image larger than the smallest disk is refused before it is unfolded", async (t) => {
  const commands: string[] = [];
  const context = machine(t, { wrap: (host) => watched(host, ({ args }) => commands.push(args[0] ?? "")) });
  const spec = imageSpec(imageOf(temporary(t), "qcow2"), { maxVirtualSize: mebibyte - 512 });
  await assert.rejects(fetch(context, spec), { code: "flavor-disk-smaller-than-image" });
  assert.ok(!commands.includes("convert"));
  assert.deepEqual(inCache(context), []);
  await fetch(context, { ...spec, maxVirtualSize: mebibyte });
});

test("an image is taken only as far as what the host keeps for itself, some room for guests, and its conversion leave space", async (t) => {
  const source = imageOf(temporary(t), "qcow2");
  const { size } = statSync(source);
  const kept = 10 * mebibyte;
  const fetchInto = (free: number, changes: Partial<ImageSpec> = {}) => {
    const wrap = (host: Host): Host => ({ ...host, files: { ...host.files, space: async () => ({ total: 2 ** 40, free: free + kept }) } });
    const context = machine(t, { wrap });
    const reserved = { memory: 0, disk: kept };
    return fetch({ ...context, settings: { ...context.settings, reserved } }, imageSpec(source, changes));
  };
  // As it is.
  const unchanged = { format: "qcow2" } as const;
  await assert.rejects(fetchInto(size, unchanged), { code: "image-too-large" });
  await fetchInto(size * 1.1, unchanged);
  await assert.rejects(fetchInto(size * 1.1), { code: "image-too-large" });
  await fetchInto(size * 2.2);
  await assert.rejects(fetchInto(-kept), { code: "image-too-large" });
});

test("Nova GLA-15: an image is fetched up to the cap of the configuration, and nothing of a longer one is kept", async (t) => {
  const source = imageOf(temporary(t), "qcow2");
  const { size } = statSync(source);
  const context = machine(t);
  await assert.rejects(fetch(context, imageSpec(source, { sizeCap: size - 1 })), { code: "image-size-cap" });
  assert.deepEqual(inCache(context), []);
  await fetch(context, imageSpec(source, { sizeCap: size }));
});

test("qemu-img examines an image with limits and a given format; an examination that exceeds them is a refusal that says so", async (t) => {
  const context = machine(t, {
    wrap: (host) =>
      changed(host, (command) => {
        assert.deepEqual(command.limits, { cpuSeconds: 30, addressSpaceBytes: 2 ** 31 });
        assert.equal(command.args[command.args.indexOf("-f") + 1], "qcow2");
        // Too little for qemu-img to live, as if the image had made it greedy.
        return { ...command, limits: { cpuSeconds: 30, addressSpaceBytes: 30_000_000 } };
      }),
  });
  await assert.rejects(fetch(context, imageSpec(imageOf(temporary(t), "qcow2"))), { code: "image-inspection-aborted" });
  assert.deepEqual(inCache(context), []);
});

test("a file of unknown origin in the base's place is neither trusted nor replaced", async (t) => {
  const context = machine(t);
  const spec = imageSpec(imageOf(temporary(t), "qcow2"));
  mkdirSync(context.layout.base, { recursive: true });
  writeFileSync(context.layout.baseImage(spec.entry), "foreign");
  await assert.rejects(fetch(context, spec), (error) => error instanceof UserError && error.diagnostics[0]?.code === "base-file-unknown");
  assert.equal(readFileSync(context.layout.baseImage(spec.entry), "utf8"), "foreign");
});

test("a sidecar alone, and files that a crash left, count as nothing", async (t) => {
  const context = machine(t);
  const spec = imageSpec(imageOf(temporary(t), "qcow2"));
  mkdirSync(context.layout.base, { recursive: true });
  for (const path of [
    context.layout.baseSidecar(spec.entry),
    context.layout.basePart(spec.entry),
    context.layout.baseConverted(spec.entry),
  ])
    writeFileSync(path, "half");
  await fetch(context, spec);
  assert.deepEqual(inCache(context), [spec.entry, `${spec.entry}.json`]);
  assert.equal(sidecarOf(context, spec).virtualSize, mebibyte);
});

test("two processes that want one image download it once, and credentials are not kept", async (t) => {
  const directory = temporary(t);
  const content = readFileSync(imageOf(directory, "qcow2"));
  let downloads = 0;
  const server = createServer((request, response) => {
    if (request.method === "GET") downloads += 1;
    response.writeHead(200, { "content-length": content.length });
    response.end(request.method === "GET" ? content : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const root = join(directory, "instances");
  const spec = imageSpec(`http://alice:geheim@127.0.0.1:${port}/image.qcow2`);
  const contexts = [machine(t, { root }), machine(t, { root }), machine(t, { root })] as const;
  await Promise.all(contexts.map((context) => fetch(context, spec)));
  assert.equal(downloads, 1);
  assert.deepEqual(inCache(contexts[0]), [spec.entry, `${spec.entry}.json`]);
  const text = readFileSync(contexts[0].layout.baseSidecar(spec.entry), "utf8");
  assert.ok(!text.includes("geheim"), text);
  assert.ok(text.includes(`127.0.0.1:${port}/image.qcow2`));
});

for (const [name, diskFormat, twin] of [
  ["with a conversion", "qcow2", false],
  ["without one", "raw", false],
  ["by linking a twin", "qcow2", true],
] as const) {
  test(`killed after any effect of a fetch ${name}, nothing half made is trusted and the next run converges`, async (t) => {
    const directory = temporary(t);
    const source = imageOf(directory, diskFormat, [], "image");
    let kills = 0;
    for (let survives = 0; ; survives += 1) {
      const root = join(directory, `instances-${survives}`);
      const calm = machine(t, { root });
      if (twin) {
        const copy = join(directory, "copy");
        writeFileSync(copy, readFileSync(source));
        await fetch(calm, imageSpec(copy, { diskFormat }));
      }
      const spec = imageSpec(source, { diskFormat });
      let fate: ReturnType<typeof dyingHost> | undefined;
      const doomed = machine(t, {
        root,
        wrap: (host) => {
          fate = dyingHost(host, survives, "half");
          return fate.host;
        },
      });
      const error = await fetch(doomed, spec).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (fate?.died() !== true) {
        assert.equal(error, undefined);
        break;
      }
      kills += 1;
      const base = calm.layout.baseImage(spec.entry);
      if (existsSync(base)) {
        assert.match(
          qemuImg("compare", "-f", "raw", "-F", "raw", base, `${source}.raw`),
          /identical/,
          `half made after ${survives} effects`,
        );
        assert.equal(sidecarOf(calm, spec).version, 1);
      }
      await fetch(calm, spec);
      assert.match(qemuImg("compare", "-f", "raw", "-F", "raw", base, `${source}.raw`), /identical/);
      assert.equal(statSync(base).mode & 0o777, 0o444);
      assert.ok(
        inCache(calm).every((file) => /^[0-9a-f]{40}(\.json)?$/.test(file)),
        inCache(calm).join(),
      );
    }
    assert.ok(kills >= 6, `only ${kills} places to be killed at were found`);
  });
}
