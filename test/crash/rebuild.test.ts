import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../src/model/errors.ts";
import { planJson } from "../../src/report/json.ts";
import type { Machine } from "../fake-host/machine.ts";
import { readQcow2 } from "../fake-host/qcow2.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { type Shop, shop } from "./shop.ts";
import { applied, apply, checksum, createWorld, layout, planOf, runOn, summary } from "./world.ts";

/** The shop with one guest that has a policy; `moved`: its image has the content of another one. */
function yaml(policy: string, { moved = false, ...options }: Shop & { readonly moved?: boolean } = {}): string {
  const [before, after] = ["debian", "fedora"].map((name) => `https://images.test/${name}.qcow2` as const) as [
    "https://images.test/debian.qcow2",
    "https://images.test/fedora.qcow2",
  ];
  const text = shop({ instances: ["web"], ...options }).replace("  web:\n", `  web:\n    rebuild: ${policy}\n`);
  return moved ? text.replace(before, after).replace(checksum(before), checksum(after)) : text;
}

async function after(...configurations: readonly string[]): Promise<Machine> {
  const machine = createWorld();
  for (const one of configurations) await applied(machine, one);
  return machine;
}

const plan = async (machine: Machine, configuration: string, replace: readonly string[] = []) =>
  planOf(await runOn(machine.boot(), configuration, { replace }));
const behind = (diagnostics: Awaited<ReturnType<typeof plan>>["diagnostics"]) =>
  diagnostics.filter(({ code }) => code === "behind-image").length;
const backing = (machine: Machine) =>
  readQcow2(machine.files.file(layout.instanceFile(machine.libvirtd.find("web")?.uuid ?? "", "disk"), "open").content)?.backing;

test("new content of an image: a guest stays behind, also when its disk grows, or is rebuilt by its policy", async () => {
  for (const policy of ["manual", "on_name_change"]) {
    const machine = await after(yaml(policy), yaml(policy, { moved: true }));
    const first = backing(machine);
    const seen = await plan(machine, yaml(policy, { moved: true }));
    assert.deepEqual([summary(seen), behind(seen.diagnostics)], [[], 1], policy);
    await applied(machine, yaml(policy, { moved: true, disk: "2GiB" }));
    const grown = await plan(machine, yaml(policy, { moved: true, disk: "2GiB" }));
    assert.deepEqual([summary(grown), behind(grown.diagnostics)], [[], 1], `${policy}, grown`);
    assert.equal(backing(machine), first);
  }
  const machine = await after(yaml("on_image_change"));
  const first = backing(machine);
  const wanted = yaml("on_image_change", { moved: true });
  assert.ok(summary(await plan(machine, wanted)).includes("replace disk/web.root: the content of its image changed"));
  await applied(machine, wanted);
  assert.notEqual(backing(machine), first);
  assert.deepEqual(summary(await plan(machine, wanted)), []);
});

test("another image: a guest with rebuild: manual is left as it is until its replacement is requested", async () => {
  const machine = await after(yaml("manual"), yaml("manual", { image: "fedora" }));
  const wanted = yaml("manual", { image: "fedora" });
  const first = backing(machine);
  const seen = await plan(machine, wanted);
  assert.deepEqual([summary(seen), behind(seen.diagnostics)], [[], 1]);
  const asked = await plan(machine, wanted, ["web"]);
  const json = planJson(asked, { version: "0", now: new Date(0) }) as unknown as {
    resource_changes: { address: string; action_reason?: string }[];
  };
  assert.equal(json.resource_changes.find(({ address }) => address === "disk/web.root")?.action_reason, "replace_by_request");
  const { verdict } = await apply(await runOn(machine.boot(), wanted, { replace: ["domain/web"] }));
  assert.equal(verdict, "done");
  assert.notEqual(backing(machine), first);
  const done = await plan(machine, wanted);
  assert.deepEqual([summary(done), behind(done.diagnostics)], [[], 0]);
});

test("only what exists and can be recreated is replaced", async () => {
  const machine = await after(yaml("manual"));
  const codes = async (...replace: readonly string[]) => {
    try {
      return summary(await plan(machine, yaml("manual"), replace));
    } catch (error) {
      assert.ok(error instanceof UserError);
      return error.diagnostics.map(({ code }) => code);
    }
  };
  assert.deepEqual(await codes("wep"), ["unknown-target"]);
  assert.deepEqual(await codes("image/debian", "seed/web"), ["not-replaceable", "not-replaceable"]);
  assert.deepEqual(await codes("disk/web.*"), [
    "replace disk/web.root: its replacement was requested",
    "replace disk/web.kernel: its replacement was requested",
    "replace disk/web.ramdisk: its replacement was requested",
  ]);
});

test("a rebuild that is killed is brought to an end", async () => {
  await killEverywhere({ from: await after(yaml("on_image_change")), yaml: yaml("on_image_change", { moved: true }) }, "kill -9");
  const from = await after(yaml("manual"));
  for (let count = 0; ; count += 1) {
    const machine = from.clone();
    const victim = machine.boot();
    victim.dieAfter(count);
    await apply(await runOn(victim, yaml("manual"), { replace: ["web"] })).catch((error: unknown) => {
      if (!victim.dead) throw error;
    });
    if (!victim.dead) break;
    const same = machine.clone();
    assert.equal((await apply(await runOn(same.boot(), yaml("manual"), { replace: ["disk/web.root"] }))).verdict, "done");
    assert.deepEqual(summary(await plan(same, yaml("manual"))), [], `killed after effect ${count}, and the same again`);
    await applied(machine, yaml("manual"));
    assert.deepEqual(summary(await plan(machine, yaml("manual"))), [], `killed after effect ${count}`);
    assert.notEqual(machine.libvirtd.find("web")?.live, undefined);
  }
});
