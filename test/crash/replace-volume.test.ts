import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../src/model/errors.ts";
import type { Machine } from "../fake-host/machine.ts";
import { guests } from "./guests.ts";
import { killEverywhere, killedStates } from "./kill-everywhere.ts";
import { applied, apply, createWorld, layout, planOf, runOn, summary } from "./world.ts";

/** YAML of a volume, and of a guest that has it. */
interface Setting {
  readonly volume?: string;
  readonly attached?: boolean;
  readonly power?: "running" | "stopped";
}

function yaml({ volume = "size: 1GiB, format: ext4", attached = true, power = "running" }: Setting = {}): string {
  const [head = "", web = ""] = guests({ power }).split("instances:");
  return `${head}volumes: { data: { ${volume} } }\ninstances:${web}${attached ? "    volumes: [ { volume: data, device: vdb } ]\n" : ""}`;
}

async function after(text: string): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, text);
  return machine;
}

const plan = async (machine: Machine, text: string, ...replace: readonly string[]) =>
  planOf(await runOn(machine.boot(), text, { replace }));

/** The number of the file of the volume: another one is another file. */
function fileOf(machine: Machine): number | undefined {
  return machine.files.walk().find(([path]) => path.startsWith(`${layout.volumes}/`) && path.endsWith("/disk"))?.[1].number;
}

test("a volume is recreated on request: the plan names the loss and the restart of its guest, and the next one is empty", async () => {
  const machine = await after(yaml());
  const first = fileOf(machine);
  const asked = await plan(machine, yaml(), "volume/data");
  assert.deepEqual(summary(asked), [
    "replace volume/data: its replacement was requested",
    "update domain/web: its volume data is recreated",
  ]);
  assert.deepEqual(
    asked.actions.map(({ id, effect, destroys }) => [id, effect, destroys ?? null]),
    [
      ["domain/web#stop", "restart", null],
      ["volume/data#remove", "rebuild", "1GiB volume data with all that is in it"],
      ["volume/data#create", "none", null],
      ["domain/web#start", "none", null],
    ],
  );
  const { verdict } = await apply(await runOn(machine.boot(), yaml(), { replace: ["data"] }));
  assert.equal(verdict, "done");
  assert.notEqual(fileOf(machine), first);
  assert.notEqual(machine.libvirtd.find("web")?.live, undefined);
  assert.deepEqual(summary(await plan(machine, yaml())), []);
});

test("with --replace, what a volume cannot become otherwise is what the new one is", async () => {
  for (const attached of [true, false]) {
    const machine = await after(yaml({ attached }));
    for (const volume of ["size: 512MiB, format: ext4", "size: 512MiB, images_type: flat, format: xfs"]) {
      const wanted = yaml({ volume, attached });
      assert.match((await plan(machine, wanted)).diagnostics[0]?.detail ?? "", /apply --replace volume\/data/);
      assert.deepEqual((await plan(machine, wanted, "volume/data")).diagnostics, []);
      assert.equal((await apply(await runOn(machine.boot(), wanted, { replace: ["volume/data"] }))).verdict, "done");
      assert.deepEqual(summary(await plan(machine, wanted)), [], `${volume}, attached: ${attached}`);
    }
  }
});

test("a protected volume is not recreated; one that is missing is created with the same command", async () => {
  const guarded = yaml({ volume: "size: 1GiB, prevent_destroy: true" });
  const { diagnostics } = await plan(await after(guarded), guarded, "volume/data");
  assert.deepEqual(
    diagnostics.map(({ code, address }) => [code, address]),
    [["prevent-destroy", "volume/data"]],
  );
  assert.ok(summary(await plan(createWorld(), yaml(), "volume/data")).includes("create volume/data: does not exist yet"));
  await assert.rejects(
    plan(createWorld(), yaml(), "volume/date"),
    (error) => error instanceof UserError && error.diagnostics[0]?.code === "unknown-target",
  );
});

test("the saved memory of a guest is listed as a loss beside the volume that is replaced", async () => {
  const machine = await after(yaml());
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  machine.libvirtd.save(domain);
  const asked = await plan(machine, yaml(), "volume/data");
  assert.match(asked.actions.map(({ destroys }) => destroys ?? "").join(";"), /^the saved memory of web.*;1GiB volume data/);
  assert.equal((await apply(await runOn(machine.boot(), yaml(), { replace: ["data"] }))).verdict, "done");
  assert.deepEqual(summary(await plan(machine, yaml())), []);
});

const stories: Readonly<Record<string, readonly [Setting, Setting]>> = {
  "attached, running": [{}, {}],
  "attached, off": [{ power: "stopped" }, { power: "stopped" }],
  "of no guest": [{ attached: false }, { attached: false }],
  "on other storage, smaller": [{}, { volume: "size: 512MiB, images_type: flat" }],
  "detached meanwhile": [{}, { attached: false }],
};
for (const [name, [before, wanted]] of Object.entries(stories)) {
  test(`a replacement of a volume that is killed: ${name}`, async () => {
    const way = name.startsWith("on other") ? "power cut in the middle of an effect" : "kill -9";
    const kills = await killEverywhere({ from: await after(yaml(before)), yaml: yaml(wanted), replace: ["volume/data"] }, way);
    assert.ok(kills >= 4, `only ${kills} effects`);
  });
}

test("a replacement that is killed is brought to an end by an apply that asks for none", async () => {
  const { states } = await killedStates({ from: await after(yaml()), yaml: yaml(), replace: ["volume/data"] }, "kill -9");
  for (const { machine, count, effect } of states) {
    await applied(machine, yaml());
    assert.deepEqual(summary(await plan(machine, yaml())), [], `killed after effect ${count} (at ${effect})`);
    assert.notEqual(machine.libvirtd.find("web")?.live, undefined, effect);
    assert.notEqual(fileOf(machine), undefined, effect);
  }
});
