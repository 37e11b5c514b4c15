import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../src/model/errors.ts";
import type { Machine } from "../fake-host/machine.ts";
import { guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, configOf, createWorld, layout, planOf, runOn, summary } from "./world.ts";

/** YAML of volumes and of what two guests attach. `undefined` leaves a guest out. */
interface Setting {
  readonly volumes?: string;
  readonly web?: string | undefined;
  readonly db?: string | undefined;
  readonly imagesType?: "qcow2" | "flat";
  readonly power?: "running" | "stopped";
}

function yaml({ volumes, web, db, imagesType = "qcow2", power = "running" }: Setting): string {
  const guest = (name: string, list: string | undefined) =>
    list === undefined ? "" : `  ${name}: { image: debian, flavor: small, power_state: ${power}, volumes: ${list} }\n`;
  const [head = ""] = guests({ imagesType }).split("instances:");
  const instances = `${guest("web", web)}${guest("db", db)}`;
  return `${head}${volumes === undefined ? "" : `volumes: ${volumes}\n`}instances:${instances === "" ? " {}" : `\n${instances}`}`;
}

async function after(setting: Setting): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, yaml(setting));
  return machine;
}

const plan = async (machine: Machine, setting: Setting) => planOf(await runOn(machine.boot(), yaml(setting)));
const files = (machine: Machine) =>
  machine.files.walk().flatMap(([path]) => (path.startsWith(`${layout.volumes}/`) ? [path.slice(layout.volumes.length + 1)] : []));
const targets = (machine: Machine, name: string) => {
  const domain = machine.libvirtd.find(name);
  assert.ok(domain);
  const xml = machine.libvirtd.document(domain, true);
  return Array.from(
    xml.matchAll(/<source file='[^']*\/([^/']+\/[^/']+)'\/>\s*<target dev='(\w+)'/g),
    ([, file, target]) => `${target} ${file}`,
  );
};

const data = "{ data: { size: 1GiB, format: ext4 } }";
const attached: Setting = { volumes: data, web: "[ { volume: data, device: vdb } ]" };

test("a volume is planned, made where it outlives its guest, attached, and the next plan is empty", async () => {
  const machine = createWorld();
  const first = await plan(machine, attached);
  assert.deepEqual(
    first.changes.map(({ address }) => address),
    ["image/debian", "volume/data", "disk/web.root", "seed/web", "domain/web"],
  );
  const create = first.actions.find(({ type }) => type === "volume.create");
  assert.equal(create?.summary, "create qcow2 volume of 1GiB with ext4");
  assert.ok(first.actions.find(({ id }) => id === "domain/web#define")?.after.includes("volume/data#create"));
  await applied(machine, yaml(attached));
  const [directory] = files(machine);
  assert.deepEqual(files(machine), [directory, `${directory}/disk`, `${directory}/disk.info`, `${directory}/virtform.json`]);
  assert.ok(targets(machine, "web").includes(`vdb ${directory}/disk`));
  assert.deepEqual(summary(await plan(machine, attached)), []);

  // The guest goes, the volume stays, and another one gets it.
  const content = machine.files.find(`${layout.volumes}/${directory}/disk`)?.number;
  await applied(machine, yaml({ volumes: data }));
  assert.equal(machine.libvirtd.find("web"), undefined);
  await applied(machine, yaml({ volumes: data, db: "[ { volume: data } ]" }));
  assert.equal(machine.files.find(`${layout.volumes}/${directory}/disk`)?.number, content);
  assert.ok(targets(machine, "db").includes(`vdb ${directory}/disk`));
});

test("a volume belongs to one guest at a time: the mistake names both", async () => {
  const both = yaml({ volumes: data, web: "[ { volume: data } ]", db: "[ { volume: data } ]" });
  await assert.rejects(configOf(both), (error) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.diagnostics[0]?.summary, "volume data is used twice");
    assert.match(error.diagnostics[0]?.detail ?? "", /instances\.web\.volumes\[0\]\.volume/);
    return error.diagnostics[0]?.at?.line === both.split("\n").findIndex((line) => line.startsWith("  db:")) + 1;
  });
  const counted = yaml(attached).replace("image: debian,", "image: debian, count: 2,");
  await assert.rejects(configOf(counted), (error) => error instanceof UserError && error.diagnostics[0]?.code === "not-with-count");
  await assert.rejects(
    configOf(yaml({ web: "[ { volume: data } ]" })),
    (error) => error instanceof UserError && error.diagnostics[0]?.code === "unknown-reference",
  );
});

