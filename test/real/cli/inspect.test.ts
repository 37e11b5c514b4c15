import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFile, readdir, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { ended, run, startVirtform } from "./support/virtform.ts";
import { createWorkspace, stopped } from "./support/workspace.ts";

test("a guest whose start failed is an error of list, and the next plan says so", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  // The machine of the test has no huge pages, so libvirt defines the guest, and it does not start.
  const merge = "<memoryBacking><hugepages/></memoryBacking>";
  await workspace.write({ [project]: stopped({ power_state: "running", domain_xml: { merge } }) });
  const applied = await workspace.run(["apply", "--auto-approve"]);
  assert.equal(applied.code, 1, applied.stdout + applied.stderr);
  const planned = await workspace.mustRun(["plan"]);
  assert.match(
    planned.stdout,
    new RegExp(`^~ domain/${project} will be updated in place: its last start failed, and it should be running$`, "m"),
  );
  const list = JSON.parse((await workspace.mustRun(["list", "--json"])).stdout) as { status: string; reason: string }[];
  assert.deepEqual(
    list.map(({ status, reason }) => [status, reason]),
    [["error", "its last start failed"]],
  );
});

test("show, list and console say what is there, and the JSON says the same", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped({ count: 2 }) });
  assert.match(
    (await workspace.mustRun(["list"])).stdout,
    new RegExp(`^NAME +STATE +ADDRESS +IMAGE +FLAVOR +VCPUS +MEMORY +DISK\n${project}-0 +missing .*\n${project}-1 +missing .*\n$`),
  );
  const before = JSON.parse((await workspace.mustRun(["list", "--json"])).stdout) as { status: string; reason: string }[];
  assert.deepEqual(
    before.map(({ status, reason }) => [status, reason]),
    Array(2).fill(["missing", "not applied yet"]),
  );
  assert.match(
    (await workspace.mustRun(["show", `${project}-1`])).stdout,
    new RegExp(`^domain/${project}-1:\n +status: missing\n +reason: not applied yet\n`),
  );
  assert.match((await workspace.mustRun(["show"])).stdout, new RegExp(`^Project ${project} on qemu:///system:\n {2}nothing\n`));
  await workspace.mustRun(["apply", "--auto-approve"]);

  const list = (await workspace.mustRun(["list", "--wide"])).stdout;
  assert.match(list, new RegExp(`^${project}-0  stopped +- .* 1 +64MiB +\\S+ +[0-9a-f-]{36} `, "m"));
  const instances = JSON.parse((await workspace.mustRun(["list", "--json"])).stdout) as {
    name: string;
    power_state: string;
    uuid: string;
  }[];
  assert.deepEqual(
    instances.map(({ name, power_state }) => [name, power_state]),
    [
      [`${project}-0`, "stopped"],
      [`${project}-1`, "stopped"],
    ],
  );
  for (const { uuid } of instances) assert.ok(list.includes(uuid));

  const all = (await workspace.mustRun(["show"])).stdout;
  const objects = (JSON.parse((await workspace.mustRun(["show", "--json"])).stdout) as { objects: { address: string }[] }).objects.map(
    ({ address }) => address,
  );
  // A base image with the name of the image that it is of.
  for (const address of objects)
    assert.match(all, new RegExp(`^ {2}${address}${address.startsWith("base/") ? " {2}\\(image/small\\)" : ""}$`, "m"));
  assert.equal(objects.length, 7);

  assert.match(
    (await workspace.mustRun(["show", `${project}-0`])).stdout,
    new RegExp(`^disk/${project}-0\\.root:\n[\\s\\S]*^domain/${project}-0:\n[\\s\\S]*^seed/${project}-0:\n`, "m"),
  );
  const one = JSON.parse((await workspace.mustRun(["show", `domain/${project}-1`, "--json"])).stdout) as { objects: { address: string }[] };
  assert.deepEqual(
    one.objects.map(({ address }) => address),
    [`domain/${project}-1`],
  );
  const unknown = await workspace.run(["show", `domain/${project}-7`]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /Did you mean domain\//);
});

