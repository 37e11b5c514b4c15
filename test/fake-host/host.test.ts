import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError, UserError } from "../../src/model/errors.ts";
import type { Host } from "../../src/model/host.ts";
import { Killed } from "./life.ts";
import { createMachine } from "./machine.ts";

const GiB = 2 ** 30;

test("a file is written whole, with its mode, and read in parts", async () => {
  const { files } = createMachine().boot();
  await files.makeDirectory("/srv/a");
  await files.writeAtomic("/srv/a/b", "hello world", 0o600);
  assert.equal((await files.read("/srv/a/b"))?.toString(), "hello world");
  assert.equal((await files.read("/srv/a/b", { offset: 6, length: 99 }))?.toString(), "world");
  assert.equal((await files.stat("/srv/a/b"))?.mode, 0o600);
  assert.equal(await files.read("/srv/a/none"), undefined);
  assert.equal(await files.stat("/srv/a/b/below"), undefined);
  assert.deepEqual(await files.list("/srv/a"), [{ name: "b", type: "file" }]);
  assert.deepEqual(await files.list("/srv/none"), []);
});

test("a missing directory, a directory in the way, a link and a file above are refused", async () => {
  const machine = createMachine();
  const { files } = machine.boot();
  await assert.rejects(files.writeAtomic("/none/a", ""), UserError);
  await files.writeAtomic("/file", "x");
  await assert.rejects(files.makeDirectory("/file/below"), UserError);
  await assert.rejects(files.publish("/file", "/none/file", 0o444), UserError);
  await files.makeDirectory("/dir");
  await assert.rejects(files.copy("/file", "/dir"), UserError);
  await assert.rejects(files.publish("/missing", "/there", 0o444), UserError);
  machine.files.symlink("/file", "/link");
  await assert.rejects(files.read("/link"), { code: "symbolic-link" });
  assert.deepEqual(await files.readMany([{ path: "/link" }, { path: "/dir" }, { path: "/file" }]), [
    undefined,
    undefined,
    Buffer.from("x"),
  ]);
  await files.copy("/link", "/copy", { followLinks: true });
  assert.equal((await files.read("/copy"))?.toString(), "x");
});

test("holes take no room, and copies keep them", async () => {
  const machine = createMachine({ capacity: 10 * 2 ** 20 });
  const { files } = machine.boot();
  await files.truncate("/disk", 20 * GiB);
  await files.copy("/disk", "/other");
  const stat = await files.stat("/other");
  assert.equal(stat?.size, 20 * GiB);
  assert.equal(stat?.allocated, 0);
  assert.deepEqual(await files.read("/other", { offset: 5 * GiB, length: 3 }), Buffer.alloc(3));
});

test("a disk that is full refuses more, and a failed write leaves nothing under the final name", async () => {
  const machine = createMachine({ capacity: 64 * 1024 });
  const { files } = machine.boot();
  await files.writeAtomic("/small", Buffer.alloc(32 * 1024, 1));
  await assert.rejects(
    files.writeAtomic("/large", Buffer.alloc(40 * 1024, 1)),
    (error: UserError) => error.diagnostics[0]?.code === "no-space",
  );
  assert.deepEqual(
    (await files.list("/")).map(({ name }) => name),
    ["small", "tmp"],
  );
  await files.remove("/small");
  await files.writeAtomic("/large", Buffer.alloc(40 * 1024, 1));
  assert.equal((await files.space("/no/such/place")).free, 24 * 1024);
});

test("hard links share content, mode and inode", async () => {
  const { files } = createMachine().boot();
  await files.writeAtomic("/a", "x");
  await files.link("/a", "/b");
  await files.link("/a", "/b");
  await files.setMode("/b", 0o444);
  const stat = await files.stat("/a");
  assert.equal(stat?.links, 2);
  assert.equal(stat?.mode, 0o444);
  assert.equal((await files.stat("/b"))?.inode, stat?.inode);
  await files.remove("/a");
  assert.equal((await files.stat("/b"))?.links, 1);
});

test("a process dies at its effect, half done where that can be, and does nothing ever after", async () => {
  const machine = createMachine();
  machine.put("/source", Buffer.alloc(10_000, 7));
  const host = machine.boot();
  // The directory, its name in the root, and half of the copy.
  host.dieAfter(2, { half: true });
  await host.files.makeDirectory("/d");
  await assert.rejects(host.files.copy("/source", "/d/copy"), Killed);
  assert.equal(host.dead, true);
  assert.equal(host.effects, 2);
  await assert.rejects(host.files.read("/source"), Killed);
  await assert.rejects(host.files.remove("/d/copy"), Killed);
  await assert.rejects(host.run({ program: "qemu-img", args: ["create", "-f", "qcow2", "/x", "1M"], timeoutMs: 1000 }), Killed);
  assert.equal((await machine.boot().files.stat("/d/copy"))?.size, 5000);
});

