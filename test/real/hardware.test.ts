import assert from "node:assert/strict";
import { access, readdir } from "node:fs/promises";
import { test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { assertNoLeftovers, createWorkspace, tinyImages, virsh, waitForConsole, writeConfig } from "./support/workspace.ts";

// An emulated timer may be late on a busy machine, which the kernel takes for a broken one.
const commandLine = "console=ttyS0 root=/dev/vda panic=1 no_timer_check";

/** The tiny guest's images, its root with these properties. */
function imagesWith(properties: Readonly<Record<string, string>>): Record<string, unknown> {
  const { tiny, ...others } = tinyImages();
  return { tiny: { ...(tiny as object), properties: { os_command_line: commandLine, ...properties } }, ...others };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

test("a guest boots from UEFI with a TPM, its processor, topology and devices, and leaves neither variables nor TPM state behind", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-all`;
  const write = (keys: Readonly<Record<string, unknown>>) =>
    writeConfig(workspace, {
      images: imagesWith({ hw_firmware_type: "uefi", hw_boot_menu: "true", hw_virtio_packed_ring: "true" }),
      flavors: {
        small: {
          vcpus: 2,
          ram: "256MiB",
          disk: "256MiB",
          extra_specs: { "hw:tpm_version": "2.0", "quota:cpu_shares": "512", "quota:disk_read_bytes_sec": "100000000" },
        },
      },
      instances: { [name]: { image: "tiny", flavor: "small", machine: "pc-q35-7.2", ...keys } },
    });
  const keys = {
    autostart: true,
    cpu: { model: "Nehalem", features: { x2apic: "disable" }, topology: { sockets: 1, cores: 4 } },
    max_vcpus: 4,
    numa_nodes: 2,
    cpu_pinning: { "0": "0", "1": "1" },
    emulator_pinning: "0-1",
    quota: { vif_inbound_average: 1000, disk_total_iops_sec: 500 },
    watchdog: "reset",
    serial_ports: 2,
    rng: { rate_bytes: 4096 },
    video: { model: "vga", memory: "32MiB" },
    graphics: { keymap: "de" },
    sound: "ich9",
    input_bus: "virtio",
    pmu: false,
    hide_hypervisor: true,
    networks: [{ user: true }],
  };
  await write(keys);
  await apply(workspace);
  await assertConverged(workspace);
  const uuid = (await virsh("domuuid", name)).trim();
  const state = `/var/lib/libvirt/swtpm/${uuid}`;
  const console = await waitForConsole(workspace, name, /^virtform-guest: ready/m);
  for (const words of [/efi: EFI v2/, /Secure boot disabled/, /ACPI: TPM2/, /Nehalem/, /Brought up 2 nodes, 2 CPUs/])
    assert.match(console, words);
  assert.match(await virsh("list", "--all", "--autostart"), new RegExp(name));
  assert.ok(await exists(`${workspace.instancesPath}/${uuid}/nvram.fd`));
  assert.ok(await exists(state), "swtpm keeps the state of the TPM");
  assert.deepEqual(
    (await readdir("/var/lib/libvirt/qemu/nvram")).filter((file) => file.startsWith(name)),
    [],
  );

  // What is undone by hand is drift, and comes back with the next apply.
  await virsh("autostart", "--disable", name);
  const drifted = await virtform("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(drifted.code, 2);
  assert.match(drifted.stdout, /autostart/);
  await apply(workspace);
  await assertConverged(workspace);

  // Without the keys, the guest has at its next start what others have.
  await write({});
  const fewer = await virtform("plan", workspace.directory);
  assert.match(fewer.stdout, /cpu_model/);
  await apply(workspace);
  const waiting = await virtform("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(waiting.code, 0, waiting.stdout);
  assert.match(waiting.stdout, /waits for a restart: .*cpu_model Nehalem → \(none\)/);
  assert.doesNotMatch(waiting.stdout, /changed by hand|disks\.vda removed/);
  const xml = await virsh("dumpxml", "--inactive", name);
  for (const gone of ["<vcpupin", "<emulatorpin", "<numa>", "<watchdog", "Nehalem", "<pmu", "keymap", "<rate", "<sound"])
    assert.ok(!xml.includes(gone), `${gone} is still in the definition`);
  assert.match(xml, /<tpm model='tpm-crb'>/);

  const destroyed = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(destroyed.code, 0, destroyed.stderr);
  assert.equal(await exists(state), false, "the state of the TPM goes with the guest");
  assert.equal(await exists(`${workspace.instancesPath}/${uuid}`), false, "the variables go with the instance");
  await assertNoLeftovers(workspace);
});

test("a guest with secure boot starts, keeps its variables through a new definition, and changes to BIOS", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-two`;
  const write = (keys: Readonly<Record<string, unknown>>) =>
    writeConfig(workspace, {
      images: imagesWith({}),
      flavors: { small: { vcpus: 1, ram: "256MiB", disk: "256MiB" } },
      instances: { [name]: { image: "tiny", flavor: "small", config_drive: false, ...keys } },
    });
  await write({ firmware: "uefi", secure_boot: true });
  await apply(workspace);
  await assertConverged(workspace);
  const live = await virsh("dumpxml", name);
  assert.match(live, /<loader [^>]*secure='yes'/);
  assert.match(live, /<nvram template='[^']*\.ms\.fd'/);
  const uuid = (await virsh("domuuid", name)).trim();
  const variables = `${workspace.instancesPath}/${uuid}/nvram.fd`;
  assert.ok(await exists(variables));

  await virsh("destroy", name);
  await write({ firmware: "uefi", secure_boot: true, boot_menu: true, viommu: "intel", power_state: "stopped" });
  await apply(workspace);
  await assertConverged(workspace);
  assert.ok(await exists(variables), "a new definition keeps the variables");

  await write({ power_state: "stopped" });
  await apply(workspace);
  await assertConverged(workspace);
  const xml = await virsh("dumpxml", "--inactive", name);
  for (const gone of ["firmware='efi'", "<nvram", "secure", "smm", "<iommu", "ioapic"])
    assert.ok(!xml.includes(gone), `${gone} is still in the definition`);
  assert.equal((await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy")).code, 0);
  assert.equal(await exists(`${workspace.instancesPath}/${uuid}`), false);
});
