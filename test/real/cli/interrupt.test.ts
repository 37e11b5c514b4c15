import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type ImageServer, serveImages } from "../support/image-server.ts";
import { until } from "../support/until.ts";
import { openTerminal } from "./support/terminal.ts";
import { ended, entry, run, start, startVirtform } from "./support/virtform.ts";
import { createWorkspace, domainNames, makeImage, stopped, type Workspace } from "./support/workspace.ts";

/** A configuration whose apply stays in the middle of a download until the server is released. */
async function heldBack(t: TestContext) {
  const workspace = await createWorkspace(t);
  await makeImage(`${workspace.directory}/slow.qcow2`);
  const digest = createHash("sha256")
    .update(await readFile(`${workspace.directory}/slow.qcow2`))
    .digest("hex");
  const server = await serveImages(t, workspace.directory);
  await workspace.write(
    { [workspace.project]: stopped() },
    // Without a checksum the plan itself has a warning to write.
    { images: { small: { source: server.url("slow.qcow2"), disk_format: "qcow2", checksum: `sha256:${digest}` } } },
  );
  server.hold();
  return { workspace, server };
}

/** An apply that is in the middle of a download, told by its events. */
async function applyHeldBack(t: TestContext) {
  const { workspace, server } = await heldBack(t);
  const child = startVirtform(["apply", "--auto-approve", "--json"], { cwd: workspace.directory });
  const end = ended(child, 60_000);
  await server.held;
  /** Waits until a line of this kind has been said. */
  const said = async (pattern: RegExp) => {
    let text = "";
    for await (const [chunk] of eventsOf(child.stdout as NodeJS.ReadableStream)) {
      text += String(chunk);
      if (pattern.test(text)) return;
    }
  };
  return { workspace, server, child, end, said };
}

async function* eventsOf(stream: NodeJS.ReadableStream) {
  for (;;) yield await once(stream, "data");
}

/** The statuses of the last journal, which is whole. */
async function journal({ instancesPath }: Workspace): Promise<string[]> {
  const last = (await readdir(`${instancesPath}/journal`))
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .at(-1);
  const lines = (await readFile(`${instancesPath}/journal/${last}`, "utf8")).trimEnd().split("\n");
  return lines.map((line) => (JSON.parse(line) as { status: string }).status);
}

async function assertConverges(workspace: Workspace, server: ImageServer): Promise<void> {
  server.release();
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 0);
  assert.deepEqual(await domainNames(workspace.project), [workspace.project]);
  const left = (await readdir(`${workspace.instancesPath}/_base`)).filter((name) => !/^([0-9a-f]{40}(\.json)?|templates)$/.test(name));
  assert.deepEqual(left, [], "leftovers in the cache");
}

/** Addresses by the type of the event that names them. */
function statuses(stdout: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const line of stdout.trimEnd().split("\n")) {
    const { type, hook } = JSON.parse(line);
    if (!/^apply_(start|complete|errored|skipped)$/.test(type)) continue;
    const told = `${hook.resource.addr}${hook.status === undefined ? "" : ` ${hook.status}`}`;
    found[type] = [...(found[type] ?? []), told];
  }
  return found;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  test(`${signal} once: running actions finish, the rest is cancelled, exit 1, and the next apply continues`, async (t) => {
    const { workspace, server, child, end, said } = await applyHeldBack(t);
    const { project } = workspace;
    const stopping = said(/Stopping after running actions finish/);
    child.kill(signal);
    await stopping;
    server.release();
    const { code, stdout } = await end;
    assert.equal(code, 1);
    const { apply_complete: done = [], apply_skipped: cancelled = [], apply_errored: failed = [] } = statuses(stdout);
    assert.ok(done.includes("image/small"), "the download was finished");
    assert.deepEqual(failed, []);
    assert.deepEqual(cancelled.sort(), [
      `disk/${project}.root cancelled`,
      `domain/${project} cancelled`,
      // The record of its digest.
      "image/small cancelled",
    ]);
    assert.deepEqual(await domainNames(project), []);
    await assertConverges(workspace, server);
  });
}

test("SIGINT twice: it stops at once, and nothing half-made is trusted", async (t) => {
  const { workspace, server, child, end, said } = await applyHeldBack(t);
  const stopping = said(/Stopping after running actions finish/);
  child.kill("SIGINT");
  await stopping;
  // A second press within 100 ms of the first would be taken for the same one. Signals to a process that ends would kill it.
  await pause(200);
  child.kill("SIGINT");
  // The rest of the download is held back until after the end: nothing but the second press ends it.
  const { code, signal, stdout, stderr } = await end;
  assert.deepEqual([code, signal], [1, null]);
  assert.doesNotMatch(stderr, /left running/);
  const { apply_complete: done = [], apply_skipped: cancelled = [] } = statuses(stdout);
  assert.ok(!done.includes("image/small"));
  assert.ok(cancelled.includes("image/small cancelled"), stdout);
  await assertConverges(workspace, server);
});

