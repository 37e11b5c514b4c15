import assert from "node:assert/strict";
import { test } from "node:test";
import { checkStorage } from "../../../src/commands/doctor-storage.ts";
import type { Context } from "../../../src/model/context.ts";
import { CommandError } from "../../../src/model/errors.ts";
import type { Command } from "../../../src/model/host.ts";

test("doctor says what each program is for, and the package of one that is not installed", async () => {
  const programs = ["mkfs.ext4", "tar", "e2fsck", "xz", "zstd"];
  const missing = new Set(["e2fsck", "zstd"]);
  const run = async ({ program }: Command) => {
    if (!missing.has(program)) return { exitCode: 0, stdout: "", stderr: "" };
    const message = `${program} is not installed`;
    throw new CommandError({ commandLine: program, exitCode: undefined, stderr: "", reason: "missing", summary: message, detail: "" });
  };
  const context = { host: { run }, settings: { programs }, signal: new AbortController().signal } as unknown as Context;
  assert.deepEqual(
    (await checkStorage(context)).map(({ check, status, found, fix }) => [status, check, found, fix]),
    [
      ["ok", "mkfs.ext4", "makes empty disks of the configuration", undefined],
      ["ok", "tar", "makes root file systems from tar archives", undefined],
      ["error", "e2fsck", "e2fsck is not installed on the host", "apt install e2fsprogs"],
      ["ok", "xz", "unpacks images of the configuration", undefined],
      ["error", "zstd", "zstd is not installed on the host", "install the package zstd"],
    ],
  );
});
