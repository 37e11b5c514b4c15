import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { driverOf } from "../../../src/drivers/index.ts";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { UnreachableError, UserError } from "../../../src/model/errors.ts";
import { cephCluster, type Rbd, rbdInfo, rbdNames } from "../../../src/tools/rbd/rbd.ts";
import { type Ceph, startCeph } from "../../support/ceph.ts";
import { conforms } from "../drivers/conformance.ts";
import { startSshd } from "./sshd.ts";

// The suite of the disk backends, on Ceph as a host reaches it that is itself reached over ssh.
const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const host = createSshHost(sshd.target);
after(() => host.close());

let ceph: Ceph;
before(async () => {
  ceph = await startCeph(["vms"]);
});
after(() => ceph?.stop());

const images = async () => JSON.parse(await ceph.run("rbd", "ls", "vms", "--format", "json")) as string[];

conforms([
  {
    backend: driverOf("rbd"),
    on: "real, over ssh",
    preallocates: false,
    growsInside: false,
    wipes: false,
    guests: true,
    place: (t) => {
      t.after(async () => {
        for (const image of await images()) await ceph.run("rbd", "rm", "--no-progress", `vms/${image}`);
      });
      return {
        settings: { drivers: { rbd: { pool: "vms", user: null, conf: ceph.conf, secretUuid: null, resizeSnapshot: true } } },
        storage: { rbd: { fsid: ceph.fsid, monitors: [ceph.monitor], pool: true } },
        wrap: () => host,
        open: (_context, disk) => `rbd:vms/${disk.uuid}_${disk.name}:conf=${ceph.conf}`,
        kept: images,
        giveAway: async (_context, disk) => {
          await ceph.run("rbd", "image-meta", "set", `vms/${disk.uuid}_${disk.name}`, "virtform.project", "bank");
        },
      };
    },
  },
]);

test("a lost connection is no answer about an image; missing bindings are reported", async (t) => {
  const own = await startSshd(t);
  const before = process.env["VIRTFORM_SSH"];
  process.env["VIRTFORM_SSH"] = own.program;
  const there = createSshHost(own.target);
  t.after(() => there.close());
  process.env["VIRTFORM_SSH"] = before;
  const rbd: Rbd = { context: { host: there, signal: new AbortController().signal }, access: { conf: ceph.conf, user: null } };

  process.env["VIRTFORM_PYTHON"] = "/nowhere/python3";
  await assert.rejects(rbdNames(rbd, "vms"), (error) => error instanceof UserError && error.diagnostics[0]?.code === "ceph-missing");
  delete process.env["VIRTFORM_PYTHON"];

  assert.equal((await cephCluster(rbd)).fsid, ceph.fsid);
  assert.equal(await rbdInfo(rbd, { pool: "vms", image: "absent" }), undefined);
  own.stop();
  for (let again = 0; again < 2; again += 1)
    await assert.rejects(rbdInfo(rbd, { pool: "vms", image: "absent" }), (error) => error instanceof UnreachableError);
});