test("an apply whose output cannot be written starts nothing, with a clear error", async (t) => {
  const { workspace, server } = await heldBack(t);
  for (const options of ["", "--json"]) {
    const script = `"$0" "$1" apply --auto-approve ${options} > /dev/full`;
    const { code, stderr } = await run("sh", ["-c", script, process.execPath, entry], { cwd: workspace.directory });
    assert.equal(code, 1);
    assert.match(stderr, /Error: Cannot write to standard output: no space left on device \(ENOSPC\)/);
    assert.doesNotMatch(stderr, /bug in virtform|\n {4}at /);
  }
  assert.deepEqual(await domainNames(workspace.project), []);
  await assertConverges(workspace, server);
});

test("progress that can no longer be written ends an apply as Ctrl-C does", { timeout: 60_000 }, async (t) => {
  const { workspace, server } = await heldBack(t);
  const script = `"$0" "$1" apply --auto-approve 2> /dev/full`;
  const child = start("sh", ["-c", script, process.execPath, entry], { cwd: workspace.directory });
  const end = ended(child, 60_000);
  await server.held;
  server.release();
  const { code, stdout } = await end;
  assert.equal(code, 1, stdout);
  assert.match(stdout, /Apply incomplete:/);
  const statuses = await journal(workspace);
  assert.deepEqual([statuses.includes("failed"), statuses.at(-1)], [false, "apply-ended"]);
  assert.equal(statuses.filter((status) => status === "started").length, statuses.filter((status) => status === "done").length);
  await assertConverges(workspace, server);
});

for (const [what, command] of [
  ["in the foreground, which gets SIGHUP, with the terminal interface", "trap '' HUP; virtform apply --auto-approve; echo $? > ended"],
  ["in the background, which only fails to write", "(CI=1 virtform apply --auto-approve < /dev/null; echo $? > ended) & disown"],
] as const) {
  test(`a terminal that is closed ends an apply ${what}, as Ctrl-C does`, { timeout: 90_000 }, async (t) => {
    const { workspace, server } = await heldBack(t);
    const terminal = await openTerminal(t, workspace.directory, { columns: 80, rows: 24 });
    await terminal.enter(command);
    await server.held;
    await terminal.close();
    await pause(500);
    server.release();
    await until("end of the apply", 60, async () => (await readdir(workspace.directory)).find((name) => name === "ended"));
    assert.equal(await readFile(`${workspace.directory}/ended`, "utf8"), "1\n");
    const statuses = await journal(workspace);
    assert.equal(statuses.at(-1), "apply-ended", statuses.join(" "));
    assert.equal(statuses.filter((status) => status === "started").length, statuses.filter((status) => status === "done").length);
    await assertConverges(workspace, server);
  });
}

test("one press of Ctrl-C that arrives twice is one press", async (t) => {
  const { workspace, server, child, end, said } = await applyHeldBack(t);
  const stopping = said(/Stopping after running actions finish/);
  child.kill("SIGINT");
  child.kill("SIGTERM");
  await stopping;
  server.release();
  const { stdout } = await end;
  assert.ok(statuses(stdout)["apply_complete"]?.includes("image/small"));
  await assertConverges(workspace, server);
});

test("an apply that waits for the lock can be stopped", async (t) => {
  const { workspace, server, child, end } = await applyHeldBack(t);
  const waiting = startVirtform(["apply", "--auto-approve", "--lock-timeout", "5m"], { cwd: workspace.directory });
  const waited = ended(waiting, 60_000);
  await once(waiting.stderr as NodeJS.ReadableStream, "data");
  waiting.kill("SIGINT");
  const { code, stderr } = await waited;
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`Waiting for .*apply of project ${workspace.project}`));
  assert.match(stderr, /Error: Waiting for the lock was stopped/);
  const impatient = await workspace.run(["apply", "--auto-approve", "--lock-timeout", "100ms"]);
  assert.equal(impatient.code, 1);
  assert.match(impatient.stderr, /Locked by/);
  server.release();
  assert.equal((await end).code, 0);
  assert.equal(child.exitCode, 0);
});
