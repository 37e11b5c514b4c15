import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { virtform } from "./support/in-this-process.ts";
import { assertNoLeftovers, createWorkspace, guestImages, haltingGuest, virsh, writeConfig } from "./support/workspace.ts";

const password = "hunter2-in-the-environment";

test("for_each, include and an override in two environments: one plan each, and removing the middle key removes exactly that guest", async (t) => {
  const workspace = await createWorkspace(t);
  const { directory, prefix } = workspace;
  await mkdir(`${directory}/modules/job`, { recursive: true });
  await mkdir(`${directory}/environments`);
  const images = guestImages(await haltingGuest(directory));
  const guest = { image: "tiny", flavor: "small", power_state: "stopped" };
  await writeConfig(workspace, {
    variables: {
      ram: { type: "size", default: "64MiB" },
      servers: { default: ["a", "b", "c"] },
      password: { type: "secret" },
    },
    images,
    flavors: { small: { vcpus: 1, ram: "${var.ram}", disk: "16MiB" } },
    volumes: { data: { for_each: "${var.servers}", size: "8MiB" } },
    instances: {
      [`${prefix}-web`]: {
        ...guest,
        for_each: "${var.servers}",
        admin_password: "${var.password}",
        metadata: { server: "${each.key}" },
        volumes: [{ volume: "data-${each.key}" }],
      },
    },
    include: { [`${prefix}-job`]: { path: "./modules/job", variables: { count: 2 } } },
  });
  const module = {
    variables: { count: { type: "number" } },
    instances: { run: { ...guest, count: "${var.count}", hostname: "job${count.index}" } },
  };
  await writeFile(`${directory}/modules/job/virtform.yaml`, JSON.stringify(module));
  await writeFile(`${directory}/environments/prod.yaml`, "override: true\nflavors: { small: { vcpus: 2 } }\n");

  const dev = [directory];
  const missing = await virtform("plan", ...dev);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /The variable password has no value/);

  process.env["VIRTFORM_VAR_password"] = password;
  t.after(() => delete process.env["VIRTFORM_VAR_password"]);
  const applied = await virtform("apply", ...dev, "--auto-approve");
  assert.equal(applied.code, 0, applied.stdout + applied.stderr);
  assert.match(
    applied.stdout,
    /^Variables:\n {2}ram {6}= "64MiB"\n {2}servers {2}= \["a","b","c"\]\n {2}password = \(sensitive\) {2}\(VIRTFORM_VAR_password\)$/m,
  );
  const guests = async () =>
    (await virsh("list", "--all", "--name"))
      .split("\n")
      .filter((name) => name.startsWith(prefix))
      .sort();
  const [jobs, all] = [[`${prefix}-job-run-0`, `${prefix}-job-run-1`], ["a", "b", "c"].map((key) => `${prefix}-web-${key}`)];
  assert.deepEqual(await guests(), [...jobs, ...all]);
  const again = await virtform("plan", ...dev, "--detailed-exitcode");
  assert.equal(again.code, 0, again.stdout + again.stderr);

  // Production differs in what is laid over, and in what is given.
  const prod = await virtform("plan", ...dev, `${directory}/environments/prod.yaml`, "--var", "ram=96MiB", "--json");
  const { resource_changes, variables } = JSON.parse(prod.stdout);
  assert.deepEqual(variables.ram, { value: "96MiB", from: "--var" });
  assert.deepEqual(variables.password, { value: null, sensitive: true, from: "VIRTFORM_VAR_password" });
  const updated = resource_changes.filter(({ change }: { change: { actions: string[] } }) => change.actions[0] === "update");
  assert.deepEqual(
    updated.map(({ address }: { address: string }) => address).sort(),
    [...jobs, ...all].map((name) => `domain/${name}`),
  );

  // A saved plan holds the values that it was made with, and no secret.
  const saved = `${directory}/site.plan`;
  const smaller = await virtform("plan", ...dev, "--var", "servers=[a, c]", "--out", saved, "--json");
  assert.equal(smaller.code, 0, smaller.stdout + smaller.stderr);
  const deleted = JSON.parse(smaller.stdout).resource_changes.filter(
    ({ change }: { change: { actions: string[] } }) => change.actions[0] !== "no-op",
  );
  assert.deepEqual(
    deleted.map(({ address, change }: { address: string; change: { actions: string[] } }) => [address, ...change.actions]),
    [
      ...["kernel", "ramdisk", "root"].map((disk) => [`disk/${prefix}-web-b.${disk}`, "delete"]),
      ...[`domain/${prefix}-web-b`, `seed/${prefix}-web-b`, "volume/data-b"].map((address) => [address, "delete"]),
    ],
  );
  const given = await virtform("apply", saved, "--var", "servers=[a]");
  assert.equal(given.code, 1);
  assert.match(given.stderr, /It is applied as it is, with the variables that it was made with/);
  const before = await Promise.all([...jobs, ...all].map((name) => virsh("domuuid", name)));
  const done = await virtform("apply", saved, "--auto-approve", "--allow-destroy");
  assert.equal(done.code, 0, done.stdout + done.stderr);
  const rest = [...jobs, ...all].filter((name) => !name.endsWith("-b"));
  assert.deepEqual(await guests(), rest);
  assert.deepEqual(
    await Promise.all(rest.map((name) => virsh("domuuid", name))),
    before.filter((_, index) => !([...jobs, ...all][index] ?? "").endsWith("-b")),
  );
  const last = await virtform("plan", ...dev, "--var", "servers=[a, c]", "--detailed-exitcode");
  assert.equal(last.code, 0, last.stdout + last.stderr);
  await assertNoLeftovers(workspace);
  for (const { stdout, stderr } of [missing, applied, again, prod, smaller, done, last]) assert.ok(!(stdout + stderr).includes(password));
});
