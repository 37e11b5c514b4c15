import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { countingDisk } from "../support/speaking-disk.ts";
import { killedAtStep, mustRun, stepOf, virtform, virtformEvents } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  assertNoLeftovers,
  createWorkspace,
  roomy,
  virsh,
  type Workspace,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

/** A configuration with a guest that counts its boots on its disk, an image of that disk, and perhaps guests of the image. */
async function configured(
  workspace: Workspace,
  options: { readonly power: "running" | "stopped"; readonly golden?: string; readonly copies?: readonly string[]; readonly data?: string },
): Promise<void> {
  const { prefix, directory } = workspace;
  await writeFile(`${directory}/count.raw`, countingDisk("counted"));
  const flavor = { flavor: "small" };
  const { data } = options;
  const copies = Object.fromEntries((options.copies ?? []).map((name) => [`${prefix}-${name}`, { ...flavor, image: "golden" }]));
  await writeConfig(workspace, {
    host: { allocation_ratio: { ...roomy, disk: 1000 } },
    images: {
      count: { source: `${directory}/count.raw`, disk_format: "raw" },
      ...(data === undefined ? {} : { large: { source: data, disk_format: "raw" } }),
      ...(options.golden === undefined ? {} : { golden: { source: options.golden, disk_format: "raw" } }),
    },
    flavors: { small: { vcpus: 1, ram: "64MiB", disk: "8MiB" } },
    ...(data === undefined ? {} : { volumes: { data: { size: "320MiB", image: "large" } } }),
    instances: {
      [`${prefix}-builder`]: {
        ...flavor,
        image: "count",
        power_state: options.power,
        ...(data === undefined ? {} : { volumes: [{ volume: "data" }] }),
      },
      ...copies,
    },
  });
}

const words = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) => `${stdout} ${stderr}`.replaceAll(/\s+/g, " ");

test("what a guest wrote becomes an image while it runs, from which another guest boots; a new label takes the disk as it is then", async (t) => {
  const workspace = await createWorkspace(t);
  const { prefix, directory, instancesPath } = workspace;
  const golden = `instance://${prefix}-builder/root`;
  await configured(workspace, { power: "running" });
  await apply(workspace);
  await waitForConsole(workspace, `${prefix}-builder`, /^boots=1$/m);

  await configured(workspace, { power: "running", golden, copies: ["copy"] });
  const planned = await virtform("plan", directory);
  assert.match(planned.stdout, /way +from a disk of \S+-builder while it runs, as after a power failure/, planned.stdout + planned.stderr);
  await killedAtStep(["apply", directory, "--auto-approve"], "apply_start image.fetch");
  await apply(workspace);
  await assertConverged(workspace);
  await waitForConsole(workspace, `${prefix}-copy`, /^boots=2$/m);
  await assertNoLeftovers(workspace);
  const sidecars = () =>
    readdirSync(`${instancesPath}/_base`)
      .filter((name) => name.endsWith(".json"))
      .map((name) => JSON.parse(readFileSync(`${instancesPath}/_base/${name}`, "utf8")))
      .filter(({ image }) => image === "golden");
  const [taken] = sidecars();
  const info = JSON.parse(
    await mustRun("qemu-img", ["info", "-U", "-f", "raw", "--output=json", `${instancesPath}/_base/${entryOf(taken)}`]),
  );
  assert.equal(info["backing-filename"], undefined, "the image depends on no other one");

  // Taken once: what the guest does later changes nothing.
  await virsh("destroy", `${prefix}-builder`);
  await apply(workspace);
  await waitForConsole(workspace, `${prefix}-builder`, /^boots=2$/m);
  await assertConverged(workspace);

  // Off, and started by the same apply, which waits for the image.
  await virsh("destroy", `${prefix}-builder`);
  await configured(workspace, { power: "running", golden: `${golden}#second`, copies: ["copy", "later"] });
  const off = await virtform("plan", directory);
  assert.match(off.stdout, /way +from a disk of \S+-builder, which is off, as after a power failure/, off.stdout + off.stderr);
  await apply(workspace);
  await waitForConsole(workspace, `${prefix}-later`, /^boots=3$/m);
  await waitForConsole(workspace, `${prefix}-builder`, /^boots=3$/m);
  assert.equal(sidecars().length, 2, "disks keep the image that they were made from");
  const again = await virtform("plan", directory, "--detailed-exitcode");
  assert.equal(again.code, 0, again.stdout);

  function entryOf({ id }: { readonly id: string }): string {
    const found = readdirSync(`${instancesPath}/_base`).find(
      (name) => name.endsWith(".json") && JSON.parse(readFileSync(`${instancesPath}/_base/${name}`, "utf8")).id === id,
    );
    return (found ?? "").replace(/\.json$/, "");
  }
});

test("the copy of a running disk that a kill leaves is ended, and the guest keeps its disk", async (t) => {
  const workspace = await createWorkspace(t);
  const { prefix, directory, instancesPath } = workspace;
  const name = `${prefix}-builder`;
  await configured(workspace, { power: "running" });
  await apply(workspace);
  await waitForConsole(workspace, name, /^boots=1$/m);
  const rootDisk = async () => /vda +(\S+)/.exec(await virsh("domblklist", name))?.[1];
  const disk = await rootDisk();
  // A disk that takes long to copy.
  await mustRun("truncate", ["-s", "320M", `${directory}/large.raw`]);
  await mustRun("bash", ["-c", `head -c 300M /dev/zero | tr '\\0' x | dd of=${directory}/large.raw seek=2048 conv=notrunc status=none`]);
  await configured(workspace, { power: "running", data: `${directory}/large.raw` });
  await apply(workspace);

  await configured(workspace, { power: "running", data: `${directory}/large.raw`, golden: "volume://data" });
  const files = () => readdirSync(`${instancesPath}/_base`).filter((file) => /\.copy/.test(file));
  let looking: NodeJS.Timeout | undefined;
  const killed = await virtformEvents(["apply", directory, "--auto-approve"], (event, kill) => {
    if (stepOf(event) !== "apply_start image.fetch") return;
    looking = setInterval(() => {
      if (files().some((file) => file.endsWith(".copy"))) kill();
    }, 5);
  });
  clearInterval(looking);
  assert.notEqual(killed.code, 0);
  assert.equal(files().length, 2, "it was killed while libvirt copied");
  // Without the image in the configuration, so that no copy is started again.
  await configured(workspace, { power: "running", data: `${directory}/large.raw` });
  await apply(workspace);
  assert.deepEqual(files(), []);
  assert.match(await virsh("domjobinfo", name), /Job type: +None/);
  assert.ok(disk !== undefined);
  assert.equal(await rootDisk(), disk);
  await assertNoLeftovers(workspace);
});

test("an instance without a disk, and an instance of its own image, are errors of the plan", async (t) => {
  const workspace = await createWorkspace(t);
  const { prefix, directory } = workspace;
  await configured(workspace, { power: "stopped", golden: `instance://${prefix}-builder/root`, copies: ["copy"] });
  const early = await virtform("plan", directory);
  assert.equal(early.code, 1);
  assert.match(words(early), /There is no disk of instance \S+-builder to take an image from .* has no such instance on the host/);
  await configured(workspace, { power: "stopped", golden: `instance://${prefix}-copy/root`, copies: ["copy"] });
  const circle = await virtform("plan", directory);
  assert.match(words(circle), /Image golden is taken from a disk that is made from it/);
});
