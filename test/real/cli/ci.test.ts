import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { jobEnvironment, startFakeGitHub } from "../../unit/ci/fake-github.ts";
import { checkout, run } from "./support/virtform.ts";
import { createWorkspace, stopped, virsh } from "./support/workspace.ts";

test("a change goes from a pull request to the host, and drift from the host to an issue", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory } = workspace;
  await workspace.write({ [project]: stopped() });
  const github = await startFakeGitHub(t);
  const [event, output] = [join(directory, "event.json"), join(directory, "output")];
  const job = async (command: string, env: Record<string, string> = {}) => {
    await writeFile(
      event,
      command === "plan" ? '{"pull_request":{"number":7,"head":{"sha":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}}' : "{}",
    );
    await writeFile(output, "");
    const result = await run(process.execPath, [join(checkout, "ci/main.ts"), command], {
      cwd: directory,
      env: {
        ...jobEnvironment(github),
        GITHUB_EVENT_PATH: event,
        GITHUB_OUTPUT: output,
        GITHUB_STEP_SUMMARY: "",
        VIRTFORM_CI_TOKEN: "s3cret",
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
        ...env,
      },
    });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    const outputs = (await readFile(output, "utf8")).trimEnd().split("\n");
    return Object.fromEntries(outputs.map((line) => line.split("=") as [string, string]));
  };

  const planned = await job("plan");
  assert.equal(planned["changes"], "true");
  assert.match(github.comments[0]?.body ?? "", new RegExp(`### virtform plan of ${project}: [1-9] to add, 0 to change, 0 to destroy`));
  assert.match(github.comments[0]?.body ?? "", /commit `aaaaaaaaaaaa`/);

  const applied = await job("apply", { VIRTFORM_CI_PLAN: planned["plan-file"] ?? "", VIRTFORM_CI_CHANGE: "7" });
  assert.equal(applied["exitcode"], "0");
  assert.match(github.comments[1]?.body ?? "", new RegExp(`### virtform apply of ${project} complete: [1-9] added`));
  const empty = await job("plan");
  assert.equal(empty["changes"], "false");
  assert.match(github.comments[0]?.body ?? "", new RegExp(`### virtform plan of ${project}: no changes`));

  await job("apply", { VIRTFORM_CI_PLAN: empty["plan-file"] ?? "", VIRTFORM_CI_CHANGE: "7" });
  assert.match(github.comments[1]?.body ?? "", /virtform apply of \S+: no changes/);

  assert.equal((await job("drift"))["issue"], "");
  await virsh("setmem", `${project}`, "32M", "--config");
  assert.equal((await job("drift"))["changes"], "true");
  assert.match(github.issues[0]?.body ?? "", /^! memory +32MiB → 64MiB$/m);
  await virsh("setmem", `${project}`, "64M", "--config");
  await job("drift");
  assert.deepEqual([github.issues.length, github.issues[0]?.state, github.comments.length], [1, "closed", 2]);
});
