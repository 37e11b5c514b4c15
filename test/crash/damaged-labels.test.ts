import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { contentOf } from "../fake-host/program.ts";
import { guests } from "./guests.ts";
import { applied, apply, createWorld, layout, planOf, runOn, summary } from "./world.ts";

const yaml = guests({ ephemeral: "1GiB", sections: "volumes:\n  data: { size: 64MiB }\n  logs: { size: 64MiB }\n" });

async function made(): Promise<{ machine: Machine; label: string; volume: string; uuid: string }> {
  const machine = createWorld();
  await applied(machine, yaml);
  const uuid = machine.libvirtd.find("web")?.uuid ?? "";
  const volume = machine.files.walk().flatMap(([path]) => (/\/volumes\/[^/]+\/virtform\.json$/.test(path) ? [path] : []))[0] ?? "";
  return { machine, label: layout.instanceFile(uuid, "virtform.json"), volume, uuid };
}

const planned = async (machine: Machine) => planOf(await runOn(machine.boot(), yaml));
const codes = ({ diagnostics }: Awaited<ReturnType<typeof planned>>) =>
  diagnostics.filter(({ severity }) => severity === "error").map(({ code, address }) => `${code} ${address}`);

const labelOf = (objects: unknown, more: object = {}) => JSON.stringify({ version: 1, project: "shop", instance: "web", objects, ...more });

for (const [what, text] of Object.entries({
  "objects null": labelOf(null),
  "objects a list": labelOf([]),
  "a version of the future": labelOf({}, { version: 2 }),
  "no JSON at all": '{"version":1,"proj',
  "five MiB": " ".repeat(5 * 2 ** 20),
  "a name with slashes": labelOf({}, { instance: "../../web" }),
})) {
  test(`a damaged label is an error of its instance; other objects are planned: ${what}`, async () => {
    const { machine, label } = await made();
    machine.put(label, text);
    const plan = await planned(machine);
    assert.deepEqual(codes(plan), ["label-damaged domain/web"]);
    assert.match(plan.diagnostics.find(({ code }) => code === "label-damaged")?.detail ?? "", new RegExp(label));
    assert.equal(plan.complete, false);
    assert.deepEqual(summary(plan), []);
    const before = machine.snapshot();
    assert.equal((await apply(await runOn(machine.boot(), yaml))).verdict, "refused");
    assert.deepEqual(
      machine.snapshot().filter((line) => !before.includes(line)),
      [],
    );
  });
}

for (const [what, entry, says] of [
  ["no object", null, "The entry is not a JSON object"],
  ["no driver", { size: 1 }, 'The driver ("backend") is missing'],
  ["a driver of the future", { backend: "evil", size: 1, image: null, entry: null }, 'The driver ("backend") is "evil", and this version'],
  ["no size", { backend: "qcow2" }, '"size" is missing'],
  ["a size that is no number", { backend: "qcow2", size: "large", image: null, entry: null }, '"size" is not a number of bytes'],
  ["a place that is no text", { backend: "qcow2", size: 1, image: null, entry: null, place: {} }, '"place" is not a string'],
  ["a mark that is no flag", { backend: "qcow2", size: 1, image: null, entry: null, marked: 1 }, '"marked" is not true or false'],
] as const) {
  test(`a damaged record of a disk in a label is an error of this disk only: ${what}`, async () => {
    const { machine, label } = await made();
    const whole = JSON.parse(contentOf(machine.files, label).toString("utf8"));
    machine.put(label, JSON.stringify({ ...whole, objects: { ...whole.objects, "disk.local": entry } }));
    const plan = await planned(machine);
    assert.deepEqual(codes(plan), ["label-damaged disk/web.local"]);
    const said = plan.diagnostics.find(({ code }) => code === "label-damaged");
    assert.ok(said?.detail.startsWith(says), said?.detail);
    assert.equal(said?.summary, `The entry of the local disk of web in ${label} is not usable`);
    assert.deepEqual(summary(plan), []);
  });
}

test("a disk whose driver has no settings in the configuration is an error of this disk only", async () => {
  const { machine, label } = await made();
  const whole = JSON.parse(contentOf(machine.files, label).toString("utf8"));
  const lost = { backend: "lvm", size: 2 ** 30, image: null, entry: null, filesystem: "ext4" };
  machine.put(label, JSON.stringify({ ...whole, objects: { ...whole.objects, "disk.local": lost } }));
  const plan = await planned(machine);
  assert.deepEqual(codes(plan), ["lvm-not-configured disk/web.local"]);
  assert.match(plan.diagnostics.find(({ code }) => code === "lvm-not-configured")?.detail ?? "", new RegExp(label));
});

