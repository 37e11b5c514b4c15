import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { createWorkspace, type GuestFiles, guestImages, haltingGuest, virsh, type Workspace, writeConfig } from "./support/workspace.ts";

/** What a guest keeps: its uuid, its card, its disks and, while it runs, its process. */
async function kept(name: string): Promise<readonly unknown[]> {
  const xml = await virsh("dumpxml", "--inactive", name);
  const id = /^Id: +(\S+)$/m.exec(await virsh("dominfo", name))?.[1];
  return [id, ...[/<uuid>[^<]+/g, /<mac address='[^']+/g, /<serial>[^<]+/g, /<source file='[^']+/g].map((one) => xml.match(one))];
}

test("guests are renamed in libvirt: one that is off at once, one that runs with its restart", async (t) => {
  const workspace = await createWorkspace(t);
  const files = await haltingGuest(workspace.directory);
  const name = (instance: string) => `${workspace.prefix}-${instance}`;
  const write = (instances: Readonly<Record<string, object>>) => config(workspace, files, instances);
  await write({ [name("on")]: {}, [name("off")]: { power_state: "stopped" } });
  await apply(workspace);
  const [on, off] = [await kept(name("on")), await kept(name("off"))];

  await write({
    [name("up")]: { renamed_from: name("on") },
    [name("down")]: { renamed_from: name("off"), power_state: "stopped" },
  });
  await apply(workspace);
  assert.deepEqual(await kept(name("down")), off);
  assert.deepEqual(await kept(name("on")), on, "libvirt keeps the name of a guest that runs, and the guest its process");
  await assertConverged(workspace);
  const { stdout: list } = await virtform("list", workspace.directory);
  assert.match(list, new RegExp(`^${name("up")} +active, restart pending`, "m"));
  assert.match(list, new RegExp(`waits for a restart: ${name("up")} \\(name ${name("on")} → ${name("up")}`));

  const restarted = await virtform("restart", "--pending", "--auto-approve", workspace.directory);
  assert.equal(restarted.code, 0, restarted.stdout + restarted.stderr);
  assert.deepEqual((await kept(name("up"))).slice(1), on.slice(1));
  await assertConverged(workspace);

  // Adding a count keeps the guest.
  await write({ [name("up")]: { count: 1, restart: "when_needed" } });
  await apply(workspace, "--allow-destroy");
  assert.deepEqual((await kept(name("up-0"))).slice(1), on.slice(1));
  await assertConverged(workspace);
});

async function config(workspace: Workspace, files: GuestFiles, instances: Readonly<Record<string, object>>): Promise<void> {
  const guest = { image: "tiny", flavor: "tiny", networks: [{ user: true }], shutdown: { timeout: "1s" } };
  await writeConfig(workspace, {
    images: guestImages(files),
    flavors: { tiny: { vcpus: 1, ram: "64MiB", disk: "16MiB" } },
    instances: Object.fromEntries(Object.entries(instances).map(([name, more]) => [name, { ...guest, ...more }])),
  });
}
