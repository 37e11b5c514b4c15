import assert from "node:assert/strict";
import { test } from "node:test";
import { takeSnapshot } from "../fake-host/block-jobs.ts";
import type { FakeHost } from "../fake-host/host.ts";
import { makeLuks, readLuks } from "../fake-host/luks.ts";
import type { Machine } from "../fake-host/machine.ts";
import { makeQcow2, readQcow2 } from "../fake-host/qcow2.ts";
import { readSparse } from "../fake-host/sparse.ts";
import { type Guests, guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, apply, createWorld, layout, planOf, runOn, summary } from "./world.ts";

const passphrase = "correct horse battery staple";
const env = { DISK_PASSPHRASE: passphrase };
const more = "    encryption: { passphrase: { env: DISK_PASSPHRASE } }\n";
const encrypted = (options: Guests = {}) => guests({ ephemeral: "2GiB", swap: "512MiB", ...options, more });
const plain = (options: Guests = {}) => guests({ ephemeral: "2GiB", swap: "512MiB", ...options });

async function after(yaml: string): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, yaml, { env });
  return machine;
}

const plan = async (machine: Machine, yaml: string, variables: Readonly<Record<string, string>> = env) =>
  planOf(await runOn(machine.boot(), yaml, { env: variables }));

const codes = (made: Awaited<ReturnType<typeof plan>>) => made.diagnostics.map(({ severity, code }) => `${severity} ${code}`);

const fileOf = (machine: Machine, name: string) => {
  const path = layout.instanceFile(machine.libvirtd.find("web")?.uuid ?? "", name);
  return readQcow2(machine.files.file(path, "open").content);
};

const secretsOf = (machine: Machine) =>
  machine.libvirtd.secrets.all().map(({ usage, value }) => `${usage.split("/").slice(0, 3).join("/")} ${value}`);

/** The records of passphrases. */
const recordsOf = (machine: Machine) => machine.files.walk().flatMap(([path]) => (path.includes("/passphrase-") ? [path] : []));

/** A process, and the files on which it has tried a passphrase. */
function watchingPassphrases(machine: Machine): { host: FakeHost; tried: string[] } {
  const booted = machine.boot();
  const tried: string[] = [];
  const run: FakeHost["run"] = async (command) => {
    if (command.args[0] === "map") tried.push(/file\.filename=(.*)$/.exec(command.args.at(-1) ?? "")?.[1] ?? "");
    return booted.run(command);
  };
  return { host: { ...booted, run }, tried };
}

test("Nova QCOW-10: all of a guest's disks are encrypted, libvirt has the passphrase before it starts, the base stays as it is", async () => {
  const machine = createWorld();
  const first = await plan(machine, encrypted());
  assert.deepEqual(codes(first), []);
  assert.deepEqual(
    first.actions.filter(({ type }) => type === "disk.create" || type.startsWith("secret.")).map(({ summary: words }) => words),
    [
      "give libvirt the passphrase",
      "create encrypted qcow2 disk of 1GiB from debian",
      "create encrypted qcow2 disk of 2GiB with ext4",
      "create encrypted qcow2 swap disk of 512MiB",
    ],
  );
  assert.ok(first.actions.find(({ type }) => type === "domain.start")?.after.includes("secret/web#put"));
  assert.doesNotMatch(JSON.stringify(first), new RegExp(passphrase));

  const host = await applied(machine, encrypted(), { env });
  for (const name of ["disk", "disk.local", "disk.swap"]) assert.match(fileOf(machine, name)?.key ?? "", /^[0-9a-f]{64}$/, name);
  for (const [path, inode] of machine.files.walk()) {
    if (path.includes("/_base/") && inode.type === "file") assert.equal(readQcow2(inode.content)?.key, undefined, path);
    // The passphrase is in no file: no label, no journal, no definition.
    if (inode.type === "file" && inode.content.size < 2 ** 20)
      assert.doesNotMatch(readSparse(inode.content).toString("latin1"), new RegExp(passphrase), path);
  }
  assert.doesNotMatch(host.trace.join("\n"), new RegExp(passphrase));
  assert.deepEqual(secretsOf(machine), [`virtform/shop/web ${passphrase}`]);
  assert.equal(machine.libvirtd.find("web")?.state, 1);
  // What needs nothing done asks for no passphrase.
  const second = await plan(machine, encrypted(), {});
  assert.deepEqual([summary(second), codes(second)], [[], []]);
});

