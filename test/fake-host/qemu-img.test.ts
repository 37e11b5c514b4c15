import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError } from "../../src/model/errors.ts";
import { readQcow2Header } from "../../src/tools/qcow2-header.ts";
import { createMachine } from "./machine.ts";
import { makeQcow2 } from "./qcow2.ts";

const MiB = 2 ** 20;

function start() {
  const machine = createMachine();
  const host = machine.boot();
  const qemuImg = (...args: string[]) => host.run({ program: "qemu-img", args, timeoutMs: 1000 });
  const refused = (words: RegExp, ...args: string[]) =>
    assert.rejects(qemuImg(...args), (error) => error instanceof CommandError && words.test(error.stderr));
  return { machine, host, qemuImg, refused };
}

test("an overlay names its base and its format, in a header that our own reader understands", async () => {
  const { machine, host, qemuImg } = start();
  machine.put("/base", Buffer.alloc(MiB, 1));
  await qemuImg("create", "-q", "-f", "qcow2", "-o", "backing_file=/base,backing_fmt=raw", "/overlay", String(20 * 2 ** 30));
  const start_ = await host.files.read("/overlay", { offset: 0, length: 4096 });
  const header = readQcow2Header(start_ ?? Buffer.alloc(0))?.header;
  assert.equal(header?.backing, "/base");
  assert.equal(header?.backingFormat, "raw");
  assert.equal(header?.virtualSize, 20 * 2 ** 30);
});

test("create refuses a missing base, a base without a format and a missing directory", async () => {
  const { machine, refused } = start();
  machine.put("/base", "x");
  await refused(/Could not open backing image/, "create", "-f", "qcow2", "-o", "backing_file=/none,backing_fmt=raw", "/o", "1M");
  await refused(/without backing format/, "create", "-f", "qcow2", "-b", "/base", "/o", "1M");
  await refused(/no such file or directory/i, "create", "-f", "qcow2", "/none/o", "1M");
  await refused(/Invalid image size/, "create", "-f", "qcow2", "/o", "big");
});

test("convert gives what a guest would read, through the chain, with holes", async () => {
  const { machine, host, qemuImg, refused } = start();
  machine.files.write("/image", makeQcow2({ size: 4 * MiB, data: Buffer.from("boot sector") }));
  const lines: string[] = [];
  await host.run({
    program: "qemu-img",
    args: ["convert", "-p", "-f", "qcow2", "-O", "raw", "/image", "/raw"],
    timeoutMs: 1000,
    onLine: (line) => lines.push(line),
  });
  assert.equal((await host.files.stat("/raw"))?.size, 4 * MiB);
  assert.equal((await host.files.stat("/raw"))?.allocated, 4096);
  assert.equal((await host.files.read("/raw", { offset: 0, length: 11 }))?.toString(), "boot sector");
  assert.equal(lines.at(-1)?.trim(), "(100.00/100%)");
  await qemuImg("create", "-f", "qcow2", "-b", "/raw", "-F", "raw", "/over", String(8 * MiB));
  await qemuImg("convert", "-f", "qcow2", "-O", "raw", "/over", "/flat");
  assert.equal((await host.files.read("/flat", { offset: 0, length: 11 }))?.toString(), "boot sector");
  assert.equal((await host.files.stat("/flat"))?.size, 8 * MiB);
  await refused(/not in qcow2 format/, "convert", "-f", "qcow2", "-O", "raw", "/raw", "/x");
  await refused(/No such file/, "convert", "-f", "raw", "-O", "raw", "/none", "/x");
});

test("resize grows, and shrinks only when told to", async () => {
  const { machine, host, qemuImg, refused } = start();
  machine.files.write("/q", makeQcow2({ size: 4 * MiB }));
  await qemuImg("resize", "-f", "qcow2", "/q", String(6 * MiB));
  assert.equal(JSON.parse((await qemuImg("info", "--output=json", "-f", "qcow2", "/q")).stdout)["virtual-size"], 6 * MiB);
  await refused(/--shrink/, "resize", "-f", "qcow2", "/q", String(4 * MiB));
  await host.files.truncate("/r", MiB);
  await refused(/--shrink/, "resize", "-f", "raw", "/r", "1");
  await qemuImg("resize", "--shrink", "-f", "raw", "/r", "512");
  assert.equal((await host.files.stat("/r"))?.size, 512);
});

test("an image that a running guest holds is locked", async () => {
  const { machine, qemuImg, refused } = start();
  machine.files.write("/q", makeQcow2({ size: 4 * MiB }));
  machine.libvirtd.define(
    "<domain type='qemu'><name>g</name><uuid>11111111-2222-4333-8444-555555555501</uuid><os><type>hvm</type></os><devices><disk type='file' device='disk'><driver type='qcow2'/><source file='/q'/><target dev='vda' bus='virtio'/></disk></devices></domain>",
  );
  const guest = machine.libvirtd.find("g");
  assert.ok(guest);
  machine.libvirtd.start(guest);
  await refused(/"write" lock/, "resize", "-f", "qcow2", "/q", String(8 * MiB));
  await refused(/shared "write" lock/, "info", "/q");
  await qemuImg("info", "-U", "/q");
  machine.libvirtd.destroy(guest);
  await qemuImg("resize", "-f", "qcow2", "/q", String(8 * MiB));
});

test("a full disk ends a conversion", async () => {
  const { machine, refused } = start();
  machine.files.write("/image", makeQcow2({ size: 4 * MiB, data: Buffer.alloc(MiB, 3) }));
  machine.files.capacity = machine.files.used() + 100_000;
  await refused(/No space left/, "convert", "-f", "qcow2", "-O", "raw", "/image", "/raw");
});

test("vfat: files need a file system, and their directory", async () => {
  const { host } = start();
  const run = (program: string, args: string[], stdin = "") => host.run({ program, args, stdin, timeoutMs: 1000 });
  await host.files.truncate("/v", MiB);
  await assert.rejects(run("mcopy", ["-i", "/v", "-", "::/a"]), CommandError);
  await run("mkfs.vfat", ["-n", "config-2", "/v"]);
  await assert.rejects(run("mcopy", ["-i", "/v", "-", "::/d/a"]), CommandError);
  await run("mmd", ["-i", "/v", "::/d"]);
  await run("mcopy", ["-i", "/v", "-", "::/d/a"], "hello");
  await assert.rejects(run("mkfs.vfat", ["/none"]), CommandError);
});
