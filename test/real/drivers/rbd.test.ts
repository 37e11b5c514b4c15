import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import type { CephFacts } from "../../../src/drivers/rbd/settings.ts";
import { lookUpDrivers } from "../../../src/kinds/host/driver-facts.ts";
import type { Context } from "../../../src/model/context.ts";
import { CommandError, UnreachableError, UserError } from "../../../src/model/errors.ts";
import type { Host } from "../../../src/model/host.ts";
import { requireSource } from "../../../src/sources/index.ts";
import { type Ceph, startCeph } from "../../support/ceph.ts";
import { diskSpec } from "../../support/disk-spec.ts";
import { imageOf, qemuImg, temporary } from "../kinds/image/images.ts";
import { machine } from "../kinds/image/machine.ts";
import { conforms } from "./conformance.ts";

const rbd = driverOf("rbd");
const mebibyte = 2 ** 20;
const uuid = "6b1c2d3e-0000-4000-8000-000000000002";
const nothing = () => {};

let ceph: Ceph;
before(async () => {
  ceph = await startCeph(["vms", "images"]);
});
after(() => ceph?.stop());

const settings = () => ({ drivers: { rbd: { pool: "vms", user: null, conf: ceph.conf, secretUuid: null, resizeSnapshot: true } } });
const opened = (disk: Pick<DiskSpec, "uuid" | "name">) => `rbd:vms/${disk.uuid}_${disk.name}:conf=${ceph.conf}`;
const images = async (pool = "vms") => JSON.parse(await ceph.run("rbd", "ls", pool, "--format", "json")) as string[];

/** The pool is empty again after each case. */
async function emptyPool(): Promise<void> {
  for (const image of await images()) {
    for (const { name, protected: kept } of JSON.parse(await ceph.run("rbd", "snap", "ls", `vms/${image}`, "--format", "json"))) {
      if (kept === "true") await ceph.run("rbd", "snap", "unprotect", `vms/${image}@${name}`);
      await ceph.run("rbd", "snap", "rm", `vms/${image}@${name}`);
    }
    await ceph.run("rbd", "rm", "--no-progress", `vms/${image}`);
  }
}

conforms([
  {
    backend: rbd,
    on: "real",
    preallocates: false,
    growsInside: false,
    wipes: false,
    guests: true,
    place: (t) => {
      t.after(emptyPool);
      return {
        settings: settings(),
        storage: {
          rbd: { fsid: ceph.fsid, monitors: [ceph.monitor], pool: true, secret: null, cloneable: {} },
        },
        open: (_context, disk) => opened(disk),
        kept: () => images(),
        giveAway: async (_context, disk) => {
          await ceph.run("rbd", "image-meta", "set", `vms/${disk.uuid}_${disk.name}`, "virtform.project", "bank");
        },
      };
    },
  },
]);

/** A host that reports every operation that a session is asked for. */
function overheard(host: Host, tell: (op: string) => void): Host {
  const open: Host["open"] = (command) => {
    const conversation = host.open(command);
    const write = conversation.write;
    conversation.write = (text) => {
      tell(JSON.parse(text).op);
      write.call(conversation, text);
    };
    return conversation;
  };
  return { ...host, open };
}

async function prepare(t: TestContext, operations: string[] = []) {
  t.after(emptyPool);
  const context: Context = machine(t, { wrap: (host) => overheard(host, (op) => operations.push(op)) });
  const there: Context = { ...context, settings: { ...context.settings, ...settings() } };
  await there.host.files.makeDirectory(there.layout.base);
  const directory = temporary(t);
  const path = there.layout.baseImage("c".repeat(40));
  writeFileSync(path, readFileSync(imageOf(directory, "raw", [], "image")));
  chmodSync(path, 0o444);
  const disk = (...cloneFrom: string[]): DiskSpec =>
    diskSpec({
      instance: "web",
      uuid,
      name: "disk",
      role: "root",
      backend: "rbd",
      path: there.layout.instanceFile(uuid, "disk"),
      size: 4 * mebibyte,
      base: { image: "debian", entry: "c".repeat(40), path, format: "raw", ...(cloneFrom.length === 0 ? {} : { cloneFrom }) },
      preallocate: "none",
    });
  return { context: there, disk, raw: join(directory, "image.raw"), operations };
}

/** An image with a snapshot in the pool of images, as Glance keeps them. */
async function published(t: TestContext, raw: string, name: string, protect: boolean): Promise<string> {
  await ceph.run("rbd", "import", "--no-progress", raw, `images/${name}`);
  await ceph.run("rbd", "snap", "create", "--no-progress", `images/${name}@snap`);
  if (protect) await ceph.run("rbd", "snap", "protect", `images/${name}@snap`);
  t.after(async () => {
    if (protect) await ceph.run("rbd", "snap", "unprotect", `images/${name}@snap`);
    await ceph.run("rbd", "snap", "purge", "--no-progress", `images/${name}`);
    await ceph.run("rbd", "rm", "--no-progress", `images/${name}`);
  });
  return `rbd://${ceph.fsid}/images/${name}/snap`;
}

