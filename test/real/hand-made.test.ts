import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { createWorkspace, tinyImages, virsh, type Workspace, writeConfig } from "./support/workspace.ts";

const flavors = { small: { vcpus: 1, ram: "64MiB", disk: "1GiB" }, more: { vcpus: 1, ram: "96MiB", disk: "1GiB" } };

/** Guests of other tests take processors of the host. */
const host = { allocation_ratio: { vcpus: 1000, memory: 100, disk: 100 } };

const stored = (name: string) => virsh("dumpxml", "--inactive", name);

/** Changes a stored definition by hand. */
async function edit(workspace: Workspace, name: string, change: (xml: string) => string): Promise<string> {
  const path = `${workspace.directory}/edited.xml`;
  const before = await stored(name);
  const after = change(before);
  assert.notEqual(after, before);
  await writeFile(path, after);
  await virsh("define", path);
  return stored(name);
}

const before = (anchor: string, more: string) => (xml: string) => {
  assert.ok(xml.includes(anchor), anchor);
  return xml.replace(anchor, () => `${more}${anchor}`);
};

/** What people add with `virsh edit`, in libvirt's words. */
const handMade: readonly ((xml: string) => string)[] = [
  before("  <memory unit", "  <title>Payroll: ask first</title>\n  <description>by hand</description>\n"),
  before("  <os>", '  <memtune><hard_limit unit="KiB">900000</hard_limit></memtune><memoryBacking><nosharepages/></memoryBacking>\n'),
  before("  <os>", "  <cputune><shares>512</shares></cputune>\n"),
  before("</cpu>", '<feature policy="disable" name="avx512f"/>'),
  (xml) => xml.replace("<on_crash>destroy", "<on_crash>restart"),
  before("<target dev='vda'", "<iotune><total_iops_sec>300</total_iops_sec></iotune>"),
  before("</devices>", '<watchdog model="i6300esb" action="reset"/><panic model="isa"/>'),
  before("</devices>", '<channel type="unix"><target type="virtio" name="org.backup.agent.0"/></channel>'),
  before("</metadata>", '<app:note xmlns:app="https://example.org/app" a="1&amp;2"><app:text>kept <b>as</b> it is</app:text></app:note>'),
  before(
    "</domain>",
    '<qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"><qemu:env name="A" value="b"/></qemu:commandline>',
  ),
];

test("what people add to a definition stays as it is, and is named; forbidden, it is removed", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-hand`;
  const write = (flavor: string, more: object = {}) =>
    writeConfig(workspace, {
      host,
      images: tinyImages(),
      flavors,
      instances: { [name]: { image: "tiny", flavor, power_state: "stopped", networks: [{ user: true }], ...more } },
    });
  await write("small");
  await apply(workspace);
  const plain = await stored(name);
  const edited = await edit(workspace, name, (xml) => handMade.reduce((text, change) => change(text), xml));

  const alone = await virtform("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(alone.code, 0, alone.stdout);
  const note = alone.stdout + alone.stderr;
  assert.match(note, new RegExp(`${name} keeps 13 settings that virtform does not manage: .*title`));
  const shown = await virtform("show", name, workspace.directory, "--json");
  for (const part of [
    "title",
    "description",
    "memtune",
    "cputune",
    "on_crash",
    "disks.vda.iotune",
    "watchdog",
    "panic",
    "qemu:commandline",
  ])
    assert.ok(shown.stdout.includes(`"${part}":`), `${part} is not in ${shown.stdout}`);

  await write("more");
  await apply(workspace);
  const lines = (xml: string) => new Set(xml.split("\n"));
  const [had, has] = [lines(edited), lines(await stored(name))];
  const ours = /memory|currentMemory|nova:flavor|virtform:applied/;
  const changed = [...[...had].filter((line) => !has.has(line)), ...[...has].filter((line) => !had.has(line))];
  assert.deepEqual(
    changed.filter((line) => !ours.test(line)),
    [],
  );
  assert.equal(changed.filter((line) => /<memory/.test(line)).length, 2);
  await assertConverged(workspace);

  await write("more", { foreign: "forbid" });
  const plan = await virtform("plan", workspace.directory);
  for (const path of ["title", "description", "memtune", "cputune", "on_crash", "disks.vda.iotune", "watchdog", "panic"])
    assert.match(plan.stdout, new RegExp(`- foreign\\.${path.replaceAll(".", "\\.")} `));
  await apply(workspace);
  await assertConverged(workspace);
  // Nothing of what was added is left, but for the PCI bridge that libvirt added for the watchdog.
  const final = (await stored(name)).replaceAll(/ *<controller type='pci'[\s\S]*?<\/controller>\n/g, "");
  const left = [...lines(final)].filter((line) => !lines(plain).has(line) && !ours.test(line));
  assert.deepEqual(left, []);
});

test("a card that leaves moves no other device, and one that comes gets an address that is free", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-pci`;
  const macs = ["52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03"] as const;
  const write = (cards: readonly string[], volumes: readonly string[]) =>
    writeConfig(workspace, {
      host,
      images: tinyImages(),
      flavors,
      volumes: { first: { size: "16MiB" }, second: { size: "16MiB" } },
      instances: {
        [name]: {
          image: "tiny",
          flavor: "small",
          power_state: "stopped",
          networks: cards.map((mac) => ({ user: true, mac })),
          volumes: volumes.map((volume) => ({ volume })),
        },
      },
    });
  /** Addresses of the devices, by what they are. */
  const addresses = async () => {
    const devices = [...(await stored(name)).matchAll(/<(disk|interface|controller)\b([^>]*[^/>])>([\s\S]*?)<\/\1>/g)];
    return new Map(
      devices.flatMap(([, kind, attributes, inside = ""]) => {
        const key = /<mac address='([^']*)'|<target dev='([^']*)'/.exec(inside)?.slice(1).find(Boolean) ?? attributes;
        const address = /<address type='pci'[^>]*>/.exec(inside)?.[0];
        return address === undefined ? [] : [[`${kind} ${key}`, address] as const];
      }),
    );
  };
  await write([macs[0], macs[1]], ["first"]);
  await apply(workspace);
  const first = await addresses();
  assert.ok(first.has(`interface ${macs[1]}`) && first.has("disk vdb"));

  await write([macs[1]], ["first"]);
  await apply(workspace);
  const second = await addresses();
  assert.deepEqual(new Map([...first].filter(([device]) => device !== `interface ${macs[0]}`)), second);

  await write([macs[1], macs[2]], ["first", "second"]);
  await apply(workspace);
  const third = await addresses();
  for (const [device, address] of second) assert.equal(third.get(device), address, device);
  assert.ok(third.has(`interface ${macs[2]}`) && third.has("disk vdc"));
  assert.equal(new Set(third.values()).size, third.size);
  await assertConverged(workspace);
});

