import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "../../../src/model/context.ts";
import { CommandError, RefusedError } from "../../../src/model/errors.ts";
import type { Command } from "../../../src/model/host.ts";
import { tarToExt4 } from "../../../src/tools/tar-to-ext4.ts";

const bytes = 30 * 2 ** 20;
const blocks = 20_000;

/** Makes a file system on a host whose programs do nothing, or of which one fails. */
async function made(failing: { readonly program?: string; readonly stderr?: string; readonly reason?: CommandError["reason"] } = {}) {
  const commands: Command[] = [];
  const lengths: number[] = [];
  const superblock = Buffer.alloc(1024);
  superblock.writeUInt32LE(blocks, 4);
  superblock.writeUInt32LE(2, 24);
  const host = {
    run: async (command: Command) => {
      commands.push(command);
      if (command.program !== failing.program) return { exitCode: 0, stdout: "", stderr: "" };
      const { stderr = "", reason = "exit" } = failing;
      throw new CommandError({
        commandLine: command.program,
        exitCode: 1,
        stderr,
        reason,
        detail: "",
        summary: `${command.program} failed`,
      });
    },
    files: { truncate: async (_path: string, length: number) => void lengths.push(length), read: async () => superblock },
  } as unknown as Context["host"];
  const size = await tarToExt4(
    { host, signal: new AbortController().signal },
    { archive: "/b/root.tar", bytes, to: "/b/root.part", mountPoint: "/b" },
  );
  return { commands, lengths, size };
}

test("a file system from a tar archive has the size that resize2fs leaves", async () => {
  const { lengths, size } = await made();
  assert.equal(size, blocks * 4096);
  assert.equal(lengths.at(-1), size);
});

test("a file system has an inode and a block for every member of an archive of empty directories", async () => {
  const { commands, lengths } = await made();
  const args = commands.find(({ program }) => program === "mkfs.ext4")?.args ?? [];
  const numberOf = (option: string) => Number(args[args.indexOf(option) + 1]);
  const [length = 0] = lengths;
  const members = bytes / 512;
  const inodes = length / numberOf("-i");
  assert.ok(inodes >= members, `${inodes} inodes`);
  assert.ok(length >= members * numberOf("-b") + inodes * 256, `${length} bytes`);
});

test("blocks that could not be written are reported before the file system is unmounted", async () => {
  const { commands } = await made();
  const script = commands.find(({ program }) => program === "unshare")?.args.find((arg) => arg.includes("tar --extract")) ?? "";
  assert.match(script, /^set -e\n[\s\S]*\ntar [^\n]+\nsync -f -- "\$3"\numount -- "\$3"$/);
});

test("a failure says its first errors and what to do about them", async () => {
  const failures: readonly [failing: Parameters<typeof made>[0], summary: RegExp, remedy: RegExp][] = [
    [{ program: "mkfs.ext4", reason: "missing" }, /mkfs\.ext4 failed/, /^Install GNU tar, e2fsprogs and util-linux/],
    [{ program: "unshare", stderr: "sh: 4: tar: not found\n" }, /tar: not found/, /^Install GNU tar/],
    [{ program: "unshare", stderr: "unshare: unshare failed: Operation not permitted\n" }, /Operation not permitted/, /connect as root/],
    [{ program: "unshare", stderr: "mount: /b: failed to setup loop device for /b/x.\n" }, /loop device/, /connect as root/],
    [{ program: "unshare", stderr: "sync: error syncing '/b': Input/output error\n" }, /error syncing/, /is full or its disk fails/],
    [
      { program: "unshare", stderr: `tar: d: Cannot mkdir: No space left on device\n${"tar: e: Cannot open\n".repeat(1000)}` },
      /No space left on device; tar: e: Cannot open; tar: e: Cannot open$/,
      /^Free space in the file system of host\.instances_path/,
    ],
    [{ program: "unshare", stderr: "tar: Unexpected EOF in archive\n" }, /Unexpected EOF/, /^Check the archive with `tar --list/],
  ];
  for (const [failing, summary, remedy] of failures)
    await assert.rejects(made(failing), (error: unknown) => {
      assert.ok(error instanceof RefusedError);
      assert.equal(error.code, "image-root-archive");
      assert.match(error.diagnostics[0]?.summary ?? "", summary);
      assert.match(error.diagnostics[0]?.detail ?? "", remedy);
      return true;
    });
});

test("an unpacking that was stopped is not refused", async () => {
  await assert.rejects(made({ program: "unshare", reason: "aborted" }), CommandError);
});
