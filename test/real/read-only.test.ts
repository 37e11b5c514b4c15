import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename } from "node:path";
import { type TestContext, test } from "node:test";
import { createLocalFiles } from "../../src/host/local/files.ts";
import { CodedError } from "../../src/model/errors.ts";
import { mustRun, runProgram } from "./support/virtform.ts";

/** A mounted ext4, and what makes it read-only as an error of its disk does: open files stay open. */
async function failingFileSystem(t: TestContext): Promise<{ readonly path: string; fail(): Promise<void> }> {
  const directory = await mkdtemp(`${tmpdir()}/virtform-read-only-`);
  const path = `${directory}/mounted`;
  await mustRun("mkdir", [path]);
  await writeFile(`${directory}/disk`, "");
  await truncate(`${directory}/disk`, 64 * 2 ** 20);
  await mustRun("mkfs.ext4", ["-q", "-e", "remount-ro", `${directory}/disk`]);
  t.after(async () => {
    await runProgram("umount", ["--lazy", path]);
    await rm(directory, { recursive: true });
  });
  await mustRun("mount", ["-o", "loop", `${directory}/disk`, path]);
  const device = basename((await mustRun("findmnt", ["-n", "-o", "SOURCE", path])).trim());
  return { path, fail: () => writeFile(`/sys/fs/ext4/${device}/trigger_fs_error`, "1") };
}

test("a filesystem that becomes read-only during a copy, a write or a sync is the only error, with its remedy", async (t) => {
  const { path, fail } = await failingFileSystem(t);
  const files = createLocalFiles();
  const readOnly = (doing: RegExp) => (error: unknown) => {
    assert.ok(error instanceof CodedError, String(error));
    assert.deepEqual(
      error.diagnostics.map(({ code, detail }) => [code, detail]),
      [["read-only-filesystem", "Mount it writable, or choose another instances_path."]],
    );
    assert.match(error.summary, doing);
    return true;
  };
  await writeFile(`${path}/source`, Buffer.alloc(24 * 2 ** 20, "x"));
  await files.change([{ do: "makeDirectory", path: `${path}/directory` }], "later");
  let failing: Promise<void> | undefined;
  const onProgress = () => {
    failing ??= fail();
  };
  const copied = files.copy(`${path}/source`, `${path}/copy`, { digests: ["sha256"], onProgress });
  await assert.rejects(copied, readOnly(/^Cannot write .*\/copy: the filesystem is read-only$/));
  await failing;
  await assert.rejects(files.writeAtomic(`${path}/file`, "text\n"), readOnly(/^Cannot write .*\/file: the filesystem is read-only$/));
  await assert.rejects(files.settle(), readOnly(/^Cannot sync .*\/mounted: the filesystem is read-only$/));
});
