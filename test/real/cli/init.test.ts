import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { cloudImages, usualImage } from "../../../src/commands/cloud-images.ts";
import { openTerminal } from "./support/terminal.ts";
import { virtform } from "./support/virtform.ts";
import { createWorkspace } from "./support/workspace.ts";

test("init asks on a terminal, finds the network of the host, and what it writes can be planned", async (t) => {
  const { directory, project } = await createWorkspace(t);
  const terminal = await openTerminal(t, directory, { columns: 100, rows: 30 });
  await terminal.enter("virtform init site");
  await terminal.until(/debian-13 +Debian 13[\s\S]*Image \[debian-13\]: *$/m);
  await terminal.press("Enter");
  await terminal.until(/Project \[site\]: *$/m);
  await terminal.enter(project);
  assert.match(
    await terminal.until(/exit \d\n/),
    new RegExp(`Wrote site/virtform.yaml: project ${project}[\\s\\S]*network +\\S[\\s\\S]*exit 0`),
  );

  // The image of the Internet is replaced by one of this machine.
  const file = join(directory, "site/virtform.yaml");
  const text = await readFile(file, "utf8");
  const source = cloudImages[usualImage]?.source ?? "";
  assert.ok(text.includes(source));
  // Guests of other tests take vCPUs of this machine.
  const roomy = "\nhost: { allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 } }\n";
  await writeFile(file, text.replace(source, "../small.qcow2") + roomy);
  const planned = await virtform(["plan", "site", "--detailed-exitcode"], { cwd: directory });
  assert.equal(planned.code, 2, planned.stdout + planned.stderr);
  assert.match(planned.stdout, new RegExp(`\\+ domain/${project}-1 will be created`));
});
