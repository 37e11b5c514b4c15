import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { countingDisk } from "../support/speaking-disk.ts";
import { killedAtStep, mustRun, virtform } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  assertNoLeftovers,
  createWorkspace,
  virsh,
  type Workspace,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

/** A configuration with a guest that counts its boots on its disk, an image of that disk, and perhaps guests of the image. */
async function configured(
  workspace: Workspace,
  options: { readonly power: "running" | "stopped"; readonly golden?: string; readonly copies?: readonly string[] },
): Promise<void> {
  const { prefix, directory } = workspace;
  await writeFile(`${directory}/count.raw`, countingDisk("counted"));
  const flavor = { flavor: "small" };
  const copies = Object.fromEntries((options.copies ?? []).map((name) => [`${prefix}-${name}`, { ...flavor, image: "golden" }]));
  await writeConfig(workspace, {
    images: {
      count: { source: `${directory}/count.raw`, disk_format: "raw" },
      ...(options.golden === undefined ? {} : { golden: { source: options.golden, disk_format: "raw" } }),
    },
    flavors: { small: { vcpus: 1, ram: "64MiB", disk: "8MiB" } },
    instances: { [`${prefix}-builder`]: { ...flavor, image: "count", power_state: options.power }, ...copies },
  });
}

const words = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) => `${stdout} ${stderr}`.replaceAll(/\s+/g, " ");

test("what a guest wrote becomes an image, from which another guest boots; a new label takes the disk as it is then", async (t) => {
  const workspace = await createWorkspace(t);
  const { prefix, directory, instancesPath } = workspace;
  const golden = `instance://${prefix}-builder/root`;
  await configured(workspace, { power: "running" });
  await apply(workspace);
  await waitForConsole(workspace, `${prefix}-builder`, /^boots=1$/m);

  await configured(workspace, { power: "running", golden });
  const running = await virtform("plan", directory);
  assert.equal(running.code, 1);
  assert.match(words(running), /The disk of instance \S+-builder is in use .* virtform stop \S+-builder/);

  // It ignores the power button.
  await virsh("destroy", `${prefix}-builder`);
  await configured(workspace, { power: "stopped", golden, copies: ["copy"] });
  const planned = await virtform("plan", directory);
  assert.match(planned.stdout, /way +from a disk of \S+-builder, which is off, as after a power failure/, planned.stdout + planned.stderr);
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
  await configured(workspace, { power: "running", golden, copies: ["copy"] });
  await apply(workspace);
  await waitForConsole(workspace, `${prefix}-builder`, /^boots=2$/m);
  await assertConverged(workspace);

  await virsh("destroy", `${prefix}-builder`);
  await configured(workspace, { power: "stopped", golden: `${golden}#second`, copies: ["copy", "later"] });
  await apply(workspace);
  await waitForConsole(workspace, `${prefix}-later`, /^boots=3$/m);
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
