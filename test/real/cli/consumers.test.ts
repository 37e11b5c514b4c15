import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { checkout } from "./support/virtform.ts";
import { createWorkspace, stopped } from "./support/workspace.ts";

const built = `${checkout}.cache/consumers`;

/** What conftest says about a plan under the policies of the example. */
function conftest(plan: string): { readonly denied: readonly string[]; readonly warned: readonly string[] } {
  const { stdout, stderr } = spawnSync(`${built}/conftest`, ["test", plan, "--policy", `${checkout}ci/policy`, "--output", "json"], {
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.notEqual(stdout, "", stderr);
  const [{ failures = [], warnings = [] }] = JSON.parse(stdout);
  const messages = (found: readonly { readonly msg: string }[]) => found.map(({ msg }) => msg).sort();
  return { denied: messages(failures), warned: messages(warnings) };
}

test("conftest and HashiCorp's own reader of plans read what plan --json prints", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory } = workspace;
  const plan = `${directory}/plan.json`;
  const planned = async () => writeFile(plan, (await workspace.mustRun(["plan", "--json"])).stdout);
  const read = () => execFileSync(`${built}/reader`, { input: readFileSync(plan), encoding: "utf8", timeout: 60_000 });

  await workspace.write({ [project]: stopped({ count: 2 }) });
  await planned();
  assert.match(read(), new RegExp(`^disk/${project}-1\\.root disk ${project}-1\\.root 1 \\[create\\]$`, "m"));
  assert.deepEqual(conftest(plan), { denied: ["image/small: it has no checksum; run virtform image lock"], warned: [] });

  await workspace.mustRun(["image", "lock"]);
  await planned();
  assert.deepEqual(conftest(plan), { denied: [], warned: [] });
  await workspace.mustRun(["apply", "--auto-approve"]);

  const file = `${directory}/virtform.yaml`;
  await writeFile(file, (await readFile(file, "utf8")).replace("count: 2", "count: 1"));
  await planned();
  assert.match(read(), new RegExp(`^disk/${project}-1\\.root disk ${project}-1\\.root .* \\[delete\\]$`, "m"));
  assert.deepEqual(conftest(plan), { denied: [`disk/${project}-1.root: its data would be lost`], warned: [] });
});
