import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createLocalHost } from "../../../../src/host/local/local.ts";
import { domainActions } from "../../../../src/kinds/guest/actions.ts";
import { deviceMap } from "../../../../src/kinds/guest/device-map.ts";
import { diffDomain } from "../../../../src/kinds/guest/diff.ts";
import { domainFields, domainState } from "../../../../src/kinds/guest/state.ts";
import { wantedFields } from "../../../../src/kinds/guest/wanted-fields.ts";
import { guests } from "../../../../src/kinds/terms/guest-address.ts";
import type { DomainSpec } from "../../../../src/kinds/terms/spec.ts";
import type { Change } from "../../../../src/model/change.ts";
import { libvirtOf } from "../../../../src/tools/libvirt/libvirt.ts";
import { LibvirtError } from "../../../../src/tools/libvirt/libvirt-error.ts";
import { observedWith } from "../../../support/observed.ts";
import { plainSpec } from "../../../unit/kinds/guest/specs.ts";
import { testContext, testUri } from "../../../unit/tools/libvirt/test-context.ts";

// A real libvirt with qemu, emulated guests without an operating system. Every domain here has a name of this run's own.
const prefix = `vftest-${process.pid}`;
const host = createLocalHost();
const defined: string[] = [];
let directory = "";

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "virtform-domain-"));
  await chmod(directory, 0o755);
});

after(async () => {
  for (const uuid of defined) {
    spawnSync("virsh", ["-c", testUri, "destroy", uuid]);
    spawnSync("virsh", ["-c", testUri, "undefine", uuid]);
  }
  await host.close();
  await rm(directory, { recursive: true });
});

const context = () => testContext(host, { project: "shop", instancesPath: directory });

async function guest(name: string, fields: Partial<DomainSpec> = {}): Promise<DomainSpec> {
  const uuid = randomUUID();
  const own = join(directory, uuid);
  defined.push(uuid);
  await mkdir(own);
  const root = join(own, "disk");
  spawnSync("qemu-img", ["create", "-q", "-f", "qcow2", root, "16M"]);
  await writeFile(join(own, "disk.config"), Buffer.alloc(2048 * 200));
  const machine = fields.machine ?? "q35";
  return plainSpec({
    instance: `${prefix}-${name}`,
    uuid,
    vcpus: 1,
    memory: 128 * 2 ** 20,
    consoleLog: join(own, "console.log"),
    interfaces: [{ name: "0", type: "user", source: "", mac: "52:54:00:12:34:56", model: "virtio", link: "up", filter: null }],
    disks: deviceMap({
      arch: "x86_64",
      machine,
      properties: {},
      root: { attachment: { type: "file", format: "qcow2", source: root, secretUuid: null }, iso: false },
      configDrive: { attachment: { type: "file", format: "raw", source: join(own, "disk.config"), secretUuid: null }, format: "iso9660" },
    }),
    ...fields,
  });
}

async function perform(change: Change | undefined): Promise<void> {
  for (const action of change?.actions ?? []) await act(action.type, action.args);
}

async function act(type: string, args: unknown): Promise<void> {
  const found = domainActions.find((one) => one.type === type) ?? assert.fail(`no action type ${type}`);
  await found.run(context(), args as never, () => undefined);
}

async function diff(want: DomainSpec | undefined, uuid: string): Promise<Change | undefined> {
  const record = await libvirtOf(context()).domain(uuid);
  return diffDomain(guests.at(want?.instance ?? "gone"), want, record === undefined ? undefined : domainState(record), observedWith());
}