test("a passphrase that cannot be had is an error of the plan, and so is one that is empty", async () => {
  const machine = createWorld();
  assert.deepEqual(codes(await plan(machine, encrypted(), {})), ["error passphrase-missing"]);
  assert.deepEqual(codes(await plan(machine, encrypted(), { DISK_PASSPHRASE: "" })), ["error passphrase-empty"]);
  await applied(machine, encrypted(), { env });
  assert.deepEqual(codes(await plan(machine, encrypted({ ephemeral: "3GiB" }), {})), [], "a running guest has its disks open");
  assert.deepEqual(codes(await plan(machine, encrypted({ swap: "1GiB" }), {})), ["error passphrase-missing"], "swap is recreated");
  await applied(machine, encrypted({ power: "stopped" }), { env });
  assert.deepEqual(codes(await plan(machine, encrypted({ power: "stopped", ephemeral: "3GiB" }), {})), ["error passphrase-missing"]);
});

test("a passphrase that was changed is an error of the plan, as long as libvirt has the earlier one", async () => {
  const machine = createWorld();
  await applied(machine, encrypted(), { env });
  const changed = await plan(machine, encrypted(), { DISK_PASSPHRASE: "another" });
  assert.deepEqual(codes(changed), ["error passphrase-wrong"]);
  assert.match(changed.diagnostics[0]?.detail ?? "", /another passphrase than the one that comes from .*DISK_PASSPHRASE/);
  // Also where a guest is added that has its disks open with the right one.
  assert.deepEqual(codes(await plan(machine, encrypted(), env)), []);
  assert.deepEqual(codes(await plan(machine, guests(), { DISK_PASSPHRASE: "another" })), []);
  // Without the secret, as after a restart of libvirt, apply tries the passphrase, and records it again.
  machine.libvirtd.secrets.restart();
  assert.deepEqual(codes(await plan(machine, encrypted(), { DISK_PASSPHRASE: "another" })), []);
  const { outcomes } = await apply(await runOn(machine.boot(), encrypted(), { env: { DISK_PASSPHRASE: "another" } }));
  assert.match(JSON.stringify(outcomes), /passphrase-wrong/);
  await applied(machine, encrypted(), { env });
  assert.deepEqual(codes(await plan(machine, encrypted(), { DISK_PASSPHRASE: "another" })), ["error passphrase-wrong"]);
  assert.deepEqual(
    recordsOf(machine).map((path) => machine.files.find(path)?.mode),
    [0o600],
  );
  await applied(machine, encrypted(), { env, destroy: true });
  assert.deepEqual(recordsOf(machine), []);
});

test("a ploop disk cannot be encrypted, of an instance or as a volume, and the plan says so", async () => {
  const sections = "volumes: { data: { size: 1GiB, encryption: { passphrase: { env: DISK_PASSPHRASE } } } }\n";
  const made = await plan(createWorld(), guests({ imagesType: "ploop", more, sections }));
  assert.deepEqual(codes(made), ["error encryption-needs-qcow2", "error encryption-needs-qcow2"]);
  assert.match(made.diagnostics[0]?.detail ?? "", /images_type is ploop.*flat, qcow2, lvm, rbd can be encrypted/);
  assert.match(made.diagnostics[1]?.summary ?? "", /Volume data/);
});

