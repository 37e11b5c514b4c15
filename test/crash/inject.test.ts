import assert from "node:assert/strict";
import { test } from "node:test";
import { writtenInto } from "../fake-host/guestfs.ts";
import type { FakeHost } from "../fake-host/host.ts";
import type { Machine } from "../fake-host/machine.ts";
import { readSparse } from "../fake-host/sparse.ts";
import { type Guests, guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, apply, createWorld, layout, planOf, runOn, summary } from "./world.ts";

const hash = "$6$0123456789abcdef$95570uMpKl77VGVgvtlAeBpz2omc3RDfDpid1cT27mpgkK0CNkhkJZPmIGrupor4tQU.gy8.NKzaat7yqtm2g1";
const env = { ROOT_PASSWORD: hash };
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGa2D5fVkV6cSx5gB0aYl6nZ0yJ0lQZt0e5n3y4Q9k1f ops@example";
const injected = (more = "", options: Guests = {}) =>
  guests({
    ...options,
    more: `    inject: { partition: inspect }
    key_pair: ops
    metadata: { role: web }
    admin_password: { env: ROOT_PASSWORD }
    files: [ { path: /etc/motd, text: "hello" }, { path: /srv/app/key, text: "1", mode: "0640", owner: "app" } ]
${more}`,
    sections: `key_pairs: { ops: { public_key: "${key}" } }\n`,
  });

const uuidOf = (machine: Machine) => machine.libvirtd.find("web")?.uuid ?? "";
const diskOf = (machine: Machine) => machine.files.file(layout.instanceFile(uuidOf(machine), "disk"), "open").content;

const expected = {
  "/root/.ssh/authorized_keys": `600 0:0\n# Injected by virtform\n${key}\n`,
  "/meta.js": '644 0:0\n{"role":"web"}\n',
  "/etc/shadow": `kept kept\nroot:${hash}:19000:0:99999:7:::\n`,
  "/etc/motd": "644 0:0\nhello",
  "/srv/app/key": "640 1000:1000\n1",
};

for (const imagesType of ["qcow2", "flat"] as const) {
  test(`${imagesType}: key, metadata, password and files are in the root disk before the first boot, and there is no config drive`, async () => {
    const machine = createWorld();
    const yaml = injected("", { imagesType });
    const host = await applied(machine, yaml, { env });
    assert.deepEqual(writtenInto(diskOf(machine)), expected);
    assert.equal(machine.files.find(layout.instanceFile(uuidOf(machine), "disk.config")), undefined);
    const at = (what: RegExp) => host.trace.findIndex((line) => what.test(line));
    assert.ok(at(/write into the file system/) < at(/start/), host.trace.join("\n"));
    // The base image stays as it is, and the plan afterwards is empty, without the password too.
    for (const [path, { content }] of machine.files.walk()) if (path.includes("/_base/")) assert.deepEqual(writtenInto(content), {}, path);
    const again = await planOf(await runOn(machine.boot(), yaml));
    assert.deepEqual([summary(again), again.diagnostics], [[], []]);
  });
}

test("a password that is no hash is hashed before it leaves virtform, and neither is in a label, a journal or a command", async () => {
  const machine = createWorld();
  const host = await applied(machine, injected(), { env: { ROOT_PASSWORD: "correct horse" } });
  assert.match(writtenInto(diskOf(machine))["/etc/shadow"] ?? "", /^kept kept\nroot:\$6\$[./A-Za-z0-9]{16}\$[./A-Za-z0-9]{86}:19000:/);
  for (const [path, { type, content }] of machine.files.walk())
    if (type === "file" && content.size < 2 ** 20) assert.doesNotMatch(readSparse(content).toString("latin1"), /correct horse/, path);
  assert.doesNotMatch(host.trace.join("\n"), /correct horse/);
});