test("a config drive whose driver is unknown or has no settings is an error of this drive only", async () => {
  for (const [backend, code] of [
    ["rbd", "rbd-not-configured"],
    ["evil", "label-damaged"],
  ]) {
    const { machine, label } = await made();
    const whole = JSON.parse(contentOf(machine.files, label).toString("utf8"));
    const drive = { ...whole.objects["disk.config"], backend };
    machine.put(label, JSON.stringify({ ...whole, objects: { ...whole.objects, "disk.config": drive } }));
    const plan = await planned(machine);
    assert.deepEqual(codes(plan), [`${code} seed/web`]);
    const said = plan.diagnostics.find((one) => one.code === code);
    assert.match(`${said?.summary} ${said?.detail}`, new RegExp(label));
    assert.equal(plan.complete, false);
  }
});

test("a damaged label of a volume is an error of this volume only", async () => {
  const { machine, volume } = await made();
  const whole = JSON.parse(contentOf(machine.files, volume).toString("utf8"));
  machine.put(volume, JSON.stringify({ ...whole, applied: null }));
  assert.deepEqual(codes(await planned(machine)), [`label-damaged volume/${whole.volume}`]);
  machine.put(volume, JSON.stringify({ ...whole, version: 7 }));
  assert.deepEqual(codes(await planned(machine)), [`label-damaged volume/${whole.volume}`]);
});

test("a run that leaves a damaged instance out creates objects, and neither grows nor removes what it may use", async () => {
  const { machine, label } = await made();
  const damagedText = '{"version":1,"proj';
  machine.put(label, damagedText);
  const left = async (text: string, exclude = ["web"]) => planOf(await runOn(machine.boot(), text, { exclude }));
  const withVolumes = (lines: string) => guests({ ephemeral: "1GiB", sections: `volumes:\n${lines}` });
  const grown = await left(withVolumes("  data: { size: 128MiB }\n  logs: { size: 64MiB }\n"));
  assert.deepEqual(codes(grown), ["unread-may-use volume/data"]);
  assert.match(
    grown.diagnostics.find(({ code }) => code === "unread-may-use")?.detail ?? "",
    /`virtform apply --exclude web --exclude volume\/data`/,
  );
  assert.deepEqual(codes(await left(withVolumes("  data: { size: 64MiB }\n"))), ["unread-may-use volume/logs"]);
  const more = withVolumes("  data: { size: 64MiB }\n  logs: { size: 64MiB }\n  more: { size: 64MiB }\n");
  const { verdict, plan } = await apply(await runOn(machine.boot(), more, { exclude: ["web"] }));
  assert.deepEqual([verdict, plan.complete, codes(plan), summary(plan)], ["done", true, [], ["create volume/more: does not exist yet"]]);
  assert.equal(contentOf(machine.files, label).toString("utf8"), damagedText);
  const after = await planOf(await runOn(machine.boot(), more));
  assert.deepEqual([codes(after), summary(after)], [["label-damaged domain/web"], []]);
  assert.match(after.diagnostics.find(({ code }) => code === "label-damaged")?.detail ?? "", /`virtform apply --exclude web`\.$/);
});

for (const [what, text] of Object.entries({ "an empty file": "", "no JSON": "{", "a list": "[]", "no form": "{}" })) {
  test(`a label that names nothing is an error of the object with its uuid: ${what}`, async () => {
    const { machine, label, volume } = await made();
    const { volume: name } = JSON.parse(contentOf(machine.files, volume).toString("utf8"));
    machine.put(volume, text);
    assert.deepEqual(codes(await planned(machine)), [`label-damaged volume/${name}`]);
    // Without the second record the uuid follows from the name in the configuration.
    for (const [path] of machine.files.walk()) if (/\/records\/.*\/volume-/.test(path)) machine.files.unlink(path);
    const plan = await planned(machine);
    assert.deepEqual([codes(plan), summary(plan)], [[`label-damaged volume/${name}`], []]);

    const undefinedGuest = await made();
    const domain = undefinedGuest.machine.libvirtd.find("web");
    if (domain === undefined) throw new Error("no domain");
    undefinedGuest.machine.libvirtd.destroy(domain);
    undefinedGuest.machine.libvirtd.undefine(domain, { managedSave: true, snapshots: true, checkpoints: true });
    undefinedGuest.machine.put(label, text);
    const other = await planned(undefinedGuest.machine);
    assert.deepEqual([codes(other), summary(other)], [["label-damaged domain/web"], []]);
  });
}

test("a link in place of a disk is a problem of the plan, never a disk and never followed", async () => {
  for (const imagesType of ["flat", "qcow2"] as const) {
    const machine = createWorld();
    const text = guests({ imagesType, ephemeral: "1GiB", sections: "volumes:\n  data: { size: 64MiB }\n" });
    await applied(machine, text);
    const uuid = machine.libvirtd.find("web")?.uuid ?? "";
    const volume = machine.files.walk().flatMap(([path]) => (/\/volumes\/[^/]+\/disk$/.test(path) ? [path] : []))[0] ?? "";
    for (const path of [layout.instanceFile(uuid, "disk.local"), volume]) {
      machine.files.unlink(path);
      machine.files.symlink("/srv/precious", path);
    }
    const plan = await planOf(await runOn(machine.boot(), text));
    assert.deepEqual(codes(plan), ["disk-path-blocked volume/data", "disk-path-blocked disk/web.local"], imagesType);
    assert.match(plan.diagnostics.find(({ code }) => code === "disk-path-blocked")?.summary ?? "", /is a symbolic link$/);
    assert.equal((await apply(await runOn(machine.boot(), text))).verdict, "refused");
    assert.equal(contentOf(machine.files, "/srv/precious").toString("utf8"), "precious");
  }
});