/** A raw disk of the guest: what its passphrase is known by, and the bytes that the guest has. */
const containerOf = (machine: Machine, name: string) => {
  const path = layout.instanceFile(machine.libvirtd.find("web")?.uuid ?? "", name);
  return readLuks(machine.files.file(path, "open").content);
};

test("raw disks are encrypted as a whole, grow without the passphrase, and are known by their record and their header", async () => {
  const flat = (options: Guests = {}) => encrypted({ imagesType: "flat", ...options });
  const machine = createWorld();
  const host = await applied(machine, flat(), { env });
  for (const name of ["disk", "disk.local", "disk.swap"]) assert.match(containerOf(machine, name)?.key ?? "", /^[0-9a-f]{64}$/, name);
  assert.doesNotMatch(host.trace.join("\n"), new RegExp(passphrase));
  assert.deepEqual(secretsOf(machine), [`virtform/shop/web ${passphrase}`]);
  const domain = machine.libvirtd.find("web");
  assert.match(domain === undefined ? "" : machine.libvirtd.document(domain, true), /<encryption format='luks'>/);
  const second = await plan(machine, flat(), {});
  assert.deepEqual([summary(second), codes(second)], [[], []]);

  await applied(machine, flat({ ephemeral: "3GiB" }), {});
  await applied(machine, flat({ ephemeral: "3GiB", power: "stopped" }), {});
  await applied(machine, flat({ ephemeral: "4GiB", power: "stopped" }), {});
  assert.equal(containerOf(machine, "disk.local")?.size, 4 * 2 ** 30);
  assert.deepEqual(summary(await plan(machine, flat({ ephemeral: "4GiB", power: "stopped" }), {})), []);

  machine.libvirtd.secrets.restart();
  const wrong = await apply(await runOn(machine.boot(), flat({ ephemeral: "4GiB" }), { env: { DISK_PASSPHRASE: "wrong" } }));
  assert.match(JSON.stringify(wrong.outcomes), /The passphrase does not open a disk of web/);

  // Another file in its place, which is not encrypted.
  machine.put(layout.instanceFile(machine.libvirtd.find("web")?.uuid ?? "", "disk"), Buffer.alloc(2 ** 20));
  const replaced = await plan(machine, flat({ ephemeral: "4GiB", power: "stopped" }));
  assert.deepEqual(
    replaced.changes
      .filter(({ address }) => address.startsWith("disk/"))
      .map(({ address, cause, reason }) => `${address} (${cause}): ${reason}`),
    ["disk/web.root (drift): it was replaced by an unencrypted one outside virtform"],
  );
  assert.equal(replaced.actions.filter(({ destroys }) => destroys !== undefined).length, 1);
});

for (const imagesType of ["qcow2", "flat"] as const) {
  test(`${imagesType}: a snapshot of an encrypted guest is followed as it is, named, and grows through the guest only`, async () => {
    const shape = { imagesType, swap: "0MiB", ephemeral: "0GiB" } as const;
    const larger = (size: string, options: Guests = {}) => encrypted({ ...shape, ...options }).replace("disk: 1GiB", `disk: ${size}`);
    const machine = await after(encrypted(shape));
    const domain = machine.libvirtd.find("web");
    assert.ok(domain);
    takeSnapshot(domain, "s1", machine.files, false);
    const followed = await plan(machine, encrypted(shape), {});
    assert.deepEqual([summary(followed), codes(followed)], [[], ["warning encrypted-layer-open"]]);
    await applied(machine, larger("2GiB"), {});
    assert.deepEqual(summary(await plan(machine, larger("2GiB"), {})), []);
    machine.libvirtd.destroy(domain);
    assert.deepEqual(codes(await plan(machine, larger("3GiB", { power: "stopped" }), env)), ["error encrypted-layer-offline"]);
    await applied(machine, larger("2GiB"), { env });
    assert.equal(machine.libvirtd.find("web")?.state, 1);
  });
}

