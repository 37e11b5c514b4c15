import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createWorkspace, virsh } from "./support/workspace.ts";

test("start and stop switch a guest, and a saved plan can be shown and drawn", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory } = workspace;
  // Nothing boots, so nothing reacts to the power button.
  const guest = { image: "small", flavor: "tiny", power_state: "ignore", shutdown: { timeout: "1s", force: true } };
  await workspace.write({ [project]: guest });

  const planFile = join(directory, "site.plan");
  const planned = (await workspace.mustRun(["plan", "-out=site.plan"])).stdout;
  assert.equal((await workspace.mustRun(["show", planFile])).stdout, planned);
  assert.match((await workspace.mustRun(["graph"])).stdout, new RegExp(`label="domain/${project}\\\\ndefine"`));
  await workspace.mustRun(["apply", planFile]);

  const state = async () => (await virsh("domstate", project)).trim();
  const first = await state();
  await workspace.mustRun(["start", project, "--auto-approve"]);
  assert.equal(await state(), "running", `it was ${first}`);
  const stopped = await workspace.mustRun(["stop", project, "--auto-approve", "--report", `json=${join(directory, "stop.json")}`]);
  assert.match(stopped.stdout, /Stop complete! Resources: 0 added, 1 changed, 0 destroyed\./);
  assert.equal(await state(), "shut off");
  assert.match(await readFile(join(directory, "stop.json"), "utf8"), /"type":"apply_complete"/);
  assert.match((await workspace.mustRun(["stop", project])).stdout, /No changes\. The guests are off\./);
  const unknown = await workspace.run(["stop", `${project}x`, "--auto-approve"]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, new RegExp(`Did you mean ${project}\\?`));
});
