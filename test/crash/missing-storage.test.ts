import assert from "node:assert/strict";
import { test } from "node:test";
import { reconcile } from "../../src/reconcile.ts";
import { takeSnapshot } from "../fake-host/block-jobs.ts";
import type { Machine } from "../fake-host/machine.ts";
import { shop } from "./shop.ts";
import { applied, apply, checksum, createWorld, planOf, root, runOn, summary } from "./world.ts";

const yaml = shop();
const errorsOf = (plan: Awaited<ReturnType<typeof planOf>>) =>
  plan.diagnostics.flatMap(({ severity, code }) => (severity === "error" ? [code] : []));

/** What `apply --auto-approve` does without `--allow-destroy`, or with it for some addresses. */
async function careful(machine: Machine, text: string, allowDestroy: readonly string[] = []) {
  const run = await runOn(machine.boot(), text);
  try {
    return await reconcile([run], {
      reporter: { event: () => undefined, close: async () => undefined },
      autoApprove: true,
      allowDestroy,
      parallelism: 4,
      lockTimeoutMs: 60_000,
      stop: new AbortController().signal,
    });
  } finally {
    await run.context.host.close();
  }
}

function directory(machine: Machine, name: string): string {
  const domain = machine.libvirtd.find(name);
  assert.ok(domain);
  return `${root}/${domain.uuid}`;
}

test("a guest whose directory was moved away is created again only with consent", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  const path = directory(machine, "web");
  machine.files.rename(path, "/srv/web");
  assert.deepEqual(errorsOf(await planOf(await runOn(machine.boot(), yaml))), ["instance-directory-missing"]);
  const refused = await careful(machine, yaml);
  assert.deepEqual([refused.verdict, machine.files.find(path)], ["refused", undefined]);
  machine.files.rename("/srv/web", path);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), [], "moved back, nothing is to be done");

  machine.files.rename(path, "/srv/web");
  assert.equal((await careful(machine, yaml, ["disk/db.root"])).verdict, "refused", "consent for another disk");
  assert.equal((await careful(machine, yaml, ["disk/web.root"])).verdict, "done");
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), []);
  machine.files.unlink(`${path}/disk`);
  const again = await planOf(await runOn(machine.boot(), yaml));
  assert.ok(summary(again).includes("replace disk/web.root: disk is missing; its data is lost"), "a second loss is noticed as well");
});

test("a directory that was moved away is missing also where the guest has a layer above its disk, while it runs and while it is off", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  const web = machine.libvirtd.find("web");
  assert.ok(web);
  takeSnapshot(web, "s1", machine.files, true);
  // The next definition names the layer, and so does what is recorded as applied.
  const changed = yaml.replace("ram: 256MiB", "ram: 384MiB");
  assert.notEqual(changed, yaml);
  await applied(machine, changed);
  const path = directory(machine, "web");
  machine.files.rename(path, "/srv/web");
  for (const off of [false, true]) {
    if (off) machine.libvirtd.destroy(web);
    assert.deepEqual(errorsOf(await planOf(await runOn(machine.boot(), changed))), ["instance-directory-missing"], off ? "off" : "running");
    assert.equal((await careful(machine, changed, ["domain/web"])).verdict, "refused");
  }
  machine.files.rename("/srv/web", path);
  assert.deepEqual(errorsOf(await planOf(await runOn(machine.boot(), changed))), []);
});

test("a protected guest whose directory was moved away is not created again, whatever is allowed", async () => {
  const machine = createWorld();
  const text = yaml.replace("    image: debian\n", "    image: debian\n    prevent_destroy: true\n");
  await applied(machine, text);
  const path = directory(machine, "web");
  machine.files.rename(path, "/srv/web");
  assert.equal((await apply(await runOn(machine.boot(), text))).verdict, "refused");
  assert.equal((await apply(await runOn(machine.boot(), text, { destroy: true }))).verdict, "refused");
  assert.deepEqual([machine.files.find(path), machine.libvirtd.find("web")?.state], [undefined, 1]);
});

test("an instances path that is not mounted is an error, with and without domains", async () => {
  const machine = createWorld();
  const text = yaml.replace("host:\n", "host:\n  instances_path: /srv/pool/instances\n");
  machine.files.makeDirectories("/srv/pool");
  machine.files.mount("/srv/pool");
  await applied(machine, text);
  // The mount point is recorded under the lock of the next apply at the latest.
  await applied(machine, text);
  for (const { name } of machine.libvirtd.all()) if (name !== "stranger") machine.libvirtd.destroy(machine.libvirtd.find(name) as never);
  const fileSystem = machine.files.unmount("/srv/pool");
  const plan = await planOf(await runOn(machine.boot(), text));
  assert.deepEqual([errorsOf(plan), plan.complete, plan.changes], [["file-system-not-mounted"], false, []]);
  for (const destroy of [false, true]) {
    assert.equal((await apply(await runOn(machine.boot(), text, { destroy }))).verdict, "refused");
  }
  for (const name of ["web", "db"])
    machine.libvirtd.undefine(machine.libvirtd.find(name) as never, { managedSave: true, snapshots: true, checkpoints: true });
  assert.deepEqual(errorsOf(await planOf(await runOn(machine.boot(), text))), ["file-system-not-mounted"], "also without domains");
  machine.files.mount("/srv/pool", fileSystem);
  await applied(machine, text);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), text))), []);
});