async function parentOf(disk: DiskSpec): Promise<string | undefined> {
  const { parent } = JSON.parse(await ceph.run("rbd", "info", `vms/${disk.uuid}_${disk.name}`, "--format", "json"));
  return parent === undefined ? undefined : `${parent.pool}/${parent.image}@${parent.snapshot}`;
}

test("an image in the same cluster is cloned from its protected snapshot, and labelled like any other", async (t) => {
  const { context, disk, raw, operations } = await prepare(t);
  // Registered after the pool is emptied in `prepare`, so that the clone is gone before its parent.
  const address = await published(t, raw, "cloned", true);
  t.after(emptyPool);
  const wanted = disk(address);
  await rbd.create(context, wanted, nothing);
  assert.deepEqual(operations, ["look", "remove", "monitors", "info", "clone", "rename"]);
  assert.equal(await parentOf(wanted), "images/cloned@snap");
  assert.match(qemuImg("compare", "-f", "raw", "-F", "raw", opened(wanted), raw), /identical/);
  assert.equal((await rbd.list(context, [wanted])).get(`${uuid}/disk`)?.size, 4 * mebibyte);
  const labels = JSON.parse(await ceph.run("rbd", "image-meta", "list", `vms/${uuid}_disk`, "--format", "json"));
  assert.deepEqual(labels, {
    "virtform.project": "shop",
    "virtform.instance": "web",
    "virtform.machine": readFileSync("/etc/machine-id", "utf8").trim(),
    "virtform.applied": JSON.stringify({ backend: "rbd", size: 4 * mebibyte, image: "debian", entry: "c".repeat(40) }),
  });
  const small = { ...disk(address), name: "disk.small", size: mebibyte / 2 };
  await assert.rejects(rbd.create(context, small, nothing), (error) => error instanceof UserError);
  assert.deepEqual(await images(), [`${uuid}_disk`]);
  await emptyPool();
});

test("an image in another cluster, or without a protected snapshot, is imported", async (t) => {
  const { context, disk, raw } = await prepare(t);
  const loose = await published(t, raw, "loose", false);
  for (const address of [loose, loose.replace(ceph.fsid, "00000000-0000-4000-8000-000000000000"), `${loose}-gone`, "rbd://images"]) {
    await rbd.create(context, disk(address), nothing);
    assert.equal(await parentOf(disk()), undefined);
    assert.match(qemuImg("compare", "-f", "raw", "-F", "raw", opened(disk()), raw), /identical/);
    await rbd.remove(context, disk());
  }
});

test("Nova RBD-04: of several locations the first that can be cloned is, and one that cannot be looked at is passed over", async (t) => {
  const { context, disk, raw } = await prepare(t);
  const [loose, first, second] = [
    await published(t, raw, "unprotected", false),
    await published(t, raw, "one", true),
    await published(t, raw, "two", true),
  ];
  t.after(emptyPool);
  const elsewhere = first.replace(ceph.fsid, "00000000-0000-4000-8000-000000000000");
  const nowhere = first.replace("/images/", "/no-such-pool/");
  const wanted = disk(elsewhere, nowhere, loose, `${first}-gone`, second, first);
  await rbd.create(context, wanted, nothing);
  assert.equal(await parentOf(wanted), "images/two@snap");
});

test("an encrypted disk is made although QEMU once gives up on its clock and leaves an image", async (t) => {
  const { context, disk } = await prepare(t);
  const { host } = context;
  let attempts = 0;
  const run: Host["run"] = async (command) => {
    if (!command.args.includes("create") || attempts++ > 0) return host.run(command);
    await ceph.run("rbd", "create", "--size", "1M", `vms/${uuid}_disk.part`);
    const stderr = "qemu-img: rbd:vms/disk: Unable to get accurate CPU usage";
    throw new CommandError({ commandLine: "qemu-img create", exitCode: 1, stderr, reason: "exit", detail: "", summary: stderr });
  };
  const there: Context = { ...context, secret: () => "otter", host: { ...host, run } };
  const wanted = { ...disk(), encryption: { passphrase: { env: "DISK_PASSPHRASE" }, secretUuid: uuid } } satisfies DiskSpec;
  await rbd.create(there, wanted, nothing);
  // QEMU itself may give up once more.
  assert.ok(attempts >= 2, `${attempts} attempts`);
  assert.deepEqual(await images(), [`${uuid}_disk`]);
  assert.equal(await rbd.encryption?.opens(there, wanted, "otter"), true);
});

test("an image that is too large for its disk is found before a byte is imported", async (t) => {
  const { context, disk, operations } = await prepare(t);
  await assert.rejects(rbd.create(context, { ...disk(), size: mebibyte / 2 }, nothing), (error) => error instanceof UserError);
  assert.ok(operations.includes("look") && !operations.includes("import_file"));
  assert.deepEqual(await images(), []);
});