test("killed without half, the dying effect leaves nothing; killed inside a write, the old content stays", async () => {
  const machine = createMachine();
  machine.put("/d/file", "old");
  for (const [count, half, names] of [
    [0, false, ["file"]],
    [0, true, ["file", "file.1-1.tmp"]],
    [1, false, ["file", "file.1-1.tmp"]],
  ] as const) {
    const copy = machine.clone();
    const host = copy.boot();
    host.dieAfter(count, { half });
    await assert.rejects(host.files.writeAtomic("/d/file", "new"), Killed);
    const next = copy.boot();
    assert.equal((await next.files.read("/d/file"))?.toString(), "old");
    assert.deepEqual(
      (await next.files.list("/d")).map(({ name }) => name),
      names,
    );
    await next.files.writeAtomic("/d/file", "new");
    assert.deepEqual(
      (await next.files.list("/d")).map(({ name }) => name),
      ["file"],
    );
  }
});

test("locks are exclusive, first come first served, and end with their holder", async () => {
  const machine = createMachine();
  const [one, two, three] = [machine.boot(), machine.boot(), machine.boot()];
  await one.files.makeDirectory("/locks");
  const order: string[] = [];
  const hold = (host: Host, name: string, work: () => Promise<unknown>) =>
    host.lock({ path: "/locks/a", purpose: name, timeoutMs: 60_000, onWait: (holder) => order.push(`${name} waits for ${holder}`) }, work);
  const release = Promise.withResolvers<void>();
  const first = hold(one, "one", () => release.promise.then(() => order.push("one")));
  const second = hold(two, "two", async () => order.push("two"));
  const third = hold(three, "three", async () => order.push("three"));
  await assert.rejects(
    machine.boot().lock({ path: "/locks/a", purpose: "four", timeoutMs: 0 }, async () => undefined),
    /one/,
  );
  await assert.rejects(
    machine.boot().lock({ path: "/locks/a", purpose: "five", timeoutMs: 5 }, async () => undefined),
    /one/,
  );
  release.resolve();
  await Promise.all([first, second, third]);
  assert.deepEqual(
    order.filter((line) => !line.includes("waits")),
    ["one", "two", "three"],
  );
  assert.deepEqual(
    order.filter((line) => line.includes("waits")),
    ["two waits for one", "three waits for one"],
  );
  const stuck = hold(one, "one again", () => new Promise(() => undefined));
  stuck.catch(() => undefined);
  const waiting = hold(two, "two again", async () => "taken over");
  one.kill();
  assert.equal(await waiting, "taken over");
  assert.deepEqual(machine.locks.held(), []);
});

test("a lock makes its directory", async () => {
  const machine = createMachine();
  assert.equal(await machine.boot().lock({ path: "/none/a", purpose: "x", timeoutMs: 0 }, async () => 1), 1);
  assert.ok(machine.files.find("/none") !== undefined);
});

test("downloads give bytes and digests, or fail and leave nothing", async () => {
  const machine = createMachine();
  machine.urls.set("https://x/good", Buffer.from("abc"));
  machine.urls.set("https://x/broken", { bytes: Buffer.from("abcdef"), breakAfter: 2 });
  machine.urls.set("https://x/refused", { fails: "500 Internal Server Error" });
  const host = machine.boot();
  const get = (name: string, maxBytes = 100) => host.download({ url: `https://x/${name}`, to: "/got", digests: ["md5"], maxBytes });
  assert.deepEqual(await get("good"), { bytes: 3, digests: { md5: "900150983cd24fb0d6963f7d28e17f72" } });
  await host.files.remove("/got");
  await assert.rejects(get("broken"), /broke/);
  await assert.rejects(get("refused"), /500/);
  await assert.rejects(get("none"), /404/);
  await assert.rejects(get("good", 2), /larger than there is room for/);
  assert.equal(await host.files.stat("/got"), undefined);
});

test("after a reboot no guest and no process runs, and the disk is as it was", async () => {
  const machine = createMachine();
  const host = machine.boot();
  await host.files.writeAtomic("/a", "x");
  machine.libvirtd.define(
    "<domain type='qemu'><name>g</name><uuid>11111111-2222-4333-8444-555555555501</uuid><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>",
  );
  const guest = machine.libvirtd.find("g");
  assert.ok(guest);
  machine.libvirtd.start(guest);
  const again = machine.reboot();
  assert.equal(host.dead, true);
  assert.equal(machine.libvirtd.find("g")?.state, 5);
  assert.equal((await again.files.read("/a"))?.toString(), "x");
});

test("a missing program, one that fails and one that exceeds its limits", async () => {
  const host = createMachine().boot();
  const run = (program: string, ...args: string[]) => host.run({ program, args, timeoutMs: 1000 });
  await assert.rejects(run("zfs", "list"), (error: CommandError) => error.reason === "missing");
  await assert.rejects(
    run("qemu-img", "info", "/none"),
    (error: CommandError) => error.reason === "exit" && /No such file/.test(error.stderr),
  );
  const { exitCode } = await host.run({ program: "qemu-img", args: ["info", "/none"], timeoutMs: 1000, okExitCodes: [0, 1] });
  assert.equal(exitCode, 1);
  await assert.rejects(run("prlimit", "--cpu=30", "--", "nothing"), CommandError);
});