function virsh(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("virsh", ["-q", "-c", testUri, ...args], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout;
}

for (const machine of ["q35", "pc"]) {
  test(`${machine}: defined, every action twice, no difference afterwards, gone in the end`, async () => {
    const libvirt = libvirtOf(context());
    const spec = await guest(machine, { machine });
    const creation = await diff(spec, spec.uuid);
    assert.deepEqual(
      creation?.actions.map(({ type }) => type),
      ["domain.define", "domain.start"],
    );
    await act("domain.define", creation?.actions[0]?.args);
    assert.equal((await libvirt.domain(spec.uuid))?.power, "stopped");
    assert.equal((await stat(join(directory, spec.uuid, "libvirt.xml"))).mode & 0o777, 0o600);
    await perform(creation);
    await perform(creation);
    assert.equal((await libvirt.domain(spec.uuid))?.power, "running");
    assert.equal(await diff(spec, spec.uuid), undefined, "nothing to do after apply");
    assert.match(await readFile(`/proc/${qemuPid(spec)}/cmdline`, "utf8"), /\0-cpu\0max/, "emulation gets every feature that it has");

    const stop = { uuid: spec.uuid, instance: spec.instance, shutdown: { seconds: 0, force: true } };
    await act("domain.stop", stop);
    await act("domain.stop", stop);
    assert.equal((await libvirt.domain(spec.uuid))?.power, "stopped");
    const again = await diff(spec, spec.uuid);
    assert.deepEqual([again?.cause, again?.actions.map(({ type }) => type)], ["drift", ["domain.start"]]);

    const deletion = await diff(undefined, spec.uuid);
    await perform(deletion);
    await perform(deletion);
    assert.equal(await libvirt.domain(spec.uuid), undefined);
  });
}

// What this machine may be unable to run: libvirt takes the definition, and reads it back as it was meant.
for (const [name, fields] of Object.entries<Partial<DomainSpec>>({
  hostdevs: { values: { "hostdevs.0.pci": "0000:03:00.0", "hostdevs.1.usb": "046d:c52b" } },
  memory: { vcpus: 2, values: { huge_pages: "2MiB", locked_memory: true, numa_nodes: 2, "cpu_pinning.0": "0", emulator_pinning: "0" } },
  multiqueue: {
    vcpus: 4,
    interfaces: [{ name: "0", type: "network", source: "default", mac: "52:54:00:12:34:57", model: "virtio", link: "up", filter: null }],
    values: { vif_multiqueue: true, packed_ring: true, "quota.vif_inbound_average": 100 },
  },
  hyperv: { osType: "windows", values: { hyperv: true, hide_hypervisor: true, pmu: false } },
  spice: {
    values: { "graphics.type": "spice", "graphics.keymap": "de", "video.model": "qxl", "video.memory": 32 * 2 ** 20, sound: "ich9" },
  },
})) {
  test(`${name}: defined as it was meant`, async () => {
    const spec = await guest(name, fields);
    await act("domain.define", (await diff({ ...spec, powerState: "stopped" }, spec.uuid))?.actions[0]?.args);
    assert.deepEqual((await diff({ ...spec, powerState: "stopped" }, spec.uuid))?.fields ?? [], []);
    const read = domainFields(virsh("dumpxml", "--inactive", spec.uuid));
    assert.deepEqual(
      Object.keys(wantedFields(spec, "xml")).filter((path) => read[path] === undefined),
      [],
    );
  });
}

test("a paused guest is resumed", async () => {
  const spec = await guest("paused");
  await perform(await diff(spec, spec.uuid));
  virsh("suspend", spec.uuid);
  const change = await diff(spec, spec.uuid);
  assert.deepEqual(
    change?.actions.map(({ type }) => type),
    ["domain.resume"],
  );
  await perform(change);
  assert.equal((await libvirtOf(context()).domain(spec.uuid))?.power, "running");
  await perform(await diff(undefined, spec.uuid));
});

test("a running guest keeps running when its definition changes", async () => {
  const spec = await guest("redefined");
  await perform(await diff(spec, spec.uuid));
  const pid = qemuPid(spec);
  const change = await diff({ ...spec, memory: 192 * 2 ** 20 }, spec.uuid);
  assert.deepEqual(change?.fields, [
    { path: "memory", old: 128 * 2 ** 20, new: 192 * 2 ** 20, effect: "next_boot", cause: "config", why: "it has at most 128MiB" },
  ]);
  await perform(change);
  assert.equal(qemuPid(spec), pid);
  assert.equal(await diff({ ...spec, memory: 192 * 2 ** 20 }, spec.uuid), undefined);
  await perform(await diff(undefined, spec.uuid));
});

test("what a human changed is found, named as drift and put right", async () => {
  const spec = await guest("drifted", { powerState: "stopped" });
  await perform(await diff(spec, spec.uuid));
  virsh("setmaxmem", spec.uuid, "256MiB", "--config");
  virsh("attach-disk", spec.uuid, "/nonexistent/extra.raw", "vdc", "--config");
  virsh("attach-interface", spec.uuid, "network", "default", "--mac", "52:54:00:99:99:99", "--config");
  const change = await diff(spec, spec.uuid);
  assert.equal(change?.cause, "drift");
  const paths = change.fields.map(({ path }) => path);
  for (const path of ["max_memory", "disks.vdc.source", "interfaces.52:54:00:99:99:99.type"])
    assert.ok(paths.includes(path), `${path} in ${paths.join(" ")}`);
  assert.ok(
    change.fields.every(({ effect }) => effect === "none"),
    "the guest is off",
  );
  await perform(change);
  assert.equal(await diff(spec, spec.uuid), undefined);
  await perform(await diff(undefined, spec.uuid));
});

test("renamed by hand while off: gets its name back", async () => {
  const spec = await guest("named", { powerState: "stopped" });
  await perform(await diff(spec, spec.uuid));
  virsh("domrename", spec.uuid, `${prefix}-other`);
  const change = await diff(spec, spec.uuid);
  assert.deepEqual(
    change?.fields.map(({ path, cause }) => [path, cause]),
    [["name", "drift"]],
  );
  await perform(change);
  assert.equal((await libvirtOf(context()).domain(spec.uuid))?.name, spec.instance);
  await perform(await diff(undefined, spec.uuid));
});

test("a foreign domain with our uuid is refused by every action and left as it was", async () => {
  const spec = await guest("foreign");
  const path = join(directory, "foreign.xml");
  const foreign = `<domain type="qemu"><name>${prefix}-foreign</name><uuid>${spec.uuid}</uuid><memory unit="MiB">64</memory><os><type arch="x86_64" machine="pc">hvm</type></os></domain>`;
  await writeFile(path, foreign);
  virsh("define", path);
  const found = virsh("dumpxml", "--inactive", spec.uuid);
  for (const type of ["domain.start", "domain.stop", "domain.resume", "domain.undefine"]) {
    await assert.rejects(
      act(type, { uuid: spec.uuid, instance: spec.instance, shutdown: { seconds: 0, force: true } }),
      /is not owned by project shop/,
      type,
    );
  }
  await assert.rejects(act("domain.define", { spec }), /is not owned by project shop/);
  assert.equal(virsh("dumpxml", "--inactive", spec.uuid), found);
});

test("a clone made by hand is not ours", async () => {
  const spec = await guest("original", { powerState: "stopped" });
  await perform(await diff(spec, spec.uuid));
  const clone = randomUUID();
  defined.push(clone);
  const xml = virsh("dumpxml", "--inactive", spec.uuid)
    .replaceAll(`>${spec.uuid}<`, `>${clone}<`)
    .replace(`<virtform:uuid>${clone}<`, `<virtform:uuid>${spec.uuid}<`)
    .replace(`<name>${spec.instance}</name>`, `<name>${prefix}-clone</name>`);
  await writeFile(join(directory, "clone.xml"), xml);
  virsh("define", join(directory, "clone.xml"));
  const records = await libvirtOf(context()).domains((domain) => domain);
  const labels = new Map(records.map((record) => [record.uuid, domainState(record).label?.instance]));
  assert.equal(labels.get(spec.uuid), spec.instance);
  assert.equal(labels.has(clone), true);
  assert.equal(labels.get(clone), undefined);
  await perform(await diff(undefined, spec.uuid));
});

test("libvirt's refusal comes with its words and the network's name", async () => {
  const spec = await guest("networked", {
    interfaces: [
      { name: "0", type: "network", source: `${prefix}-nowhere`, mac: "52:54:00:12:34:57", model: "virtio", link: "up", filter: null },
    ],
  });
  await act("domain.define", { spec });
  await assert.rejects(act("domain.start", { uuid: spec.uuid, instance: spec.instance }), (error) => {
    assert.ok(error instanceof LibvirtError);
    assert.match(error.diagnostics[0]?.summary ?? "", new RegExp(`${prefix}-nowhere`));
    assert.match(error.diagnostics[0]?.detail ?? "", new RegExp(`no network ${prefix}-nowhere.*net-list`));
    return true;
  });
});

function qemuPid(spec: DomainSpec): string {
  const pids = spawnSync("pgrep", ["-f", `guest=${spec.instance},`], { encoding: "utf8" }).stdout.trim();
  return pids.split("\n")[0] ?? "";
}
