import assert from "node:assert/strict";
import { globSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { checkStorage } from "../../../src/commands/doctor-storage.ts";
import type { Context } from "../../../src/model/context.ts";
import type { Finding } from "../../../src/model/finding.ts";
import type { Command, Host } from "../../../src/model/host.ts";
import type { HostSettings } from "../../../src/model/settings.ts";
import { type Ceph, startCeph } from "../../support/ceph.ts";
import { createFakeLvm } from "../../unit/drivers/fake-lvm.ts";
import { temporary } from "../kinds/image/images.ts";
import { machine } from "../kinds/image/machine.ts";

const mebibyte = 2 ** 20;

let ceph: Ceph;
before(async () => {
  ceph = await startCeph(["vms"]);
});
after(() => ceph?.stop());

/** This machine, asked for what these settings need. `run` may send a command elsewhere. */
function asked(t: TestContext, settings: Partial<HostSettings>, run: (command: Command) => Command = (command) => command): Context {
  const wrap = (host: Host): Host => ({ ...host, run: (command) => host.run(run(command)), lock: host.lock, close: host.close });
  const context = machine(t, { wrap });
  return { ...context, settings: { ...context.settings, uri: "qemu:///system", ...settings } };
}

/** As on a machine on which these programs are not installed. */
const without =
  (...programs: string[]) =>
  (command: Command): Command =>
    programs.includes(command.program) ? { ...command, program: `/nonexistent/${command.program}` } : command;

const told = (findings: readonly Finding[]) => findings.map(({ check, status, found }) => `${status} ${check}: ${found}`);
const fixOf = (findings: readonly Finding[], check: string) => findings.find((one) => one.check === check)?.fix ?? "";
const rbd = (more: object = {}) => ({ pool: "vms", user: null, conf: ceph.conf, secretUuid: null, resizeSnapshot: true, ...more });
const lvm = { volumeGroup: "vg0", sparse: false, volumeClear: "zero", volumeClearSize: 0 } as const;

test("a configuration that uses nothing of it is asked nothing", async (t) => {
  assert.deepEqual(await checkStorage(asked(t, { usedDrivers: ["qcow2"] })), []);
});

test("lvm: the programs, the group and its room, each with what to do", async (t) => {
  const used = { usedDrivers: ["lvm"], drivers: { lvm } } as const;
  const fake = createFakeLvm(join(temporary(t), "vg0"), "vg0", 8 * mebibyte, 4 * mebibyte);
  const context = asked(t, used);
  const there = { ...context, host: fake.wrap(context.host) };
  assert.deepEqual(told(await checkStorage(there))[0], "ok lvm: volume group vg0: 8MiB free of 8MiB");
  const other = await checkStorage({ ...there, settings: { ...there.settings, drivers: { lvm: { ...lvm, volumeGroup: "vg9" } } } });
  assert.equal(told(other)[0], "error lvm: Volume group vg9 does not exist on the host");
  assert.match(fixOf(other, "lvm"), /vgcreate/);
  const missing = await checkStorage(asked(t, used, without("vgs")));
  assert.match(told(missing)[0] ?? "", /^error lvm: vgs is not installed on /);
  assert.match(fixOf(missing, "lvm"), /apt install lvm2/);
  fake.lvm({ program: "lvcreate", args: ["-L", "8388608b", "-n", "all", "vg0"], timeoutMs: 1000 });
  assert.equal(told(await checkStorage(there))[0], "warning lvm: volume group vg0: 0B free of 8MiB");
});

test("rbd: cluster, pool, secret and qemu's driver, each with what to do", async (t) => {
  const used = (more: object = {}) => ({ usedDrivers: ["rbd"], drivers: { rbd: rbd(more) } }) as const;
  const [cluster, pool, driver] = told(await checkStorage(asked(t, used())));
  assert.match(cluster ?? "", new RegExp(`^ok ceph: cluster ${ceph.fsid} answers: `));
  assert.deepEqual([pool, driver], ["ok ceph pool: pool vms exists", "ok qemu's rbd driver: qemu opens images in Ceph"]);

  const secretUuid = "457eb676-33da-42ec-9a8c-929300000001";
  const lacking = await checkStorage(asked(t, used({ pool: "nowhere", user: "admin", secretUuid })));
  assert.deepEqual(told(lacking).slice(1, 3), [
    "error ceph pool: Ceph pool nowhere does not exist",
    `error ceph secret: libvirt has no secret ${secretUuid}`,
  ]);
  assert.match(fixOf(lacking, "ceph pool"), /ceph osd pool create/);
  assert.match(fixOf(lacking, "ceph secret"), /secret-set-value/);

  const silent = await checkStorage(asked(t, used({ conf: "/nonexistent/ceph.conf" })));
  assert.match(told(silent)[0] ?? "", /^error ceph: Ceph does not answer /);
  assert.match(fixOf(silent, "ceph"), /ceph -s/);
  assert.equal(silent.length, 2, "what is behind it is not known");

  process.env["VIRTFORM_PYTHON"] = "/nonexistent/python3";
  t.after(() => delete process.env["VIRTFORM_PYTHON"]);
  const bare = await checkStorage(asked(t, used()));
  assert.match(told(bare)[0] ?? "", /^error ceph: Ceph's bindings for Python are not installed on /);
  assert.match(fixOf(bare, "ceph"), /apt install python3-rbd/);
});

test("rbd: a qemu without its driver is found out, without asking the cluster", async (t) => {
  const [modules] = globSync("/usr/lib/*/qemu/block-rbd.so").map((path) => path.replace(/\/[^/]*$/, ""));
  assert.ok(modules, "qemu-block-extra is installed");
  const empty = join(temporary(t), "modules");
  mkdirSync(empty);
  // In a room of its own, with the directory of modules covered.
  const hidden = (command: Command): Command =>
    command.program !== "qemu-img"
      ? command
      : {
          ...command,
          program: "unshare",
          args: ["-m", "sh", "-c", 'mount --bind "$0" "$1"; shift; exec qemu-img "$@"', empty, modules, ...command.args],
        };
  const findings = await checkStorage(asked(t, { usedDrivers: ["rbd"], drivers: { rbd: rbd() } }, hidden));
  assert.equal(told(findings).at(-1), "error qemu's rbd driver: qemu on the host cannot open images in Ceph");
  assert.match(fixOf(findings, "qemu's rbd driver"), /apt install qemu-block-extra/);
});

test("mkfs programs, e2fsprogs and fallocate, each with what to do", async (t) => {
  const used = { usedDrivers: ["ploop", "flat"], programs: ["mkfs.ext4", "mkfs.xfs"], preallocateImages: "space" } as const;
  const fine = await checkStorage(asked(t, used));
  assert.deepEqual(
    fine.map(({ check, status }) => `${status} ${check}`),
    ["ok mkfs.ext4", "ok mkfs.xfs", "ok e2fsprogs", "ok preallocation"],
  );
  const bare = await checkStorage(asked(t, used, without("mkfs.xfs", "resize2fs", "fallocate")));
  assert.deepEqual(told(bare), [
    "ok mkfs.ext4: makes empty disks of the configuration",
    "error mkfs.xfs: mkfs.xfs is not installed on the host",
    "warning e2fsprogs: resize2fs not installed: ext filesystems without partitions do not grow with their disks",
    "error preallocation: fallocate is not installed on the host",
  ]);
  assert.deepEqual(
    ["mkfs.xfs", "e2fsprogs", "preallocation"].map((check) => /apt install ([\w-]+)/.exec(fixOf(bare, check))?.[1]),
    ["xfsprogs", "e2fsprogs", "util-linux"],
  );
});
