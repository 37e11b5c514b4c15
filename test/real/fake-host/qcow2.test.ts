import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeQcow2 } from "../../fake-host/qcow2.ts";
import { readSparse } from "../../fake-host/sparse.ts";

const MiB = 2 ** 20;

test("the real qemu-img finds no fault with the qcow2 files of the fake host", () => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-fake-"));
  try {
    const path = join(directory, "image");
    const data = Buffer.from("x".repeat(200_000));
    const image = makeQcow2({ size: 4 * MiB, data });
    writeFileSync(path, readSparse(image));
    execFileSync("qemu-img", ["check", "-q", "-f", "qcow2", path]);
    execFileSync("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", path, `${path}.raw`]);
    const raw = readFileSync(`${path}.raw`);
    assert.equal(raw.length, 4 * MiB);
    assert.ok(raw.subarray(0, data.length).equals(data));
    writeFileSync(`${path}.over`, readSparse(makeQcow2({ size: 8 * MiB, backing: { path, format: "qcow2" } })));
    execFileSync("qemu-img", ["check", "-q", "-f", "qcow2", `${path}.over`]);
    const info = JSON.parse(execFileSync("qemu-img", ["info", "--output=json", `${path}.over`], { encoding: "utf8" }));
    assert.equal(info["backing-filename"], path);
    assert.equal(info["backing-filename-format"], "qcow2");
  } finally {
    rmSync(directory, { recursive: true });
  }
});