test("a container that a guest made on its own disk is that guest's: the disk counts as not encrypted", async () => {
  const flat = { imagesType: "flat", swap: "512MiB", power: "stopped" } as const;
  const machine = await after(guests(flat));
  machine.files.write(
    layout.instanceFile(machine.libvirtd.find("web")?.uuid ?? "", "disk.swap"),
    makeLuks(510 * 2 ** 20 + 28672, "of the guest"),
  );
  assert.deepEqual(summary(await plan(machine, guests(flat))), []);
});

test("a volume is encrypted under a passphrase of its own, which libvirt has before the guest gets the volume", async () => {
  const volumeOf = (more = "", size = "1GiB") => `volumes: { data: { size: ${size}, format: ext4, images_type: flat${more} } }\n`;
  const withVolume = (sections: string, volumes = "[ { volume: data } ]") =>
    guests({ more: volumes === "" ? "" : `    volumes: ${volumes}\n`, sections });
  const key = ", encryption: { passphrase: { env: VOLUME_PASSPHRASE } }";
  const both = { ...env, VOLUME_PASSPHRASE: "volume words" };
  const machine = createWorld();
  await applied(machine, withVolume("", ""), { env: {} });
  const yaml = withVolume(volumeOf(key));
  assert.deepEqual(codes(await plan(machine, yaml, {})), ["error passphrase-missing"]);
  const first = await plan(machine, yaml, both);
  assert.deepEqual(codes(first), []);
  assert.ok(first.actions.some(({ summary: words }) => words === "create encrypted flat volume of 1GiB with ext4"));
  const attaching = first.actions.find(({ type }) => type === "domain.adjust");
  assert.ok(attaching?.after.includes("secret/volume.data#put"), JSON.stringify(attaching));
  await applied(machine, yaml, { env: both });
  assert.deepEqual(secretsOf(machine), ["virtform/shop/volume.data volume words"]);
  assert.deepEqual([summary(await plan(machine, yaml, {})), codes(await plan(machine, yaml, {}))], [[], []]);
  await applied(machine, withVolume(volumeOf(key, "2GiB")), { env: {} });

  const open = await plan(machine, withVolume(volumeOf("", "2GiB")), both);
  assert.deepEqual(codes(open), ["error volume-cannot-change"]);
  assert.match(open.diagnostics[0]?.detail ?? "", /It is encrypted flat with ext4 and the configuration says flat with ext4/);

  machine.libvirtd.secrets.restart();
  const lost = await plan(machine, withVolume(volumeOf(key, "2GiB")), both);
  assert.deepEqual(
    lost.changes.map(({ address, verb, cause }) => `${verb} ${address} ${cause}`),
    ["create secret/volume.data drift"],
  );
  await applied(machine, withVolume(volumeOf(key, "2GiB")), { env: both });
  const renamed = withVolume(volumeOf(`${key}, renamed_from: data`, "2GiB").replace("{ data:", "{ files:"), "[ { volume: files } ]");
  await applied(machine, renamed, { env: {} });
  assert.deepEqual([summary(await plan(machine, renamed, {})), secretsOf(machine).length], [[], 1]);
  await applied(machine, withVolume("", ""), { env: {} });
  assert.deepEqual(secretsOf(machine), []);
  await killEverywhere({ from: machine, yaml, env: both }, "kill -9");
});

