import assert from "node:assert/strict";
import { test } from "node:test";
import { serveImages } from "../support/image-server.ts";
import { openTerminal } from "./support/terminal.ts";
import { createWorkspace, domainNames, makeImage, stopped } from "./support/workspace.ts";

const usual = { columns: 80, rows: 24 };

function longest(screen: string): number {
  return Math.max(...screen.split("\n").map((line) => [...line].length));
}

test("apply in a terminal: the tree opens and closes, the question is answered, progress is seen, the summary stays", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory } = workspace;
  await makeImage(`${directory}/slow.qcow2`);
  const server = await serveImages(t, directory);
  await workspace.write(
    { [project]: stopped({ count: 2 }) },
    { images: { small: { source: server.url("slow.qcow2"), disk_format: "qcow2" } } },
  );
  server.hold();
  const terminal = await openTerminal(t, directory, usual);
  await terminal.enter("virtform apply");
  const first = await terminal.until(/Plan: 7 to add, 0 to change, 0 to destroy\./);
  assert.match(first, /virtform apply {2}project vfcli/);
  assert.match(first, new RegExp(`▾ ${project}-0 {2}\\+3`));
  assert.ok(longest(first) <= usual.columns);

  // Down to the first instance, and close it.
  await terminal.press("j", "j", "Enter");
  const closed = await terminal.until(new RegExp(`▸ ${project}-0 {2}\\+3`));
  assert.doesNotMatch(closed, new RegExp(`domain/${project}-0`));
  await terminal.press("Enter", "j");
  await terminal.until(new RegExp(`domain/${project}-0`));
  // A disk with its details.
  await terminal.press("Enter");
  await terminal.until(/\+ size +128MiB/);
  await terminal.press("Enter");

  await terminal.press("y");
  const running = await terminal.until(/image\/small +running/);
  assert.match(running, /Applying {2}project/);
  assert.match(running, new RegExp(`disk/${project}-0\\.root +waiting`));
  server.release();
  await terminal.until(/exit 0\n\$/);
  const all = await terminal.scrollback();
  assert.match(all, /\+ image\/small will be created: not in the image cache\n {4}\+ source /);
  assert.match(all, /\n {4}\+ size +128MiB\n/, "the fields of what was agreed to stay");
  assert.match(
    all,
    /Plan: 7 to add, 0 to change, 0 to destroy\.\n[\s\S]*Apply complete! Resources: 7 added, 0 changed, 0 destroyed\. Took .*\nexit 0\n/,
  );
  assert.doesNotMatch(all, /Applying|running|▾/, `a view is left behind:\n${all}`);
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 0);

  await terminal.enter("clear; virtform apply");
  await terminal.until(/No changes\. The host matches the configuration\.\nexit 0\n/);
});

test("losing data takes the whole word, and no means no", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory } = workspace;
  await workspace.write({ [project]: stopped({ count: 2 }) });
  await workspace.mustRun(["apply", "--auto-approve"]);
  const terminal = await openTerminal(t, directory, usual);
  await terminal.enter("virtform destroy");
  await terminal.until(/Data that will be permanently deleted: 2 objects/);
  await terminal.press("y", "Enter");
  await terminal.until(/"y" is not "yes"/);
  assert.equal((await domainNames(project)).length, 2);
  await terminal.press("n");
  await terminal.until(/Not confirmed: nothing has been done\.\nexit 1\n/);
  assert.equal((await domainNames(project)).length, 2);

  await terminal.enter("clear; virtform destroy");
  await terminal.until(/Data that will be permanently deleted: 2 objects/);
  await terminal.press("y", "e", "s", "Enter");
  await terminal.until(/Destroy complete! Resources: 0 added, 0 changed, 6 destroyed\..*\nexit 0\n/);
  assert.deepEqual(await domainNames(project), []);
});