test("a volume that another disk's name is asked for is an error of the plan", async () => {
  const { diagnostics } = await plan(createWorld(), { volumes: data, web: "[ { volume: data, device: vda } ]" });
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ["device-taken"],
  );
  assert.match(diagnostics[0]?.detail ?? "", /the root disk and volume data/);
});

test("a volume that moves between running guests is detached from the first before it is attached to the second", async () => {
  const machine = await after({ ...attached, db: "[]" });
  const moved: Setting = { volumes: data, web: "[]", db: "[ { volume: data } ]", power: "running" };
  await applied(machine, yaml({ ...moved, db: undefined }));
  const taking = await plan(machine, moved);
  assert.deepEqual(
    summary(taking).filter((line) => line.includes("volume/")),
    [],
  );
  await applied(machine, yaml(moved));
  const stopped = await after({ ...attached, db: undefined });
  const start = (await plan(stopped, moved)).actions.find(({ id }) => id === "domain/db#start");
  assert.ok(start?.after.includes("domain/web#release"), JSON.stringify(start?.after));
  await applied(stopped, yaml(moved));
  assert.deepEqual(summary(await plan(stopped, moved)), []);
});

for (const imagesType of ["qcow2", "flat"] as const) {
  for (const power of ["running", "stopped"] as const) {
    test(`${imagesType}, ${power}: a volume grows and never shrinks`, async () => {
      const setting: Setting = { ...attached, imagesType, power };
      const machine = await after(setting);
      const larger: Setting = { ...setting, volumes: data.replace("1GiB", "2GiB") };
      const growing = await plan(machine, larger);
      assert.deepEqual(
        growing.changes.map(({ address, verb, fields }) => [address, verb, fields[0]?.old, fields[0]?.new, fields[0]?.effect]),
        [["volume/data", "update", 2 ** 30, 2 ** 31, power === "running" ? "live" : "none"]],
      );
      await applied(machine, yaml(larger));
      assert.deepEqual(summary(await plan(machine, larger)), []);
      assert.deepEqual(
        (await plan(machine, setting)).diagnostics.map(({ code }) => code),
        ["disk-shrink-refused"],
      );
    });
  }
}

test("deletion asks for consent, is done while no guest has it, and is refused for a protected one until that is lifted", async () => {
  const machine = await after({ ...attached, volumes: "{ data: { size: 1GiB, prevent_destroy: true } }" });
  const refused = await plan(machine, { web: "[]" });
  assert.deepEqual(
    refused.diagnostics.map(({ code, address }) => [code, address]),
    [["prevent-destroy", "volume/data"]],
  );
  assert.equal(
    refused.actions.some(({ type }) => type === "volume.remove"),
    false,
  );
  const lifted: Setting = { ...attached, volumes: "{ data: { size: 1GiB } }" };
  assert.deepEqual(summary(await plan(machine, lifted)), ["update volume/data: prevent_destroy changed"]);
  await applied(machine, yaml(lifted));
  const deleting = await plan(machine, { web: "[]" });
  const remove = deleting.actions.find(({ type }) => type === "volume.remove");
  assert.equal(remove?.destroys, "1GiB volume data with all that is in it");
  assert.deepEqual(remove?.after, ["domain/web#define"]);
  await applied(machine, yaml({ web: "[]" }));
  assert.deepEqual(files(machine), []);
  assert.deepEqual(summary(await plan(machine, { web: "[]" })), []);
});

