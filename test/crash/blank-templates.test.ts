import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, apply, createWorld, layout, planOf, root, runOn } from "./world.ts";

const wanted = { ephemeral: "2GiB", swap: "512MiB", sections: "volumes: { data: { size: 1GiB, format: ext4 } }\n" } as const;
const yaml = guests(wanted);
/** Another project with disks of the same kind. */
const bank = (options: Parameters<typeof guests>[0]) =>
  guests(options).replace("project: shop", "project: bank").replace("  web:\n", "  vault:\n");

const templates = (machine: Machine) =>
  machine.files.walk().flatMap(([path]) => {
    const [, name] = /\/_base\/((?:templates\/)?(?:ephemeral|swap)_.*)$/.exec(path) ?? [];
    return name === undefined ? [] : [name.replace(/_[0-9a-f]{7}(?=_|$)/, "")];
  });

async function after(...configurations: string[]): Promise<Machine> {
  const machine = createWorld();
  for (const one of configurations) await applied(machine, one);
  return machine;
}

const all = [
  "ephemeral_1GiB_ext4_data",
  "ephemeral_2GiB_ext4_ephemeral0",
  "swap_512MiB",
  "templates/ephemeral_1GiB_ext4_data_1073741824",
  "templates/ephemeral_2GiB_ext4_ephemeral0_2147483648",
  "templates/swap_512MiB_536870912",
];

test("destroy --images removes unused empty disks, and says how large they are", async () => {
  const machine = await after(yaml);
  assert.deepEqual(templates(machine).sort(), all);
  const plan = await planOf(await runOn(machine.boot(), yaml, { destroy: true, images: true }));
  const removals = plan.changes.filter(({ address }) => /^base\/(?:ephemeral|swap)_/.test(address));
  assert.deepEqual(
    removals.map(({ verb, actions }) => `${verb}: ${actions[0]?.summary.replace(/_[0-9a-f]{7}/, "")}`),
    [
      "delete: remove empty disk ephemeral_1GiB_ext4_data (4KiB)",
      "delete: remove empty disk ephemeral_2GiB_ext4_ephemeral0 (4KiB)",
      "delete: remove empty disk swap_512MiB (4KiB)",
    ],
  );
  assert.equal(
    removals.flatMap(({ actions }) => actions).some(({ destroys }) => destroys !== undefined),
    false,
  );
  const order = plan.actions.map(({ id }) => id);
  for (const { actions } of removals) assert.ok(order.indexOf("disk/web.local#remove") < order.indexOf(actions[0]?.id ?? ""));
  await applied(machine, yaml, { destroy: true, images: true });
  assert.deepEqual(templates(machine), []);
  assert.equal(machine.files.find(`${root}/_base/notes.txt`) === undefined, false);
});

test("without --images they stay, and the next destroy --images has nothing else to do", async () => {
  const machine = await after(yaml);
  await applied(machine, yaml, { destroy: true });
  assert.deepEqual(templates(machine).sort(), all);
  await applied(machine, yaml, { destroy: true, images: true });
  assert.deepEqual(templates(machine), []);
});

test("one that backs a disk of another project stays", async () => {
  const machine = await after(yaml, bank({ ephemeral: "2GiB" }));
  await applied(machine, yaml, { destroy: true, images: true });
  assert.deepEqual(
    templates(machine).sort(),
    all.filter((name) => name.includes("ephemeral0")),
  );
  assert.deepEqual((await planOf(await runOn(machine.boot(), bank({ ephemeral: "2GiB" })))).changes, []);
  await applied(machine, bank({ ephemeral: "2GiB" }), { destroy: true, images: true });
  assert.deepEqual(templates(machine), []);
});

test("one that backs a disk created since the plan stays", async () => {
  const machine = await after(yaml);
  const run = await runOn(machine.boot(), yaml, { destroy: true, images: true });
  const directory = layout.instance(machine.libvirtd.find("web")?.uuid ?? "");
  const stranger = `${root}/ffffffff-0000-4000-8000-000000000004`;
  const { verdict, outcomes } = await apply(run, (event) => {
    if (event.type !== "plan") return;
    machine.files.makeDirectories(stranger);
    machine.files.write(`${stranger}/disk.swap`, machine.files.file(`${directory}/disk.swap`, "open").content);
  });
  assert.equal(verdict, "incomplete");
  const failed = outcomes.filter(({ status }) => status !== "done");
  assert.equal(failed.length, 1);
  assert.match(JSON.stringify(failed), /swap_512MiB_[0-9a-f]{7} was not removed: a disk is backed by it/);
  assert.deepEqual(
    templates(machine).sort(),
    all.filter((name) => name.includes("swap")),
  );
});

for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
  test(`removal of empty disks, ${way}`, async () => {
    const from = await after(yaml);
    await applied(from, yaml, { destroy: true });
    await killEverywhere({ from, yaml, destroy: true, images: true }, way);
  });
}