test("200 instances: the plan fits the terminal, opens, is filtered, scrolls to its end, survives a resize, and a no does nothing", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory } = workspace;
  const flavors = { tiny: { vcpus: 1, ram: "1MiB", disk: "64MiB" } };
  await workspace.write({ [project]: stopped({ count: 200 }) }, { flavors });
  const terminal = await openTerminal(t, directory, usual);
  await terminal.enter("virtform apply");
  const first = await terminal.until(/Plan: 601 to add, 0 to change, 0 to destroy\./);
  assert.match(first, new RegExp(`▸ ${project}-0 … ${project}-199 \\(200 alike\\) {2}\\+600`));
  assert.ok(longest(first) <= usual.columns);
  // One of them by its name.
  await terminal.press("/", ..."-137", "Enter");
  await terminal.until(new RegExp(`▾ ${project}-137 {2}\\+3`));
  await terminal.press("Escape");
  await terminal.until(/❯ ▸ images/);
  await terminal.press("?");
  await terminal.until(/open everything, or close everything/);
  await terminal.press("q");
  await terminal.until(/Apply these changes\? y or n/);
  await terminal.press("e", "G");
  // Its last lines.
  const last = await terminal.until(/-(\d+) of \1\)/);
  assert.match(last, new RegExp(`domain/${project}-199`));
  assert.doesNotMatch(last, new RegExp(`${project}-0 `));
  await terminal.resize(60, 16);
  const small = await terminal.until(new RegExp(`domain/${project}-199`));
  assert.ok(longest(small) <= 80);
  await terminal.resize(80, 24);
  await terminal.press("g");
  await terminal.until(new RegExp(`disk/${project}-0\\.root … disk/${project}-199\\.root`));
  await terminal.press("n");
  await terminal.until(/Not confirmed: nothing has been done\.\nexit 1\n/);
  const all = await terminal.scrollback();
  assert.match(
    all.replace(/\s+/g, " "),
    new RegExp(`\\+ domain/${project}-0 … domain/${project}-199 \\(200 alike\\) will be created`),
    "the plan is in the scrollback",
  );
  assert.deepEqual(await domainNames(project), []);

  await terminal.enter("clear; virtform plan --tui --out site.plan; virtform show site.plan --tui");
  for (const name of ["plan", "show"]) {
    await terminal.until(new RegExp(`virtform ${name} {2}project[\\s\\S]*q ends`));
    await terminal.press("y", "q");
    await terminal.until(/Plan: 601 to add, 0 to change, 0 to destroy\.\n[\s\S]*exit 0/);
  }
  assert.deepEqual(await domainNames(project), [], "y is no consent where nothing is asked");
});

test("Ctrl-C in a terminal: at the question it is a no, while applying what runs is finished", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory } = workspace;
  await makeImage(`${directory}/slow.qcow2`);
  const server = await serveImages(t, directory);
  await workspace.write({ [project]: stopped() }, { images: { small: { source: server.url("slow.qcow2"), disk_format: "qcow2" } } });
  const terminal = await openTerminal(t, directory, usual);
  await terminal.enter("virtform apply");
  await terminal.until(/Plan: 4 to add/);
  await terminal.press("C-c");
  await terminal.until(/Not confirmed: nothing has been done\.\nexit 1\n/);

  server.hold();
  await terminal.enter("clear; virtform apply");
  await terminal.until(/Plan: 4 to add/);
  await terminal.press("y");
  await server.held;
  await terminal.until(/image\/small +running/);
  await terminal.press("C-c");
  await terminal.until(/Ctrl-C/);
  server.release();
  const finished = await terminal.until(/exit 1\n/);
  assert.match(finished, /Cancelled:/);
  assert.match(finished, /Apply incomplete: 1 added/);

  await terminal.enter("clear; virtform apply --auto-approve");
  await terminal.until(/exit 0\n/);
  assert.deepEqual(await domainNames(project), [project]);
});

test("colours and the terminal interface can be switched off", async (t) => {
  const workspace = await createWorkspace(t);
  await workspace.write({ [workspace.project]: stopped() });
  const terminal = await openTerminal(t, workspace.directory, { columns: 100, rows: 50 });
  for (const command of ["NO_COLOR=1 virtform apply", "TERM=dumb virtform apply", "CI=1 virtform apply", "virtform apply --no-color"]) {
    await terminal.enter(`clear; ${command}`);
    await terminal.until(/Apply these changes\? Type "yes" to continue:\s*$/);
    await terminal.enter("no");
    await terminal.until(/Not confirmed: nothing has been done\.\nexit 1\n/);
  }
  await terminal.enter("clear; virtform plan 2>said.txt; cat -v said.txt");
  const said = await terminal.until(/exit 0\n[\s\S]*\$\s*$/);
  assert.doesNotMatch(said.slice(said.indexOf("exit 0")), /\^\[/, "colours went into a file");
});