test("what changes afterwards waits for a new root disk, and a replaced disk has it", async () => {
  const machine = createWorld();
  await applied(machine, injected(), { env });
  const yaml = injected("    description: changed\n").replace('text: "hello"', 'text: "welcome"').replace("    description: changed\n", "");
  const late = await planOf(await runOn(machine.boot(), yaml, { env }));
  assert.deepEqual([summary(late), late.diagnostics.map(({ severity, code }) => `${severity} ${code}`)], [[], ["note behind-injection"]]);
  assert.match(late.diagnostics[0]?.summary ?? "", /files changed since/);
  // The disk grows with the record that it has.
  await applied(machine, yaml.replace("disk: 1GiB", "disk: 2GiB"), { env });
  const grown = await planOf(await runOn(machine.boot(), yaml.replace("disk: 1GiB", "disk: 2GiB"), { env }));
  assert.deepEqual([summary(grown), grown.diagnostics.map(({ code }) => code)], [[], ["behind-injection"]]);
  await apply(await runOn(machine.boot(), yaml.replace("disk: 1GiB", "disk: 2GiB"), { env, replace: ["web"] }));
  assert.equal(writtenInto(diskOf(machine))["/etc/motd"], "644 0:0\nwelcome");
  const end = await planOf(await runOn(machine.boot(), yaml.replace("disk: 1GiB", "disk: 2GiB"), { env }));
  assert.deepEqual([summary(end), end.diagnostics], [[], []]);
});

test("a file that cannot be written fails the apply, and the next one makes the disk again; other parts are warnings", async () => {
  const machine = createWorld();
  const failing = injected().replace("/etc/motd", "/proc/motd").replace('owner: "app"', 'owner: "nobody"');
  const { outcomes } = await apply(await runOn(machine.boot(), failing, { env }));
  assert.match(JSON.stringify(outcomes), /inject-failed.*2 files.*its owner nobody is not in \/etc\/passwd of the image/);
  assert.equal(machine.libvirtd.find("web"), undefined);
  const plan = await planOf(await runOn(machine.boot(), injected(), { env }));
  const [again] = plan.actions.filter(({ type }) => type === "disk.create");
  assert.match(
    again?.summary ?? "",
    /^make it again: create qcow2 disk of 1GiB from debian, and inject key, metadata, password and 2 files$/,
  );
  await applied(machine, injected(), { env });
  assert.deepEqual(writtenInto(diskOf(machine)), expected);
});

test("an interrupted injection that is no longer wanted leaves a disk without any of it", async () => {
  const machine = createWorld();
  await apply(await runOn(machine.boot(), injected().replace("/etc/motd", "/proc/motd"), { env }));
  await applied(machine, guests());
  assert.deepEqual(writtenInto(diskOf(machine)), {});
});

test("a host without libguestfs is an error of the plan that names the package, as long as something is to be injected", async () => {
  const machine = createWorld();
  const without = (): FakeHost => {
    const booted = machine.boot();
    const run: FakeHost["run"] = (command) =>
      booted.run(command.program.includes("python") ? { ...command, args: ["-c", "none"] } : command);
    return { ...booted, run };
  };
  const codes = async (yaml: string) =>
    (await planOf(await runOn(without(), yaml, { env }))).diagnostics.map(({ code, detail }) => `${code}: ${detail}`);
  assert.match((await codes(injected())).join("\n"), /^guestfs-missing: .*root disk of web.*apt install python3-guestfs/);
  await applied(machine, injected(), { env });
  assert.deepEqual(await codes(injected()), []);
});

for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
  test(`an apply that injects is killed anywhere: ${way}`, async () => {
    await killEverywhere({ from: createWorld(), yaml: injected("", { imagesType: "flat" }), env }, way);
  });

  test(`a replacement that injects is killed anywhere: ${way}`, async () => {
    const machine = createWorld();
    await applied(machine, injected(), { env });
    await killEverywhere({ from: machine, yaml: injected().replace('"hello"', '"welcome"'), env, replace: ["web"] }, way);
  });
}