test("a secret that libvirt has lost is drift and is put back, and others' secrets are left alone", async () => {
  const machine = await after(encrypted());
  const stranger = `<secret ephemeral='no' private='no'><uuid>aaaaaaaa-0000-4000-8000-000000000001</uuid><usage type='volume'><volume>/srv/mail.img</volume></usage></secret>`;
  const neighbour = stranger.replace("0001<", "0002<").replace("/srv/mail.img", "virtform/shop2/web/aaaaaaaa-0000-4000-8000-000000000003");
  machine.libvirtd.secrets.define(stranger);
  machine.libvirtd.secrets.define(neighbour);
  machine.libvirtd.secrets.restart();
  const lost = await plan(machine, encrypted());
  assert.deepEqual(
    lost.changes.map(({ address, verb, cause }) => `${verb} ${address} ${cause}`),
    ["create secret/web drift"],
  );
  assert.deepEqual(codes(await plan(machine, encrypted(), {})), ["error passphrase-missing"]);
  // A passphrase other than that of the disks is found before libvirt gets it.
  const wrong = await apply(await runOn(machine.boot(), encrypted(), { env: { DISK_PASSPHRASE: "wrong" } }));
  assert.equal(wrong.verdict, "incomplete");
  assert.match(JSON.stringify(wrong.outcomes), /The passphrase does not open a disk of web/);
  assert.deepEqual(machine.libvirtd.secrets.all().length, 2);
  await applied(machine, encrypted(), { env });
  assert.deepEqual(summary(await plan(machine, encrypted())), []);
  await applied(machine, encrypted(), { env, destroy: true });
  assert.deepEqual(
    machine.libvirtd.secrets.all().map(({ usage }) => usage),
    ["/srv/mail.img", "virtform/shop2/web/aaaaaaaa-0000-4000-8000-000000000003"],
  );
});

test("LUKS headers that a guest wrote into its console log or its raw disk do not make them encrypted disks", async () => {
  const forged = readSparse(makeQcow2({ size: 2 ** 20, backing: { path: "/srv/precious", format: "raw" }, passphrase: "anything" }));
  for (const cipher of [1, 2]) {
    forged.writeUInt32BE(cipher, 32);
    const machine = await after(encrypted());
    const uuid = machine.libvirtd.find("web")?.uuid ?? "";
    machine.put(layout.instanceFile(uuid, "console.log"), forged);
    machine.libvirtd.secrets.restart();
    const { host, tried } = watchingPassphrases(machine);
    const { outcomes } = await apply(await runOn(host, encrypted(), { env: { DISK_PASSPHRASE: "anything" } }));
    assert.match(JSON.stringify(outcomes), /The passphrase does not open a disk of web/);
    assert.deepEqual(tried, [layout.instanceFile(uuid, "disk")]);
  }
  const machine = await after(guests({ swap: "512MiB", imagesType: "flat" }));
  const swap = layout.instanceFile(machine.libvirtd.find("web")?.uuid ?? "", "disk.swap");
  machine.put(swap, forged);
  const { host, tried } = watchingPassphrases(machine);
  const { verdict } = await apply(await runOn(host, encrypted({ ephemeral: "0GiB" }), { env }));
  assert.deepEqual([verdict, tried], ["done", []]);
  assert.deepEqual(secretsOf(machine), [`virtform/shop/web ${passphrase}`]);
});

test("turning encryption on or off recreates the disks, with consent", async () => {
  const machine = await after(plain());
  const on = await plan(machine, encrypted());
  const replaced = on.changes.filter(({ address }) => address.startsWith("disk/"));
  assert.deepEqual(
    replaced.map(({ verb, reason }) => `${verb}: ${reason}`),
    Array(3).fill("replace: encryption was added"),
  );
  assert.equal(on.actions.filter(({ destroys }) => destroys !== undefined).length, 3);
  await applied(machine, encrypted(), { env });
  assert.match(fileOf(machine, "disk")?.key ?? "", /./);
  assert.deepEqual(summary(await plan(machine, encrypted())), []);
  await applied(machine, plain(), { env });
  assert.equal(fileOf(machine, "disk")?.key, undefined);
  assert.deepEqual([secretsOf(machine), machine.libvirtd.find("web")?.state], [[], 1]);
  assert.deepEqual(summary(await plan(machine, plain())), []);
});