test("show takes a path with a slash for a path", async (t) => {
  const workspace = await createWorkspace(t);
  await workspace.write({ [workspace.project]: stopped() });
  const [parent, name] = [workspace.directory.slice(0, workspace.directory.lastIndexOf("/")), workspace.directory.split("/").at(-1)];
  const shown = await run(
    process.execPath,
    [new URL("../../../bin/virtform.js", import.meta.url).pathname, "show", `${name}/virtform.yaml`],
    {
      cwd: parent,
    },
  );
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, new RegExp(`^Project ${workspace.project} `));
  const nested = await workspace.run(["show", `../${name}`]);
  assert.equal(nested.code, 0, nested.stderr);
});

test("console prints the log, and an error if the guest has none", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, instancesPath } = workspace;
  await workspace.write({ [project]: stopped() });
  const unknown = await workspace.run(["console", project]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, new RegExp(`No instance is called ${project}`));
  await workspace.mustRun(["apply", "--auto-approve"]);
  const near = await workspace.run(["console", `${project}x`]);
  assert.equal(near.code, 1);
  assert.match(near.stderr, new RegExp(`Did you mean ${project}\\?`));
  const uuid = (await readdir(instancesPath)).find((name) => /^[0-9a-f]{8}-/.test(name));
  const log = `first line\r\n${"x".repeat(3 << 20)}\nlast line: é\n`;
  await writeFile(`${instancesPath}/${uuid}/console.log`, log);
  const { stdout } = await workspace.mustRun(["console", project]);
  assert.ok(stdout === log, `${stdout.length} of ${log.length} characters`);
});

test("console --follow prints new output until it is interrupted, and starts over with a new log", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory, instancesPath } = workspace;
  await workspace.write({ [project]: stopped() });
  await workspace.mustRun(["apply", "--auto-approve"]);
  const uuid = (await readdir(instancesPath)).find((name) => /^[0-9a-f]{8}-/.test(name));
  const log = `${instancesPath}/${uuid}/console.log`;
  await writeFile(log, "one, and more than what comes after\n");
  const child = startVirtform(["console", "-f", project], { cwd: directory });
  const end = ended(child);
  let text = "";
  const read = async (wanted: string) => {
    while (!text.endsWith(wanted)) text += String((await once(child.stdout as NodeJS.ReadableStream, "data"))[0]);
  };
  await read("comes after\n");
  await appendFile(log, "two\n");
  await read("two\n");
  await writeFile(log, "three\n");
  await read("three\n");
  child.kill("SIGINT");
  const { code, stdout, stderr } = await end;
  assert.deepEqual([code, stdout, stderr], [0, "one, and more than what comes after\ntwo\nthree\n", ""]);
});

test("doctor names the fix of what is wrong, and looks without leaving anything", async (t) => {
  const workspace = await createWorkspace(t);
  await workspace.write({ [workspace.project]: stopped() });
  const { stdout } = await workspace.mustRun(["doctor"]);
  assert.match(stdout, /^ok +libvirt: qemu:\/\/\/system answers/);
  assert.match(stdout, /instances path: .* can be written/);
  const findings = JSON.parse((await workspace.mustRun(["doctor", "--json"])).stdout) as { check: string; status: string }[];
  assert.ok(findings.length >= 8);
  for (const { check, status } of findings) assert.ok(new RegExp(`^${status} +${check}: `, "m").test(stdout), check);
  assert.deepEqual(await readdir(workspace.instancesPath), []);
  await workspace.write({ [workspace.project]: stopped({ networks: [{ network: "nonesuch" }, { bridge: "br-none" }] }) });
  const unconnected = await workspace.run(["doctor"]);
  assert.equal(unconnected.code, 1);
  assert.match(unconnected.stdout, /^error +networks: The host has no network nonesuch\n +→ It has /m);
  assert.match(unconnected.stdout, /^error +networks: The host has no bridge br-none$/m);

  const host = {
    uri: "qemu+unix:///system?socket=/nonexistent",
    instances_path: `${workspace.instancesPath}/not/there`,
    virt_type: "qemu",
  };
  await workspace.write({}, { host: { ...host, uri: "test:///nonexistent.xml" } });
  const broken = await workspace.run(["doctor"]);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /^error +libvirt: .*\n +→ /);
  assert.match(broken.stdout, /instances path: .*not\/there does not exist yet and can be created/);
  assert.deepEqual(await readdir(workspace.instancesPath), []);
});