test("a versioned machine is compared exactly, an alias keeps the version, and one that qemu does not have is an error", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-machine`;
  const write = (machine: string, flavor = "small") => {
    const { tiny, ...others } = tinyImages();
    return writeConfig(workspace, {
      host,
      images: { ...others, tiny: { ...(tiny as object), properties: { hw_machine_type: machine } } },
      flavors,
      instances: { [name]: { image: "tiny", flavor, power_state: "stopped" } },
    });
  };
  const machine = async () => /machine='([^']*)'/.exec(await stored(name))?.[1];
  await write("pc-q35-6.2");
  await apply(workspace);
  assert.equal(await machine(), "pc-q35-6.2");
  await assertConverged(workspace);

  await write("q35");
  await assertConverged(workspace);
  await write("q35", "more");
  await apply(workspace);
  assert.equal(await machine(), "pc-q35-6.2", "a new definition keeps the version");

  await write("pc-q35-7.0", "more");
  const plan = await virtform("plan", workspace.directory);
  assert.match(plan.stdout, /~ machine +pc-q35-6\.2 → pc-q35-7\.0/);
  await apply(workspace);
  assert.equal(await machine(), "pc-q35-7.0");
  await assertConverged(workspace);

  await write("pc-q35-9.9", "more");
  const refused = await virtform("plan", workspace.directory);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout + refused.stderr, /Machine type pc-q35-9\.9, which the qemu of the host does not have/);

  // Another family is another board: what hangs on the old one goes with it.
  await write("pc", "more");
  await apply(workspace);
  assert.match((await machine()) ?? "", /^pc-i440fx-/);
  await assertConverged(workspace);
});

test("domain_xml is written, compared, and removed again", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-patch`;
  const write = (patch: object | null) =>
    writeConfig(workspace, {
      host,
      images: tinyImages(),
      flavors,
      instances: { [name]: { image: "tiny", flavor: "small", power_state: "stopped", ...(patch === null ? {} : { domain_xml: patch }) } },
    });
  await write(null);
  await apply(workspace);
  const plain = await stored(name);
  const merge = `
    <cputune><shares>512</shares></cputune>
    <memoryBacking><nosharepages/></memoryBacking>
    <devices>
      <panic model="isa"/>
      <channel type="unix"><target type="virtio" name="org.backup.agent.0"/></channel>
      <disk><target dev="vda"/><driver detect_zeroes="on"/></disk>
      <hostdev mode="subsystem" type="usb"><source startupPolicy="optional"><vendor id="0x1234"/><product id="0x5678"/></source><alias name="ua-key"/></hostdev>
    </devices>
    <qemu:commandline><qemu:env name="A" value="b"/></qemu:commandline>`;
  await write({ merge });
  await apply(workspace);
  await assertConverged(workspace);
  const patched = await stored(name);
  for (const part of ["<shares>512<", "<nosharepages/>", "<panic ", "org.backup.agent.0", "detect_zeroes='on'", "ua-key", "qemu:env"])
    assert.ok(patched.includes(part), part);

  await edit(workspace, name, (xml) => xml.replace("<shares>512<", "<shares>128<"));
  const drift = await virtform("drift", workspace.directory);
  assert.match(drift.stdout, /domain_xml\.cputune\/shares# +"?128"? → "?512"?/);
  await apply(workspace);
  await assertConverged(workspace);

  await write(null);
  await apply(workspace);
  await assertConverged(workspace);
  const label = /virtform:applied/;
  assert.deepEqual(
    (await stored(name)).split("\n").filter((line) => !label.test(line)),
    plain.split("\n").filter((line) => !label.test(line)),
  );
});
