import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { access, chmod, readFile, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { countingDisk } from "../support/speaking-disk.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { until } from "./support/until.ts";
import { type ApplyEvent, killedAtStep, mustRun, runProgram, virtformEvents } from "./support/virtform.ts";
import { createWorkspace, roomy, virsh, waitForConsole, writeConfig } from "./support/workspace.ts";

/** One guest on a bridge of its own, and a second bridge that nothing is connected to. */
async function prepare(t: TestContext) {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-web`;
  const id = randomInt(100_000);
  const [early, late] = [`vtea${id}`, `vtlb${id}`];
  for (const bridge of [early, late]) {
    await mustRun("ip", ["link", "add", bridge, "type", "bridge"]);
    t.after(() => runProgram("ip", ["link", "del", bridge]));
    await mustRun("ip", ["link", "set", bridge, "up"]);
  }
  const disk = `${workspace.directory}/disk.raw`;
  await writeFile(disk, countingDisk("this is the guest"));
  const write = (ready: unknown, host: object = {}) =>
    writeConfig(workspace, {
      host: { allocation_ratio: { ...roomy, disk: 100 }, ...host },
      images: { counting: { source: disk, disk_format: "raw" } },
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "8MiB" } },
      instances: {
        [name]: {
          image: "counting",
          flavor: "small",
          config_drive: false,
          guest_agent: false,
          networks: [{ name: "front", bridge: early, ...(ready === undefined ? {} : { ready }) }],
        },
      },
    });
  const state = async () => (await runProgram("virsh", ["-c", "qemu:///system", "domstate", "--reason", name])).stdout.trim();
  const tap = async () =>
    /vnet\d+|tap[0-9a-f]{8}-[0-9a-f]{2}/.exec((await runProgram("virsh", ["-c", "qemu:///system", "domiflist", name])).stdout)?.[0];
  const log = async () => {
    const uuid = (await virsh("domuuid", name)).trim();
    return readFile(`${workspace.instancesPath}/${uuid}/console.log`, "utf8");
  };
  return { workspace, directory: workspace.directory, name, early, late, write, state, tap, log };
}

const isPaused = (state: string) => state === "paused (user)";
const waited = ({ type, hook }: ApplyEvent) =>
  type === "apply_progress" ? [String((hook as { waits_for?: unknown } | undefined)?.waits_for ?? "")] : [];

test("a guest runs only when its device is up and a port of the bridge that another program connects it to", async (t) => {
  const { workspace, directory, name, late, write, state, tap, log } = await prepare(t);
  await write(["link", { bridge: late }]);
  const planned = (await virtform("plan", directory)).stdout.replaceAll(/\s+/g, " ");
  assert.match(
    planned,
    new RegExp(`Then: wait for interface front \\(link, bridge ${late}\\), at most 5 min, then resume, else power off`),
  );

  const run = virtformEvents(["apply", directory, "--auto-approve"], () => undefined);
  const device = await until("paused guest", 120, async () => (isPaused(await state()) ? await tap() : undefined));
  await mustRun("ip", ["link", "set", device, "down"]);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(await state(), "paused (user)");
  assert.doesNotMatch(await log(), /boots=/);
  await mustRun("ip", ["link", "set", device, "master", late]);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(await state(), "paused (user)");
  await mustRun("ip", ["link", "set", device, "up"]);

  const { code, events, stderr } = await run;
  assert.equal(code, 0, stderr);
  const said = events.flatMap(waited).join("\n");
  assert.match(said, new RegExp(`interface front: ${device} is switched off \\(operstate down\\)`));
  assert.match(said, new RegExp(`interface front: ${device} is not a port of bridge ${late}, but of vtea`));
  await waitForConsole(workspace, name, /^boots=1$/m);
  assert.match(await state(), /^running/);
  await assertConverged(workspace);
});

test("without the bridge the guest is powered off before it ran, or resumed with a warning where that is not fatal", async (t) => {
  const { workspace, directory, name, early, late, write, state, log } = await prepare(t);
  await write({ bridge: late }, { vif_plugging_timeout: "3s" });
  const failed = await virtform("apply", directory, "--auto-approve");
  const said = `${failed.stdout}${failed.stderr}`.replaceAll(/\s+/g, " ");
  assert.equal(failed.code, 1, said);
  assert.match(
    said,
    new RegExp(
      `${name} has interfaces that are not ready after 3 s: interface front: \\S+ is not a port of bridge ${late}, but of ${early}`,
    ),
  );
  assert.match(said, /powered off before it ran; its definition and its disks stay/);
  assert.equal(await state(), "shut off (destroyed)");
  assert.doesNotMatch(await log(), /boots=/);

  const planned = await virtform("plan", directory);
  assert.match(planned.stdout, /its interfaces were not ready at its last start, and it should be running/);
  await write({ bridge: late }, { vif_plugging_timeout: "2s", vif_plugging_is_fatal: false });
  const warned = await apply(workspace);
  assert.match(
    `${warned.stdout}${warned.stderr}`.replaceAll(/\s+/g, " "),
    /The guest was resumed anyway \(host.vif_plugging_is_fatal: false\)/,
  );
  await waitForConsole(workspace, name, /^boots=1$/m);
  await assertConverged(workspace);
});

test("an apply that is killed while the guest is paused is completed by the next one; a guest that was paused by hand has no such step", async (t) => {
  const { workspace, directory, name, early, write, state } = await prepare(t);
  await write("bridge");
  await killedAtStep(["apply", directory, "--auto-approve"], "apply_start domain.plug");
  assert.equal(await state(), "paused (user)");
  const planned = (await virtform("plan", directory)).stdout.replaceAll(/\s+/g, " ");
  assert.match(planned, /the last apply started it paused and did not resume it/);
  assert.match(planned, new RegExp(`Steps: wait for interface front \\(bridge ${early}\\), at most 5 min, then resume, else power off`));
  await apply(workspace);
  assert.match(await state(), /^running/);
  await assertConverged(workspace);

  await virsh("suspend", name);
  const byHand = (await virtform("plan", directory)).stdout.replaceAll(/\s+/g, " ");
  assert.match(byHand, /it is paused and should be running \(host drifted\)/);
  assert.match(byHand, /Steps: resume /);
});

test("a program of the host decides: it is asked again while it says not yet, and its refusal is shown", async (t) => {
  const { workspace, directory, name, write, state, tap } = await prepare(t);
  const program = `${directory}/port up`;
  await writeFile(
    program,
    `#!/bin/sh
env | grep ^VIRTFORM_ | sort > ${directory}/environment
printf '%s\\n' "$@" > ${directory}/arguments
[ -e ${directory}/never ] && { echo "port of $VIRTFORM_NIC was refused" >&2; exit 4; }
[ -e ${directory}/yes ] || { echo "port is not bound" >&2; exit 1; }
`,
  );
  await chmod(program, 0o755);
  const command = [program, "--zone", "$(id) the dmz"];
  await write({ command });
  const run = virtformEvents(["apply", directory, "--auto-approve"], () => undefined);
  const device = await until("paused guest", 120, async () => (isPaused(await state()) ? await tap() : undefined));
  const asked = () =>
    access(`${directory}/arguments`).then(
      () => true,
      () => undefined,
    );
  await until("run of the program", 60, asked);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(await state(), "paused (user)");
  await writeFile(`${directory}/yes`, "");
  const { code, events, stderr } = await run;
  assert.equal(code, 0, stderr);
  assert.match(events.flatMap(waited).join("\n"), /reports that it is not ready yet \(port is not bound\)/);
  assert.equal(await readFile(`${directory}/arguments`, "utf8"), "--zone\n$(id) the dmz\n");
  const given = Object.fromEntries(
    (await readFile(`${directory}/environment`, "utf8"))
      .trim()
      .split("\n")
      .map((line) => line.split("=")),
  );
  const mac = /52:54:[0-9a-f:]+/.exec(await virsh("domiflist", name))?.[0];
  const uuid = (await virsh("domuuid", name)).trim();
  // The rest is of the command that runs the tests.
  const names = ["INSTANCE", "INTERFACE", "MAC", "NIC", "UUID"].map((one) => `VIRTFORM_${one}`);
  assert.deepEqual(Object.fromEntries(Object.entries(given).filter(([one]) => names.includes(one))), {
    VIRTFORM_INSTANCE: name,
    VIRTFORM_INTERFACE: device,
    VIRTFORM_MAC: mac,
    VIRTFORM_NIC: "front",
    VIRTFORM_UUID: uuid,
  });
  await assertConverged(workspace);

  await virsh("destroy", name);
  await writeFile(`${directory}/never`, "");
  const failed = await virtform("apply", directory, "--auto-approve");
  const said = `${failed.stdout}${failed.stderr}`.replaceAll(/\s+/g, " ");
  assert.equal(failed.code, 1, said);
  assert.match(said, /interface front: '\S+\/port up' failed with exit code 4/);
  assert.match(said, /End of the error output of .*: port of front was refused/);
  assert.match(await state(), /^shut off/);
});