test("snapshots and clones in the way of a removal are named, and nothing is removed", async (t) => {
  const { context, disk } = await prepare(t);
  await rbd.create(context, disk(), nothing);
  const image = `vms/${uuid}_disk`;
  await ceph.run("rbd", "snap", "create", "--no-progress", `${image}@before-upgrade`);
  await ceph.run("rbd", "snap", "protect", `${image}@before-upgrade`);
  await ceph.run("rbd", "clone", `${image}@before-upgrade`, "images/copy");
  try {
    await assert.rejects(rbd.remove(context, disk()), (error) => {
      assert.ok(error instanceof UserError);
      const [diagnostic] = error.diagnostics;
      assert.equal(diagnostic?.code, "disk-has-snapshots");
      assert.match(diagnostic?.detail ?? "", new RegExp(`${image}@before-upgrade \\(cloned as images/copy\\)`));
      assert.match(diagnostic?.detail ?? "", /rbd flatten/);
      return true;
    });
    assert.equal((await rbd.list(context, [disk()])).size, 1);
  } finally {
    await ceph.run("rbd", "rm", "--no-progress", "images/copy");
  }
  await ceph.run("rbd", "snap", "unprotect", `${image}@before-upgrade`);
  await ceph.run("rbd", "snap", "purge", "--no-progress", image);
  await rbd.remove(context, disk());
  assert.deepEqual(await images(), []);
});

test("a snapshot is fetched as an image, with its digest; another cluster's is refused by name", async (t) => {
  const { context, raw } = await prepare(t);
  const address = await published(t, raw, "fetched", true);
  const to = join(temporary(t), "image.part");
  const fetched = await requireSource(address).fetch(context, { source: address, to, digests: ["sha256"] });
  assert.equal(fetched.bytes, mebibyte);
  assert.ok(readFileSync(to).equals(readFileSync(raw)));
  assert.match(fetched.digests.sha256 ?? "", /^[0-9a-f]{64}$/);
  const code = (expected: string) => (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === expected;
  const fetch = (source: string) => requireSource(source).fetch(context, { source, to, digests: ["sha256"] });
  await assert.rejects(fetch(address.replace(ceph.fsid, "00000000-0000-4000-8000-000000000000")), code("image-source-other-cluster"));
  await assert.rejects(fetch(`${address}-gone`), code("image-source-missing"));
});

test("facts name cluster, monitors and whether the pool is there; a cluster that does not answer is never an empty one", async (t) => {
  const { context, disk } = await prepare(t);
  const { room, ...found } = (await lookUpDrivers(context))["rbd"] as CephFacts;
  assert.deepEqual(found, { fsid: ceph.fsid, monitors: [ceph.monitor], pool: true, secret: null, cloneable: {} });
  // The cluster of the tests keeps its data in about a gibibyte of memory.
  assert.ok(typeof room === "number" && room > 2 ** 28 && room < 2 ** 32, String(room));
  const elsewhere = (rbdSettings: object): Context => ({
    ...context,
    settings: { ...context.settings, drivers: { rbd: { ...settings().drivers.rbd, ...rbdSettings } } },
  });
  assert.equal(((await lookUpDrivers(elsewhere({ pool: "none" })))["rbd"] as CephFacts).pool, false);
  await assert.rejects(rbd.list(elsewhere({ pool: "none" }), [disk()]), UnreachableError);
  await assert.rejects(rbd.list(elsewhere({ conf: "/nowhere/ceph.conf" }), [disk()]), UnreachableError);
  await assert.rejects(lookUpDrivers(elsewhere({ conf: "/nowhere/ceph.conf" })), UnreachableError);
});

test("a disk of a host that shares the pool and the project's name is left alone, and is no loss", async (t) => {
  const { context, disk } = await prepare(t);
  await rbd.create(context, disk(), nothing);
  const name = `vms/${uuid}_disk`;
  const labels = async () => JSON.parse(await ceph.run("rbd", "image-meta", "list", name, "--format", "json"));
  const own = (await labels())["virtform.machine"];
  assert.match(own, /^[0-9a-f]{32}$/);
  const refused = ({ code }: { code?: string }) => code === "disk-of-another-host";
  await ceph.run("rbd", "image-meta", "set", name, "virtform.machine", "0".repeat(32));
  await assert.rejects(rbd.create(context, disk(), nothing), refused);
  await assert.rejects(rbd.list(context, [disk()]), refused);
  await assert.rejects(rbd.grow(context, disk(), 8 * mebibyte, undefined), refused);
  await assert.rejects(rbd.remove(context, disk()), refused);
  assert.deepEqual(await images(), [`${uuid}_disk`]);
  // As earlier versions labelled it.
  await ceph.run("rbd", "image-meta", "remove", name, "virtform.machine");
  assert.equal((await rbd.list(context, [disk()])).size, 1);
  await rbd.remove(context, disk());
  assert.deepEqual(await images(), []);
});
