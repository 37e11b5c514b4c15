import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporary } from "../../real/kinds/image/images.ts";

const program = fileURLToPath(new URL("../../../bin/lib/disk-table.js", import.meta.url));
const expected = Array.from(readFileSync(program, "utf8").matchAll(/^ {2}"(.*)",$/gm), ([, label]) => label ?? "");

test("bin/test makes one table of all rows, and fails for a failed case and for a backend that did not run", (t) => {
  const directory = temporary(t);
  const write = (label: string, cells: object) =>
    writeFileSync(join(directory, `${encodeURIComponent(label)}.json`), JSON.stringify({ label, cells }));
  const run = () => spawnSync(process.execPath, [program, directory], { encoding: "utf8" });
  assert.equal(run().status, 1, "nothing ran");
  assert.ok(expected.length >= 8);
  for (const label of expected) write(label, { "grow offline": "ok", preallocation: "no effect" });
  const fine = run();
  assert.equal(fine.status, 0, fine.stderr);
  const lines = fine.stdout.split("\n");
  assert.match(lines[0] ?? "", /^ +qcow2 +flat +ploop +rbd +lvm /);
  assert.match(lines[2] ?? "", /^grow offline( +ok){8,}$/);
  assert.match(lines[3] ?? "", /^preallocation( +no effect){8,}$/);

  write("rbd (real)", { "grow offline": "FAILED", preallocation: "no effect" });
  const broken = run();
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /^Error: rbd \(real\) does not conform\.$/m);

  write("rbd (real)", { "grow offline": "ok", preallocation: "no effect" });
  rmSync(join(directory, `${encodeURIComponent("lvm (stand-in)")}.json`));
  const missing = run();
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /did not run on lvm \(stand-in\)/);
  assert.match(missing.stdout, /did not run/);
});
