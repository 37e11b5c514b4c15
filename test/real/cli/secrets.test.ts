import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { readPlan } from "./support/plan-json.ts";
import type { Result } from "./support/virtform.ts";
import { createWorkspace, stopped, virsh, type Workspace } from "./support/workspace.ts";

interface Secret {
  readonly password: string;
  readonly userData: string;
  readonly env: Readonly<Record<string, string>>;
  /** Every form in which one of them could come to light. */
  readonly forms: readonly string[];
}

function makeSecret(): Secret {
  const [password, userData] = [`pw-${randomBytes(9).toString("hex")}`, `#cloud-config\ntoken: ${randomBytes(9).toString("hex")}\n`];
  const token = userData.slice(userData.indexOf("token: ") + 7).trim();
  const encoded = [password, userData, token].flatMap((text) => [
    Buffer.from(text).toString("base64").replace(/=+$/, ""),
    Buffer.from(text).toString("hex"),
  ]);
  return { password, userData, env: { VF_PASSWORD: password, VF_USER_DATA: userData }, forms: [password, token, ...encoded] };
}

function assertHidden(text: string, secret: Secret, where: string): void {
  for (const form of secret.forms)
    assert.ok(!text.includes(form), `${where} holds a secret: …${text.slice(Math.max(0, text.indexOf(form) - 60), text.indexOf(form))}`);
}

function assertQuiet({ stdout, stderr }: Result, secret: Secret, where: string): void {
  assertHidden(stdout, secret, `standard output of ${where}`);
  assertHidden(stderr, secret, `standard error of ${where}`);
}

/** Every file below the instances path but the config drives, which are what the secrets are for. */
async function assertNotOnHost({ instancesPath, project }: Workspace, secret: Secret): Promise<void> {
  let drives = 0;
  for (const entry of await readdir(instancesPath, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const content = (await readFile(`${entry.parentPath}/${entry.name}`)).toString("latin1");
    if (entry.name === "disk.config") {
      drives += 1;
      assert.ok(content.includes(secret.password), "the password is not on the config drive");
    } else assertHidden(content, secret, entry.name);
  }
  assert.ok(drives > 0, "there is no config drive");
  assertHidden(await virsh("dumpxml", "--security-info", project), secret, "the domain");
}

test("secrets appear in no output, saved plan, journal, label or libvirt document", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory } = workspace;
  const secret = makeSecret();
  await workspace.write({ [project]: stopped({ admin_password: { env: "VF_PASSWORD" }, user_data: { env: "VF_USER_DATA" } }) });
  for (const argv of [["plan"], ["plan", "--json"], ["plan", "--out", "site.plan"], ["drift", "--json"]])
    assertQuiet(await workspace.run(argv, secret.env), secret, argv.join(" "));
  assertHidden(await readFile(`${directory}/site.plan`, "utf8"), secret, "the saved plan");
  const applied = await workspace.mustRun(["apply", "--json", "site.plan"], secret.env);
  assertQuiet(applied, secret, "apply --json");
  await assertNotOnHost(workspace, secret);
  for (const argv of [["show"], ["show", "--json"], ["show", project], ["list", "--json"], ["plan", "--json", "--detailed-exitcode"]]) {
    const result = await workspace.mustRun(argv, secret.env);
    assertQuiet(result, secret, argv.join(" "));
  }

  const next = makeSecret();
  const changed = await workspace.run(["plan", "--detailed-exitcode"], next.env);
  assert.equal(changed.code, 2);
  assert.match(changed.stdout, /admin_password +\(sensitive\) → \(sensitive, changed\)/);
  const json = await workspace.run(["plan", "--json"], next.env);
  const seed = readPlan(json).resource_changes.find(({ address }) => address === `seed/${project}`);
  assert.ok(seed !== undefined);
  assert.deepEqual(seed.change.actions, ["update"]);
  assert.equal((seed.change.after_sensitive as { admin_password?: unknown }).admin_password, true);
  assert.equal((seed.change.before_sensitive as { admin_password?: unknown }).admin_password, true);
  const again = await workspace.mustRun(["apply", "--auto-approve"], next.env);
  for (const each of [secret, next]) for (const result of [changed, json, again]) assertQuiet(result, each, "what follows a change");
  await assertNotOnHost(workspace, next);
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"], next.env)).code, 0);
});