const withVolumes = (options: { readonly web?: string; readonly protect?: boolean } = {}) => `project: shop
host: { virt_type: qemu }
images: { debian: { source: https://images.test/debian.qcow2, checksum: ${checksum("https://images.test/debian.qcow2")}, disk_format: qcow2 } }
flavors: { small: { vcpus: 1, ram: 256MiB, disk: 1GiB } }
volumes:
  data: { size: 1GiB, prevent_destroy: ${options.protect ?? false} }
  spare: { size: 2GiB, prevent_destroy: ${options.protect ?? false} }
instances:
  web: { image: debian, flavor: small, power_state: ${options.web ?? "stopped"}, volumes: [{ volume: data }] }
`;

test("volumes whose directories are missing are created again only with consent for each", async () => {
  const machine = createWorld();
  await applied(machine, withVolumes());
  machine.files.rename(`${root}/volumes`, "/srv/volumes");
  const text = withVolumes();
  const plan = await planOf(await runOn(machine.boot(), text));
  assert.deepEqual(errorsOf(plan), ["volume-lost", "volume-lost"]);
  assert.deepEqual(
    plan.actions.flatMap(({ destroys }) => destroys ?? []),
    ["data of 1GiB volume data, which is missing", "data of 2GiB volume spare, which is missing"],
  );
  for (const allowed of [[], ["volume/data"], ["disk/web.root"]]) assert.equal((await careful(machine, text, allowed)).verdict, "refused");
  assert.deepEqual(machine.files.find(`${root}/volumes`)?.entries.size ?? 0, 0);
  assert.equal((await careful(machine, text, ["volume/data", "volume/spare"])).verdict, "done");
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), text))), []);
});

test("a volume that is not in the configuration any more and whose directory is missing is an error too", async () => {
  const machine = createWorld();
  await applied(machine, withVolumes());
  machine.files.removeTree(`${root}/volumes`);
  const text = withVolumes().replace(/ {2}spare.*\n/, "");
  assert.deepEqual(errorsOf(await planOf(await runOn(machine.boot(), text))).sort(), ["volume-lost", "volume-lost"]);
});

test("a volume without a second record is missed by the guest that has it", async () => {
  const machine = createWorld();
  await applied(machine, withVolumes());
  machine.files.removeTree("/var/lib/virtform/records");
  machine.files.removeTree(`${root}/volumes`);
  const plan = await planOf(await runOn(machine.boot(), withVolumes()));
  assert.deepEqual(
    plan.diagnostics.map(({ code, address }) => [code, address]),
    [["volume-lost", "volume/data"]],
  );
});

test("protected volumes, and volumes that a running guest has, are not created again whatever is allowed", async () => {
  for (const options of [{ protect: true }, { web: "running" }]) {
    const machine = createWorld();
    const text = withVolumes(options);
    await applied(machine, text);
    machine.files.rename(`${root}/volumes`, "/srv/volumes");
    assert.equal((await apply(await runOn(machine.boot(), text))).verdict, "refused");
    assert.equal(machine.files.find(`${root}/volumes`), undefined);
  }
});

test("volumes of an earlier version get their second record with the next apply", async () => {
  const machine = createWorld();
  await applied(machine, withVolumes());
  const records = () => machine.files.walk().filter(([path]) => /\/records\/[0-9a-f]+\/volume-/.test(path)).length;
  assert.equal(records(), 2);
  machine.files.removeTree("/var/lib/virtform/records");
  await applied(machine, withVolumes());
  assert.equal(records(), 2);
  await apply(await runOn(machine.boot(), withVolumes(), { destroy: true }));
  assert.equal(records(), 0);
});

test("disks and volumes of a file system that is not mounted are kept, also without a record of the mount point", async () => {
  for (const options of [{}, { protect: true }]) {
    const machine = createWorld();
    machine.files.makeDirectories(root);
    const strangers = machine.files.find(root);
    assert.ok(strangers);
    machine.files.mount(root);
    const text = withVolumes(options).replace("flavor: small", `flavor: small, prevent_destroy: ${options.protect ?? false}`);
    await applied(machine, text);
    machine.files.removeTree("/var/lib/virtform/records");
    machine.files.unmount(root);
    const plan = await planOf(await runOn(machine.boot(), text));
    assert.deepEqual(errorsOf(plan).sort(), ["instance-directory-missing", "volume-lost"]);
    assert.equal((await careful(machine, text)).verdict, "refused");
    assert.equal((await apply(await runOn(machine.boot(), text))).verdict, options.protect === true ? "refused" : "done");
  }
});