test("what is in a volume is never replaced by nothing", async () => {
  const machine = await after(attached);
  const otherFormat = await plan(machine, { ...attached, volumes: data.replace("ext4", "xfs") });
  assert.deepEqual([summary(otherFormat), otherFormat.diagnostics.map(({ code }) => code)], [[], ["volume-cannot-change"]]);
  machine.files.unlink(`${layout.volumes}/${files(machine)[0]}/disk`);
  const lost = await plan(machine, attached);
  assert.deepEqual([summary(lost), lost.diagnostics.map(({ code }) => code)], [[], ["volume-lost"]]);
});

test("volumes count when the host runs out of room, with instances and without", async () => {
  const huge = "{ data: { size: 4TiB } }";
  for (const setting of [{ volumes: huge }, { volumes: huge, web: "[ { volume: data } ]" }]) {
    const { diagnostics } = await plan(createWorld(), setting);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ["insufficient-disk"],
    );
  }
});

test("volumes of other projects are shown and left", async () => {
  const machine = await after(attached);
  const other = yaml({ volumes: data }).replace("project: shop", "project: other");
  await applied(machine, other);
  const { unmanaged, changes } = await planOf(await runOn(machine.boot(), other));
  assert.deepEqual(changes, []);
  assert.deepEqual(
    unmanaged.filter(({ what }) => what === "volume"),
    [{ what: "volume", name: "data", owner: "shop" }],
  );
});

const stories: Readonly<Record<string, readonly [Setting | undefined, Setting]>> = {
  create: [
    undefined,
    {
      volumes: "{ data: { size: 1GiB, format: ext4 }, empty: { size: 512MiB, images_type: flat } }",
      web: "[ { volume: data }, { volume: empty } ]",
    },
  ],
  growth: [attached, { ...attached, volumes: data.replace("1GiB", "2GiB") }],
  "detached and deleted": [attached, { web: "[]" }],
  "guest and volume deleted": [attached, {}],
  "moved to another guest": [
    { ...attached, db: undefined },
    { volumes: data, web: "[]", db: "[ { volume: data } ]" },
  ],
};
test("Nova BLK-03, BLK-04: names of IDE are for the old PC, and a host may limit how many disks a guest has", async () => {
  const asks = (device: string, more: Readonly<Record<string, string>> = {}) =>
    Object.entries(more).reduce(
      (text, [from, to]) => text.replace(from, to),
      yaml({ volumes: data, web: `[ { volume: data, device: ${device} } ]` }),
    );
  const pc = { "disk_format: qcow2": "disk_format: qcow2\n    properties: { hw_machine_type: pc }" };
  const codes = async (text: string) => (await planOf(await runOn(createWorld().boot(), text))).diagnostics.map(({ code }) => code);
  assert.deepEqual(await codes(asks("hda", pc)), []);
  assert.deepEqual(await codes(asks("hda")), ["unsupported-device"]);
  await assert.rejects(configOf(asks("hde")), UserError);
  const limited = (most: number) => ({ "virt_type: qemu,": `virt_type: qemu, max_disk_devices_to_attach: ${most},` });
  assert.deepEqual(await codes(asks("vdb", limited(3))), []);
  assert.deepEqual(await codes(asks("vdb", limited(-1))), []);
  const { diagnostics } = await planOf(await runOn(createWorld().boot(), asks("vdc", limited(2))));
  assert.deepEqual(
    diagnostics.map(({ code, detail }) => [code, detail?.split(".")[0]]),
    [["too-many-disk-devices", "They are vda, vdc, sda"]],
  );
  // What it is rescued with does not count.
  assert.deepEqual(await codes(asks("vdb", { ...limited(3), "flavor: small,": "flavor: small, rescue: true," })), []);
  const machine = createWorld();
  await applied(machine, asks("hda", pc));
  assert.equal(
    targets(machine, "web").some((line) => line.startsWith("hda ")),
    true,
  );
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), asks("hda", pc)))), []);
});

for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
  for (const [name, [before, wanted]] of Object.entries(stories)) {
    test(`${name}, ${way}`, async () => {
      const from = before === undefined ? createWorld() : await after(before);
      const kills = await killEverywhere({ from, yaml: yaml(wanted) }, way);
      assert.ok(kills >= 4, `only ${kills} effects`);
    });
  }
}