test("the signature of a signed address is in no output", async (t) => {
  const { directory, project, instancesPath, run } = await createWorkspace(t);
  const image = (name: string) =>
    `  ${name}: { source: "https://images.example.org/${name}.qcow2?X-Amz-Signature=hunter2&size=1", disk_format: qcow2 }\n`;
  await writeFile(
    `${directory}/virtform.yaml`,
    `project: ${project}\nhost: { uri: "qemu:///system", instances_path: ${instancesPath} }\nimages:\n${image("a")}${image("b")}`,
  );
  const debug = ["observe", "desired", "plan"].map((phase) => ["debug", phase]);
  for (const argv of [
    ["validate"],
    ["plan"],
    ["plan", "--json"],
    ["image", "list"],
    ["image", "list", "--json"],
    ["show"],
    ["graph"],
    ...debug,
  ]) {
    const { stdout, stderr } = await run(argv);
    assert.match(
      `${stdout}${stderr}`,
      argv[0] === "graph" || argv[0] === "show" ? /./ : /images\.example\.org|images\.a\.source/,
      argv.join(" "),
    );
    assert.doesNotMatch(`${stdout}${stderr}`, /hunter2/, argv.join(" "));
  }
});

test("a secret is not in what is said when its config drive cannot be written", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, instancesPath } = workspace;
  const [first, second] = [makeSecret(), makeSecret()];
  await workspace.write({ [project]: stopped({ admin_password: { env: "VF_PASSWORD" }, user_data: { env: "VF_USER_DATA" } }) });
  await workspace.mustRun(["apply", "--auto-approve"], first.env);
  const uuid = (await readdir(instancesPath)).find((name) => /^[0-9a-f]{8}-/.test(name));
  const drive = `${instancesPath}/${uuid}/disk.config`;
  await rm(drive);
  await mkdir(drive);
  await writeFile(`${drive}/in-the-way`, "");
  for (const options of [[], ["--json"]]) {
    const failed = await workspace.run(["apply", "--auto-approve", ...options], second.env);
    assert.equal(failed.code, 1);
    assert.match(failed.stdout, /Apply incomplete/);
    assert.doesNotMatch(failed.stderr, /bug in virtform/);
    assertQuiet(failed, second, "a failed apply");
  }
  await rm(drive, { recursive: true });
  await workspace.mustRun(["apply", "--auto-approve"], second.env);
  await assertNotOnHost(workspace, second);
});

test("a secret that is not set is an error of the plan where it is needed, and never counts as unchanged", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  const [unset, set] = [{ VF_PASSWORD: undefined }, { VF_PASSWORD: "hunter2" }];
  await workspace.write({ [`${project}-a`]: stopped({ admin_password: { env: "VF_PASSWORD" } }), [`${project}-b`]: stopped() });
  const defined = async () => (await virsh("list", "--all", "--name")).split("\n").filter((name) => name.startsWith(project));
  for (const argv of [["plan"], ["drift"], ["apply", "--auto-approve"]]) {
    const needed = await workspace.run(argv, unset);
    assert.equal(needed.code, 1, argv[0]);
    const words =
      /The environment variable VF_PASSWORD is not set\s+with seed\/\S+-a\s+on virtform\.yaml:\d+:\d+[\s\S]*cannot be built without/;
    assert.match(needed.stderr, words, argv[0]);
  }
  assert.deepEqual(await defined(), []);
  await workspace.mustRun(["apply", "--auto-approve"], set);
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"], set)).code, 0);

  const unknown = await workspace.run(["drift", "--json"], unset);
  assert.equal(unknown.code, 1);
  assert.equal(readPlan(unknown).complete, false);
  assert.match((await workspace.run(["drift"], unset)).stdout, /Plan incomplete: not everything could be compared/);
  await workspace.mustRun(["destroy", "--auto-approve", "--allow-destroy"], unset);
  assert.deepEqual(await defined(), []);
});
