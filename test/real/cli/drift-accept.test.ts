import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { mustRun } from "../support/virtform.ts";
import { run } from "./support/virtform.ts";
import { createWorkspace, stopped } from "./support/workspace.ts";

test("drift --accept prints the patch of the files, --write makes it, and the drift is empty then", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory } = workspace;
  await workspace.write({ [project]: stopped() });
  const file = `${directory}/virtform.yaml`;
  await writeFile(file, `# ours\n${await readFile(file, "utf8")}`);
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.equal((await workspace.mustRun(["drift", "--accept"])).stdout, "There is no drift.\n");
  const virsh = (...args: string[]) => mustRun("virsh", ["-q", "-c", "qemu:///system", ...args]);
  await virsh("setmaxmem", project, "96MiB", "--config");
  await virsh("setmem", project, "96MiB", "--config");
  await virsh("autostart", project);
  const before = await readFile(file, "utf8");
  assert.equal((await workspace.run(["drift"])).code, 2);

  const patch = await workspace.run(["drift", "--accept"]);
  assert.equal(patch.code, 0, patch.stdout + patch.stderr);
  assert.match(patch.stdout, /^--- a\/.*virtform\.yaml\n\+\+\+ b\/.*virtform\.yaml\n@@ /);
  assert.match(patch.stdout, /^\+ +ram: 96MiB$/m);
  assert.match(patch.stdout, /^\+ +autostart: true$/m);
  assert.equal(await readFile(file, "utf8"), before, "nothing is written without --write");
  await writeFile(`${directory}/accept.patch`, patch.stdout.replaceAll(/^(---|\+\+\+) .*$/gm, "$1 virtform.yaml"));
  const copy = `${directory}/patched.yml`;
  assert.equal((await run("git", ["apply", "--check", "-p0", `${directory}/accept.patch`], { cwd: directory })).code, 0);
  await writeFile(copy, before);

  await workspace.mustRun(["drift", "--accept", project, "--write"]);
  assert.match(await readFile(file, "utf8"), /^# ours\n[\s\S]*autostart: true/);
  const clean = await workspace.run(["drift"]);
  assert.equal(clean.code, 0, clean.stdout + clean.stderr);
});
