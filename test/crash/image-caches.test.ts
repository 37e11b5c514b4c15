import assert from "node:assert/strict";
import { test } from "node:test";
import { checkImageCaches } from "../../src/commands/doctor-image-caches.ts";
import { UserError } from "../../src/model/errors.ts";
import type { Machine } from "../fake-host/machine.ts";
import { applied, configOf, createWorld, planOf, root, runOn, summary } from "./world.ts";

const yaml = (project: string, name: string, cache: string | undefined) => `
project: ${project}
host: { virt_type: qemu${cache === undefined ? "" : `, image_cache_subdirectory_name: ${cache}`} }
images:
  debian: { source: https://images.test/debian.qcow2, disk_format: qcow2 }
flavors:
  small: { vcpus: 1, ram: 512MiB, disk: 2GiB, ephemeral: 1GiB }
instances:
  ${name}: { image: debian, flavor: small, power_state: stopped }
`;

const filesIn = (machine: Machine, cache: string) =>
  machine.files
    .walk()
    .map(([path]) => path)
    .filter((path) => path.startsWith(`${root}/${cache}/`))
    .sort();

const basesIn = (machine: Machine, cache: string) => filesIn(machine, cache).filter((path) => /\/[0-9a-f]{40}$/.test(path));

test("base images are in the directory that the configuration names, and nothing is made in _base", async () => {
  const machine = createWorld();
  const before = filesIn(machine, "_base");
  await applied(machine, yaml("shop", "web", "images"));
  assert.equal(basesIn(machine, "images").length, 1);
  assert.deepEqual(filesIn(machine, "_base"), before);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml("shop", "web", "images")))), []);
});

test("projects with different image caches on one host: neither garbage collection nor destroy of one touches that of the other", async () => {
  const machine = createWorld();
  await applied(machine, yaml("shop", "web", undefined));
  await applied(machine, yaml("other", "cart", "images"));
  const [ours, theirs] = [filesIn(machine, "_base"), filesIn(machine, "images")];

  await applied(machine, yaml("other", "cart", "images"), { collect: "0s" });
  await applied(machine, yaml("shop", "web", undefined), { collect: "0s" });
  assert.deepEqual([filesIn(machine, "_base"), filesIn(machine, "images")], [ours, theirs]);

  await applied(machine, yaml("other", "cart", "images"), { destroy: true, images: true });
  assert.deepEqual(filesIn(machine, "_base"), ours);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml("shop", "web", undefined)))), []);
});

test("after a change of the name, an apply is refused, and garbage collection and destroy leave the earlier directory alone", async () => {
  const machine = createWorld();
  await applied(machine, yaml("shop", "web", undefined));
  const before = machine.snapshot();
  const changed = yaml("shop", "web", "images");

  const plan = await planOf(await runOn(machine.boot(), changed));
  assert.deepEqual(
    plan.diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code),
    ["disk-base-in-other-cache"],
  );
  assert.deepEqual(
    plan.changes.map(({ verb, address }) => `${verb} ${address}`),
    ["create image/debian"],
  );
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), changed, { collect: "0s" }))), []);
  assert.deepEqual(machine.snapshot(), before);

  const bases = filesIn(machine, "_base");
  await applied(machine, changed, { destroy: true, images: true });
  assert.deepEqual(filesIn(machine, "_base"), bases);
});

test("doctor names other image caches of the instances path, and not one that the configured name is a link to", async () => {
  const machine = createWorld();
  await applied(machine, yaml("shop", "web", undefined));
  const found = async (cache: string | undefined) => {
    const run = await runOn(machine.boot(), yaml("shop", "web", cache));
    const findings = await checkImageCaches(run.context);
    await run.context.host.close();
    return findings.map(({ status, found }) => `${status}: ${found}`);
  };
  assert.deepEqual(await found(undefined), []);
  assert.deepEqual(await found("images"), [`warning: ${root}/_base has 1 base image; image_cache_subdirectory_name is images`]);
  machine.files.rename(`${root}/_base`, `${root}/images`);
  machine.files.symlink(`${root}/images`, `${root}/_base`);
  assert.deepEqual([await found("images"), await found(undefined)], [[], []]);
});

test("a name that is a path, or that of something else in the instances path, is an error of validate", async () => {
  const uuid = "ad4fa5ce-c6c7-58bb-98fe-14a2ad53a80f";
  const paths = ["", ".", "..", "/srv/images", "a/b", "../images", "-rf", ".hidden", "a b", "x".repeat(65)];
  for (const name of [...paths, "locks", "volumes", "journal", uuid, `${uuid}_del`])
    await assert.rejects(configOf(yaml("shop", "web", JSON.stringify(name))), (error) => {
      assert.ok(error instanceof UserError);
      assert.deepEqual(
        error.diagnostics.map(({ pointer }) => pointer?.join(".")),
        ["host.image_cache_subdirectory_name"],
        name,
      );
      return true;
    });
  for (const name of ["_base", "images", "_base_192.0.2.10"]) await configOf(yaml("shop", "web", name));
});
