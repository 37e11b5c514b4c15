import assert from "node:assert/strict";
import { test } from "node:test";
import { hardwareKeys, hostKeys } from "../../src/kinds/config/hardware/schema.ts";
import type { FieldChange } from "../../src/model/change.ts";
import { shop } from "./shop.ts";
import { applied, createWorld, planOf, runOn, summary } from "./world.ts";

/** The keys of an instance, a sample of each, and the paths that it changes in a plan. */
const samples: Readonly<Record<string, readonly [yaml: string, paths: readonly string[]]>> = {
  firmware: ["firmware: uefi", ["firmware", "secure_boot", "uefi_variables"]],
  secure_boot: ["firmware: uefi\n    secure_boot: true", ["firmware", "secure_boot", "uefi_variables"]],
  tpm: ['tpm: { version: "2.0" }', ["tpm.version", "tpm.model"]],
  cpu: [
    "cpu: { model: Nehalem, features: { vmx: disable }, topology: { sockets: 1 } }",
    ["cpu", "cpu_model", "topology", "cpu_features.vmx.policy"],
  ],
  machine: ["machine: pc-q35-7.0", ["machine"]],
  max_vcpus: ["max_vcpus: 4", ["max_vcpus"]],
  max_ram: ["max_ram: 512MiB", ["max_memory"]],
  numa_nodes: ["numa_nodes: 1", ["numa.0.cpus", "numa.0.memory"]],
  numa: [
    'numa: [{ cpus: "0", memory: 128MiB }, { cpus: "1", memory: 128MiB }]',
    ["numa.0.cpus", "numa.0.memory", "numa.1.cpus", "numa.1.memory"],
  ],
  cpu_pinning: ['cpu_pinning: { "0": "2,1,0" }', ["cpu_pinning.0.cpus"]],
  emulator_pinning: ['emulator_pinning: "0-1"', ["emulator_pinning"]],
  huge_pages: ["huge_pages: 2048KiB", ["huge_pages"]],
  locked_memory: ["locked_memory: true", ["locked_memory"]],
  quota: [
    "quota: { cpu_shares: 512, disk_total_iops_sec: 100, vif_inbound_average: 1000 }",
    ["quota.cpu_shares", "disks.vda.total_iops_sec", "interfaces.52:54:00:9f:93:8f.inbound_average"],
  ],
  disk_bus: ["disk_bus: scsi", []],
  cdrom_bus: ["cdrom_bus: sata", ["disks.sda.bus"]],
  scsi_model: ["scsi_model: lsilogic", ["scsi_controller"]],
  vif_multiqueue: ["vif_multiqueue: true", ["interfaces.52:54:00:9f:93:8f.queues"]],
  packed_ring: ["packed_ring: true", ["disks.vda.packed", "interfaces.52:54:00:9f:93:8f.packed"]],
  serial_ports: ["serial_ports: 3", ["more_serial_ports"]],
  graphics: ["graphics: { type: spice }", ["graphics.spice.listen", "graphics.vnc.listen"]],
  video: ["video: { model: vga, memory: 32MiB }", ["video", "video_memory"]],
  watchdog: ["watchdog: reset", ["watchdog"]],
  boot_menu: ["boot_menu: true", ["boot_menu"]],
  rng: ["rng: { rate_bytes: 4096 }", ["rng_rate"]],
  hyperv: ["hyperv: true", ["hyperv"]],
  hide_hypervisor: ["hide_hypervisor: true", ["hide_hypervisor"]],
  pmu: ["pmu: false", ["pmu"]],
  // Timers are for guests on KVM.
  hpet: ["hpet: true", []],
  pointer: ["pointer: ps2mouse", ["tablet"]],
  input_bus: ["input_bus: virtio", ["tablet", "tablet_virtio"]],
  guest_agent: ["guest_agent: false", ["guest_agent"]],
  viommu: ["viommu: intel", ["viommu"]],
  sound: ["sound: ich9", ["sound"]],
  hostdevs: [
    'hostdevs: [{ pci: "0000:03:00.0" }, { usb: "046d:c52b" }]',
    ["hostdevs.pci 0000:03:00.0.driver", "hostdevs.usb 046d:c52b.driver"],
  ],
  autostart: ["autostart: true", ["autostart"]],
};

