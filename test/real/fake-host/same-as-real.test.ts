import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLocalHost } from "../../../src/host/local/local.ts";
import { CommandError, RefusedError, UserError } from "../../../src/model/errors.ts";
import type { Host } from "../../../src/model/host.ts";
import { createMachine } from "../../fake-host/machine.ts";
import { makeQcow2 } from "../../fake-host/qcow2.ts";
import { readSparse } from "../../fake-host/sparse.ts";

/** What was answered or refused, without what may differ: times, inodes, the directory's own name. */
async function outcome(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return { answered: await work() };
  } catch (error) {
    if (error instanceof UserError) return { refused: error.diagnostics.map(({ code }) => code) };
    if (error instanceof RefusedError) return { refused: [error.code] };
    if (error instanceof CommandError) return { failed: error.reason, exitCode: error.exitCode };
    throw error;
  }
}

/** The same steps on any host; gives every outcome by the name of its step. */
async function walk(host: Host, dir: string, symlink: (target: string, path: string) => void): Promise<Record<string, unknown>> {
  const { files } = host;
  const seen: Record<string, unknown> = {};
  const step = async (name: string, work: () => Promise<unknown>) => {
    seen[name] = await outcome(work);
  };
  const at = (name: string) => `${dir}/${name}`;
  const facts = async (name: string) => {
    const stat = await files.stat(at(name));
    return stat === undefined
      ? undefined
      : { type: stat.type, size: stat.type === "file" ? stat.size : 0, mode: stat.mode, links: stat.type === "file" ? stat.links : 0 };
  };
  const text = async (name: string) => (await files.read(at(name)))?.toString();
  const names = async (name: string) => (await files.list(at(name))).map((entry) => `${entry.name} ${entry.type}`);

  await step("make directories", () => files.makeDirectory(at("a/b"), 0o700));
  await step("make them again", () => files.makeDirectory(at("a/b")));
  await step("write", () => files.writeAtomic(at("a/file"), "hello", 0o640));
  await step("facts of a file", () => facts("a/file"));
  await step("facts of a directory", () => facts("a/b"));
  await step("facts of nothing", () => facts("none"));
  await step("facts below a file", () => facts("a/file/below"));
  await step("overwrite", () => files.writeAtomic(at("a/file"), "hello again"));
  await step("facts after overwriting", () => facts("a/file"));
  await step("write without a directory", () => files.writeAtomic(at("none/file"), ""));
  await step("write over a directory", () => files.writeAtomic(at("a/b"), ""));
  await step("directory below a file", () => files.makeDirectory(at("a/file/c")));
  await step("directory over a file", () => files.makeDirectory(at("a/file")));
  await step("read", () => text("a/file"));
  await step("read a part", async () => (await files.read(at("a/file"), { offset: 6, length: 100 }))?.toString());
  await step("read beyond", async () => (await files.read(at("a/file"), { offset: 60, length: 1 }))?.toString());
  await step("read nothing", () => text("none"));
  await step("list", () => names("a"));
  await step("list nothing", () => names("none"));
  symlink(at("a/file"), at("link"));
  await step("read a link", () => text("link"));
  await step("facts of a link", async () => (await files.stat(at("link")))?.type);
  await step("copy a link", () => files.copy(at("link"), at("copied")));
  await step("copy what a link leads to", () => files.copy(at("link"), at("copied"), { followLinks: true, digests: ["md5"] }));
  await step("copy", () => files.copy(at("a/file"), at("copied"), { digests: ["sha256"] }));
  await step("facts of a copy", () => facts("copied"));
  await step("copy nothing", () => files.copy(at("none"), at("copied")));
  await step("what a failed copy leaves", () => text("copied"));
  await step("copy too much", () => files.copy(at("a/file"), at("copied"), { maxBytes: 3 }));
  await step("read many", async () =>
    (await files.readMany([{ path: at("link") }, { path: at("a") }, { path: at("none") }, { path: at("a/file"), length: 2 }])).map(String),
  );
  await step("publish", () => files.publish(at("copied"), at("published"), 0o444));
  await step("facts of what is published", () => facts("published"));
  await step("publish nothing", () => files.publish(at("none"), at("published"), 0o444));
  await step("publish into no directory", () => files.publish(at("published"), at("none/x"), 0o444));
  await step("link", () => files.link(at("published"), at("second")));
  await step("link again", () => files.link(at("published"), at("second")));
  await step("link over another file", () => files.link(at("published"), at("a/file")));
  await step("facts with two names", () => facts("second"));
  await step("make it longer", () => files.truncate(at("disk"), 64 * 2 ** 20));
  await step("facts of a hole", async () => ({ ...(await facts("disk")), allocated: (await files.stat(at("disk")))?.allocated }));
  await step("copy a hole", async () => (await files.copy(at("disk"), at("disk2"))).bytes);
  await step("a copied hole", async () => (await files.stat(at("disk2")))?.allocated);
  await step("mode", () => files.setMode(at("disk"), 0o600));
  await step("mode of nothing", () => files.setMode(at("none"), 0o600));
  await step("touch nothing", () => files.touch(at("none")));
  await step("append", () => files.appendLines(at("log"), ["one"]));
  await step("append more", () => files.appendLines(at("log"), ["two"]));
  await step("the log", () => text("log"));
  await files.writeAtomic(at("log"), "torn");
  await step("append after a torn line", async () => {
    await files.appendLines(at("log"), ["three"]);
    return text("log");
  });
  await step("publish a directory", () => files.publish(at("a"), at("gone_del"), 0o700));
  await step("its content", () => names("gone_del"));
  await step("remove nothing", () => files.remove(at("none")));
  await step("remove a directory", () => files.remove(at("gone_del")));
  await step("remove a tree", () => files.removeTree(at("gone_del")));
  await step("remove no tree", () => files.removeTree(at("gone_del")));
  await step("digest", () => files.digest(at("published"), ["sha1", "md5"]));
  await step("digest nothing", () => files.digest(at("none"), ["sha1"]));

  const run = async (program: string, ...args: string[]) => (await host.run({ program, args, timeoutMs: 30_000 })).exitCode;
  await files.writeAtomic(at("image.qcow2"), readSparse(makeQcow2({ size: 2 ** 22, data: Buffer.from("boot") })));
  await step("convert", () => run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", at("image.qcow2"), at("image.raw")));
  await step("what it gives", async () => [
    (await facts("image.raw"))?.size,
    (await files.read(at("image.raw"), { offset: 0, length: 5 }))?.toString(),
  ]);
  await step("convert a file that is not qcow2", () => run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", at("log"), at("x")));
  await step("overlay", () =>
    run("qemu-img", "create", "-q", "-f", "qcow2", "-o", `backing_file=${at("image.raw")},backing_fmt=raw`, at("over"), "8388608"),
  );
  await step("overlay on nothing", () =>
    run("qemu-img", "create", "-q", "-f", "qcow2", "-o", `backing_file=${at("none")},backing_fmt=raw`, at("x"), "8388608"),
  );
  await step("overlay without a format", () => run("qemu-img", "create", "-q", "-f", "qcow2", "-b", at("image.raw"), at("x"), "8388608"));
  await step("grow", () => run("qemu-img", "resize", "-q", "-f", "qcow2", at("over"), "9437184"));
  await step("shrink", () => run("qemu-img", "resize", "-q", "-f", "qcow2", at("over"), "8388608"));
  await step("info", async () => {
    const { stdout } = await host.run({
      program: "qemu-img",
      args: ["info", "-U", "-f", "qcow2", "--output=json", at("over")],
      timeoutMs: 30_000,
    });
    const info = JSON.parse(stdout);
    return [info.format, info["virtual-size"], info["backing-filename"] === at("image.raw"), info["backing-filename-format"]];
  });
  await step("info of nothing", () => run("qemu-img", "info", at("none")));
  await step("no such program", () => run("virtform-no-such-program"));
  return seen;
}

test("the fake machine answers and refuses like this one", async () => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-same-"));
  const real = createLocalHost();
  const machine = createMachine();
  try {
    const expected = await walk(real, directory, symlinkSync);
    machine.files.makeDirectories("/srv/test", 0o700);
    const actual = await walk(machine.boot(), "/srv/test", machine.files.symlink);
    assert.deepEqual(actual, expected);
  } finally {
    await real.close();
    rmSync(directory, { recursive: true });
  }
});