test("a link in place of a label is a problem of the plan, and is not written over", async () => {
  const { machine, label } = await made();
  machine.put("/srv/label", contentOf(machine.files, label).toString("utf8"));
  machine.files.unlink(label);
  machine.files.symlink("/srv/label", label);
  const plan = await planned(machine);
  assert.deepEqual(codes(plan), ["label-damaged domain/web"]);
  assert.match(plan.diagnostics.find(({ code }) => code === "label-damaged")?.detail ?? "", /is a symbolic link, not a regular file/);
});

test("a plan ignores records beside base images that are too large or links", async () => {
  const { machine } = await made();
  const sidecar = machine.files.walk().flatMap(([path]) => (/\/_base\/[0-9a-f]{40}\.json$/.test(path) ? [path] : []))[0] ?? "";
  const kept = contentOf(machine.files, sidecar);
  machine.put(sidecar, " ".repeat(5 * 2 ** 20));
  assert.equal((await planned(machine)).complete, true);
  machine.put("/srv/sidecar", kept.toString("utf8"));
  machine.files.unlink(sidecar);
  machine.files.symlink("/srv/sidecar", sidecar);
  assert.equal((await planned(machine)).complete, true);
  machine.files.unlink(sidecar);
});

for (const [what, damage] of Object.entries({
  "a symbolic link": (machine: Machine, path: string) => machine.files.symlink("/srv/precious", path),
  "a directory": (machine: Machine, path: string) => machine.put(`${path}/x`, ""),
  "no JSON": (machine: Machine, path: string) => machine.put(path, "{"),
  "a list": (machine: Machine, path: string) => machine.put(path, "[]"),
  "formats that are no text": (machine: Machine, path: string) => machine.put(path, '{"/x":1}'),
  "five MiB": (machine: Machine, path: string) => machine.put(path, " ".repeat(5 * 2 ** 20)),
})) {
  test(`a disk.info that cannot be read is an error of each disk beside it: ${what}`, async () => {
    const { machine, uuid } = await made();
    const info = layout.instanceFile(uuid, "disk.info");
    machine.files.unlink(info);
    damage(machine, info);
    const plan = await planned(machine);
    assert.deepEqual(codes(plan), ["disk-info-damaged disk/web.root", "disk-info-damaged disk/web.local"]);
    for (const { detail } of plan.diagnostics.filter(({ code }) => code === "disk-info-damaged"))
      assert.ok(detail?.startsWith(`${info} is `), detail);
  });
}

for (const name of ["console.log", "libvirt.xml"])
  test(`a link and a directory in place of ${name} are errors of the guest`, async () => {
    for (const block of [
      (machine: Machine, path: string) => machine.files.symlink("/etc/passwd", path),
      (machine: Machine, path: string) => machine.put(`${path}/x`, ""),
    ]) {
      const { machine, uuid } = await made();
      const path = layout.instanceFile(uuid, name);
      machine.files.unlink(path);
      block(machine, path);
      assert.deepEqual(codes(await planned(machine)), ["guest-file-blocked domain/web"]);
    }
  });

test("records of a config drive in another form count as none", async () => {
  const { machine, label } = await made();
  const whole = JSON.parse(contentOf(machine.files, label).toString("utf8"));
  const drive = whole.objects["disk.config"];
  for (const built of [[], {}, "x", 1, true, { ...drive.built, applied: null }, { ...drive.built, digest: 1 }]) {
    machine.put(label, JSON.stringify({ ...whole, objects: { ...whole.objects, "disk.config": { ...drive, built } } }));
    const plan = await planned(machine);
    assert.equal(plan.complete, true, JSON.stringify(built));
  }
});

test("names with slashes in labels and records of volumes are damage, not addresses", async () => {
  const { machine, volume } = await made();
  const whole = JSON.parse(contentOf(machine.files, volume).toString("utf8"));
  machine.put(volume, JSON.stringify({ ...whole, volume: "../data" }));
  const named = async () =>
    (await planned(machine)).changes.map(({ address }) => address).filter((address) => address.split("/").length > 2);
  assert.deepEqual(await named(), []);
  machine.files.removeTree(volume.slice(0, volume.lastIndexOf("/")));
  const record = machine.files.walk().flatMap(([path]) => (/\/volume-[^/]+\.json$/.test(path) ? [path] : []))[0] ?? "";
  machine.put(record, JSON.stringify({ ...JSON.parse(contentOf(machine.files, record).toString("utf8")), volume: "a/b" }));
  assert.deepEqual(await named(), []);
});
