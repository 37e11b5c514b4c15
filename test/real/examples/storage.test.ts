import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { startCeph } from "../../support/ceph.ts";
import { startLoopLvm } from "../../support/loop-lvm.ts";
import { quickQemuImg } from "../../support/quick-luks.ts";
import { tryExample } from "./try-example.ts";

for (const example of ["flat-vfat", "ploop"]) tryExample(example);

// Its volume is made as QEMU itself makes it, its disks so that they are opened at once: one of them shows what all of them would.
tryExample("encrypted", { prepare: quickButForVolumes });

tryExample("lvm", {
  prepare: (t, _directory, { host }) => {
    assert.ok(host.lvm);
    host.lvm.volume_group = loopGroup(t);
  },
  // test/real/lvm/guest.ts, which has the real LVM, starts no Linux that would report this.
  look: ({ value, userData }) => {
    assert.deepEqual([value("root"), value("boots"), userData], ["virtform tiny guest", "1", `#!/bin/sh\necho "From a volume group."\n`]);
    assert.match(value("config-drive") ?? "", /type=vfat/);
  },
});

tryExample("rbd", {
  prepare: async (t, _directory, { host }) => {
    assert.ok(host.rbd);
    const ceph = await startCeph([host.rbd.pool]);
    t.after(ceph.stop);
    host.rbd.conf = ceph.conf;
  },
});

/** A volume group of loop devices. The real LVM is on a host of its own, in test/real/lvm, where no Linux is started. */
function loopGroup(t: TestContext): string {
  const lvm = startLoopLvm(2 ** 30);
  const path = process.env["PATH"];
  process.env["PATH"] = `${lvm.programs}:${path}`;
  t.after(() => {
    process.env["PATH"] = path;
    lvm.stop();
  });
  return lvm.group;
}

/** A qemu-img in PATH that makes the containers of volumes as QEMU itself does. */
function quickButForVolumes(t: TestContext, directory: string): void {
  const programs = `${directory}.bin`;
  mkdirSync(programs);
  const script = `#!/bin/sh\ncase "$*" in */volumes/*) exec /usr/bin/qemu-img "$@" ;; esac\nexec ${quickQemuImg} "$@"\n`;
  writeFileSync(`${programs}/qemu-img`, script, { mode: 0o755 });
  const path = process.env["PATH"];
  process.env["PATH"] = `${programs}:${path}`;
  t.after(() => {
    process.env["PATH"] = path;
  });
}