/** The version of a machine stays, controllers of another bus stay, and disks change their places. */
const leavesTraces = new Set(["machine", "disk_bus", "cdrom_bus"]);

/** One guest with two processors. */
const guest = (keys: string) =>
  shop({ instances: ["web"], memory: "256MiB" })
    .replace("vcpus: 1", "vcpus: 2")
    .replace("    flavor: small\n", `    flavor: small\n${keys === "" ? "" : `    ${keys}\n`}`);

test("every key of the hardware has a sample", () => {
  assert.deepEqual(Object.keys(samples).sort(), [...Object.keys(hardwareKeys), ...Object.keys(hostKeys), "autostart"].sort());
});

for (const [key, [yaml, paths]] of Object.entries(samples)) {
  test(`${key}: the plan lists what it changes, the next plan is empty, drift is seen, and without it the definition is as before`, async () => {
    const machine = createWorld();
    await applied(machine, guest(""));
    const domain = machine.libvirtd.find("web");
    assert.ok(domain !== undefined);
    const document = () => machine.libvirtd.document(domain, true);
    const [before, autostart] = [document(), domain.autostart];

    const set = fieldsOf(await planOf(await runOn(machine.boot(), guest(yaml))));
    const found = set.map(({ path }) => path);
    for (const path of paths) assert.ok(found.includes(path), `${path} is not in the plan: ${found.join(", ")}`);
    if (paths.length > 0 && key !== "machine") assert.deepEqual(found.toSorted(), [...paths].sort());
    const running = key === "autostart" ? "none" : key === "quota" ? "live" : "next_boot";
    for (const { path, effect, cause } of set) assert.deepEqual([path, effect], [path, running], `${path} is ${cause}`);
    if (key !== "hyperv")
      assert.ok(
        set.every(({ cause }) => cause === "config"),
        JSON.stringify(set),
      );
    await applied(machine, guest(yaml));
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), guest(yaml)))), []);

    if (paths.length > 0 && key !== "autostart") {
      const kept = document();
      machine.libvirtd.define(withApplied(before, kept));
      const drift = fieldsOf(await planOf(await runOn(machine.boot(), guest(yaml))));
      assert.deepEqual(drift.map(({ path }) => path).sort(), found.toSorted());
      assert.ok(
        drift.every(({ cause }) => cause === "drift"),
        JSON.stringify(drift),
      );
      await applied(machine, guest(yaml));
      assert.deepEqual(summary(await planOf(await runOn(machine.boot(), guest(yaml)))), []);
    }

    await applied(machine, guest(""));
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), guest("")))), []);
    if (!leavesTraces.has(key)) assert.equal(withoutAddresses(document()), withoutAddresses(before));
    assert.equal(domain.autostart, autostart);
  });
}

test("what people set by hand and no configuration sets is left alone", async () => {
  const machine = createWorld();
  await applied(machine, guest(""));
  const domain = machine.libvirtd.find("web");
  assert.ok(domain !== undefined);
  const byHand = "<watchdog model='i6300esb' action='pause'/><tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm>";
  machine.libvirtd.define(
    machine.libvirtd.document(domain, true).replace("</devices>", `${byHand}</devices><cputune><shares>77</shares></cputune>`),
  );
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), guest("")))), []);
  await applied(machine, guest("boot_menu: true"));
  const document = machine.libvirtd.document(domain, true);
  for (const words of [/action=['"]pause['"]/, /tpm-tis/, /<shares>77</]) assert.match(document, words);
  await applied(machine, guest("watchdog: reset"));
  assert.match(machine.libvirtd.document(domain, true), /action=['"]reset['"]/);
});

function fieldsOf(plan: Awaited<ReturnType<typeof planOf>>): readonly FieldChange[] {
  const change = plan.changes.find(({ address }) => address === "domain/web");
  return change?.fields ?? [];
}

/** A document with the record of what was applied that another has. */
function withApplied(document: string, other: string): string {
  const applied = /<virtform:applied>[\s\S]*?<\/virtform:applied>/;
  return document.replace(applied, () => applied.exec(other)?.[0] ?? "");
}

function withoutAddresses(document: string): string {
  return document
    .replaceAll(/ *<address [^>]*\/>\n/g, "")
    .split("\n")
    .sort()
    .join("\n");
}
