import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { until } from "./support/until.ts";
import { createWorkspace, roomy, tinyImages, virsh, waitForConsole, writeConfig } from "./support/workspace.ts";

test("libvirt has the guest agent of a guest, which shuts it down; without a channel its power button does", async (t) => {
  const workspace = await createWorkspace(t);
  const [agent, button] = [`${workspace.prefix}-agent`, `${workspace.prefix}-button`];
  const write = (power: "running" | "stopped", golden = false) =>
    writeConfig(workspace, {
      host: { allocation_ratio: { ...roomy, disk: 100 } },
      images: { ...tinyImages(), ...(golden ? { golden: { source: `instance://${agent}/root`, disk_format: "raw" } } : {}) },
      flavors: { small: { vcpus: 1, ram: "160MiB", disk: "64MiB" } },
      instances: Object.fromEntries(
        [agent, button].map((name) => [
          name,
          {
            image: "tiny",
            flavor: "small",
            config_drive: false,
            power_state: power,
            guest_agent: name === agent,
            shutdown: { timeout: "60s", force: false },
          },
        ]),
      ),
    });
  await write("running");
  await apply(workspace);
  for (const name of [agent, button]) await waitForConsole(workspace, name, /^virtform-guest: ready$/m);

  await until("libvirt to see the agent", 30, async () => {
    const xml = await virsh("dumpxml", agent);
    return /name='org\.qemu\.guest_agent\.0' state='connected'/.test(xml) || undefined;
  });
  const ask = async (execute: string) => JSON.parse(await virsh("qemu-agent-command", agent, JSON.stringify({ execute }))).return;
  assert.deepEqual(await ask("guest-ping"), {});
  assert.equal((await ask("guest-info")).version, "tiny");
  const cards = (await ask("guest-network-get-interfaces")) as { name: string }[];
  assert.ok(cards.some(({ name }) => name === "lo"));
  // An image of its disk is consistent: its agent freezes its file systems until the copy has started.
  await write("running", true);
  const planned = await virtform("plan", workspace.directory);
  assert.match(planned.stdout, /way +from a disk of \S+-agent while it runs, with its file systems frozen for a moment/, planned.stderr);
  await apply(workspace);
  await assertConverged(workspace);
  await waitForConsole(workspace, agent, /frozen by its agent$[\s\S]*^virtform-guest: thawed by its agent$/m);
  assert.equal(await ask("guest-fsfreeze-status"), "thawed");

  assert.doesNotMatch(await virsh("dumpxml", button), /org\.qemu\.guest_agent\.0/);

  // Without force, a guest that does not follow is an error.
  await write("stopped");
  await apply(workspace);
  await assertConverged(workspace);
  await waitForConsole(workspace, agent, /^virtform-guest: shut down by its agent$/m);
  await waitForConsole(workspace, button, /^virtform-guest: power button$/m);
});
