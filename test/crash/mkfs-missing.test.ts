import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiskSpec } from "../../src/drivers/driver.ts";
import { ownFilesystem } from "../../src/drivers/shared/blank-content.ts";
import { blankTemplateName } from "../../src/drivers/shared/template-blank.ts";
import { checkMkfs } from "../../src/kinds/capacity/mkfs-check.ts";
import { canApply } from "../../src/model/plan.ts";
import type { FakeHost } from "../fake-host/host.ts";
import { diskSpec } from "../support/disk-spec.ts";
import { observedWith } from "../support/observed.ts";
import { guests } from "./guests.ts";
import { applied, createWorld, planOf, runOn } from "./world.ts";

test("a mkfs program that is not installed is an error of the plan that names its package", async () => {
  const wanted = guests({ ephemeral: "1GiB", ephemerals: "[ { size: 512MiB }, { size: 256MiB, format: ext4 } ]" }).replace(
    "    disk_format: qcow2",
    "    disk_format: qcow2\n    properties: { os_type: windows }",
  );
  const host = createWorld().boot();
  const run: FakeHost["run"] = ({ program, ...command }) =>
    host.run({ ...command, program: program === "mkfs.ntfs" ? "mkfs.missing" : program });
  const plan = await planOf(await runOn({ ...host, run }, wanted));
  assert.equal(canApply(plan), false);
  const errors = plan.diagnostics.filter(({ severity }) => severity === "error");
  assert.deepEqual(
    errors.map(({ code, summary, detail }) => [code, summary, detail]),
    [
      [
        "mkfs-missing",
        "mkfs.ntfs is not installed on the host",
        "It creates the ntfs of disk/web.eph0. On Debian and Ubuntu: apt install ntfs-3g, or choose another format.",
      ],
    ],
  );
});

test("a volume's program is missed as well, with and without instances", async () => {
  const volumes = "volumes: { data: { size: 1GiB, format: xfs } }\n";
  const whole = guests({ sections: volumes });
  const run = await runOn(createWorld().boot(), whole);
  assert.deepEqual(run.context.settings.programs, ["mkfs.xfs"]);
  await applied(createWorld(), whole);
});

test("only what has still to be made needs the program", () => {
  const disk: DiskSpec = diskSpec({
    instance: "web",
    uuid: "6b1c2d3e-0000-4000-8000-000000000031",
    name: "disk.eph0",
    role: "ephemeral",
    backend: "qcow2",
    path: "/i/6b1c2d3e-0000-4000-8000-000000000031/disk.eph0",
    size: 2 ** 30,
    content: { filesystem: "xfs", label: "ephemeral0" },
    preallocate: "none",
  });
  const address = "disk/web.eph0" as const;
  const codes = (states: Record<string, unknown>, one: DiskSpec = disk) =>
    checkMkfs(
      [{ address, disk: one, found: undefined, missing: 0, baseSize: 0 }],
      observedWith(states, { facts: { missingPrograms: ["mkfs.xfs"] } }),
    ).map(({ code }) => code);
  assert.deepEqual(codes({}), ["mkfs-missing"]);
  const found = { backend: "qcow2", format: "qcow2", size: 2 ** 30 };
  const applied = { backend: "qcow2", place: null, size: 2 ** 30, image: null, entry: null, filesystem: "xfs" };
  assert.deepEqual(codes({ [address]: { disk: found, applied } }), []);
  assert.deepEqual(codes({ [address]: { disk: undefined, applied } }), ["mkfs-missing"]);
  assert.deepEqual(codes({ [address]: { disk: found, applied: { ...applied, filesystem: "ext4" } } }), ["mkfs-missing"]);
  const template = { [`base/${blankTemplateName(2 ** 30, ownFilesystem(disk) ?? { filesystem: "xfs", label: "" })}`]: {} };
  assert.deepEqual(codes(template), []);
  assert.deepEqual(codes(template, { ...disk, backend: "flat" }), ["mkfs-missing"]);
  assert.deepEqual(
    codes({}, { ...disk, content: { kind: "blank", blank: { filesystem: "ext4", label: "", usual: false, name: null } } }),
    [],
  );
});