test("a disk put in place of an encrypted one is drift", async () => {
  const machine = await after(encrypted());
  await applied(machine, encrypted({ power: "stopped" }), { env });
  const open = await after(plain({ power: "stopped" }));
  const path = layout.instanceFile(machine.libvirtd.find("web")?.uuid ?? "", "disk");
  machine.files.write(path, open.files.file(path, "open").content);
  const made = await plan(machine, encrypted({ power: "stopped" }));
  assert.deepEqual(
    made.changes.map(({ address, verb, cause, reason }) => `${verb} ${address} (${cause}): ${reason}`),
    ["replace disk/web.root (drift): it was replaced by an unencrypted one outside virtform"],
  );
});

test("all disks of a guest have one passphrase: a further disk with another one is refused", async () => {
  const machine = await after(encrypted({ swap: "0MiB" }));
  const second = await apply(await runOn(machine.boot(), encrypted(), { env: { DISK_PASSPHRASE: "another" } }));
  assert.match(JSON.stringify(second.plan.diagnostics), /The passphrase for the disks of web was changed/);
  // What libvirt has may be from an earlier version, of which nothing is recorded.
  for (const path of recordsOf(machine)) machine.files.unlink(path);
  const third = await apply(await runOn(machine.boot(), encrypted(), { env: { DISK_PASSPHRASE: "another" } }));
  assert.match(JSON.stringify(third.outcomes), /The passphrase does not open a disk of web/);
  await applied(machine, encrypted(), { env });
  assert.match(fileOf(machine, "disk.swap")?.key ?? "", /./);
});

test("encrypted disks grow, of running guests without the passphrase and of stopped ones with it", async () => {
  const machine = await after(encrypted());
  await applied(machine, encrypted({ ephemeral: "3GiB" }), {});
  assert.equal(fileOf(machine, "disk.local")?.virtualSize, 3 * 2 ** 30);
  await applied(machine, encrypted({ ephemeral: "3GiB", power: "stopped" }), { env });
  await applied(machine, encrypted({ ephemeral: "4GiB", power: "stopped" }), { env });
  assert.equal(fileOf(machine, "disk.local")?.virtualSize, 4 * 2 ** 30);
  const wrong = await runOn(machine.boot(), encrypted({ ephemeral: "5GiB", power: "stopped" }), { env: { DISK_PASSPHRASE: "wrong" } });
  assert.match(JSON.stringify((await apply(wrong)).plan.diagnostics), /The passphrase for the disks of web was changed/);
});

for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
  test(`encrypted disks made, grown, turned off and destroyed, ${way}`, async () => {
    await killEverywhere({ from: createWorld(), yaml: encrypted(), env }, way);
    await killEverywhere({ from: await after(encrypted()), yaml: encrypted({ ephemeral: "3GiB" }), env }, way);
    await killEverywhere({ from: await after(plain()), yaml: encrypted(), env }, way);
    await killEverywhere({ from: await after(encrypted()), yaml: plain(), env }, way);
    await killEverywhere({ from: await after(encrypted()), yaml: encrypted(), destroy: true, env }, way);
    const flat = { imagesType: "flat", swap: "0MiB" } as const;
    await killEverywhere({ from: createWorld(), yaml: encrypted(flat), env }, way);
    await killEverywhere({ from: await after(encrypted(flat)), yaml: encrypted({ ...flat, ephemeral: "3GiB" }), env }, way);
  });
}

test("an apply of another project leaves a passphrase's record whose secret is not in libvirt yet", async () => {
  const machine = await after(encrypted());
  const [record] = recordsOf(machine);
  assert.ok(record !== undefined);
  // As between the two steps of an apply: the record is written first.
  machine.libvirtd.secrets.restart();
  const other = guests().replace("project: shop", "project: other").replace("  web:", "  elsewhere:");
  await applied(machine, other);
  assert.deepEqual(recordsOf(machine), [record]);
  // The project's own apply does remove it, before it is written again.
  await applied(machine, guests().replace("  web:", "  plain:"), { env });
  assert.deepEqual(recordsOf(machine), []);
});
