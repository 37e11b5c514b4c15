import assert from "node:assert/strict";
import { test } from "node:test";
import { dhcpNetwork } from "./support/dhcp-network.ts";
import { checkout, virtform } from "./support/virtform.ts";
import { apply, assertConverged, createWorkspace, roomy, tinyImages, virsh, writeConfig } from "./support/workspace.ts";

test("an apply waits for the agent of a guest; a guest whose address never comes fails it, keeps running and is waited for again", async (t) => {
  const workspace = await createWorkspace(t);
  const [talks, silent] = [`${workspace.prefix}-talks`, `${workspace.prefix}-silent`];
  const network = await dhcpNetwork(t, workspace);
  const write = (silentWaits: object | undefined) =>
    writeConfig(workspace, {
      host: { allocation_ratio: { ...roomy, disk: 100 } },
      images: tinyImages(),
      flavors: { small: { vcpus: 1, ram: "160MiB", disk: "64MiB" } },
      instances: {
        [talks]: { image: "tiny", flavor: "small", config_drive: false, wait_for: "agent" },
        // The tiny guest does not ask for an address.
        [silent]: {
          image: "tiny",
          flavor: "small",
          config_drive: false,
          guest_agent: false,
          networks: [{ network }],
          ...(silentWaits === undefined ? {} : { wait_for: silentWaits }),
        },
      },
    });
  await write({ what: "address", timeout: "8s" });
  const first = await virtform("apply", workspace.directory, "--auto-approve");
  const said = first.stdout + first.stderr;
  assert.equal(first.code, 1, said);
  assert.match(said, new RegExp(`domain/${talks}: wait for its guest agent, at most 10 min: done`));
  assert.match(said, new RegExp(`${silent} is not ready: no address of it is known after 8 s`));
  assert.match(said, /ts console log\s+\/\S+\/console\.log/);
  assert.match(await virsh("dumpxml", talks), /org\.qemu\.guest_agent\.0' state='connected'/);
  assert.equal((await virsh("domstate", silent)).trim(), "running");

  const again = await virtform("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(again.code, 2);
  assert.match(again.stdout, new RegExp(`~ domain/${silent} .*: the last apply did not see it ready`));
  assert.doesNotMatch(again.stdout, new RegExp(`domain/${talks}`));

  await write(undefined);
  await assertConverged(workspace);
});

test("an apply waits for cloud-init of a Debian guest, and fails with its errors; the next apply waits again, for ssh", async (t) => {
  const workspace = await createWorkspace(t);
  const [good, bad] = [`${workspace.prefix}-good`, `${workspace.prefix}-bad`];
  const network = await dhcpNetwork(t, workspace);
  const guest = `${checkout}.cache/debian`;
  const files = [{ path: "/etc/systemd/network/50-dhcp.network", text: "[Match]\nName=e*\n[Network]\nDHCP=yes\n", mode: "0644" }];
  const start = "systemctl restart systemd-networkd";
  const debian = { image: "debian", flavor: "medium", networks: [{ network }], files };
  const write = (instances: object) =>
    writeConfig(workspace, {
      host: { allocation_ratio: { ...roomy, disk: 100 } },
      images: {
        debian: {
          source: `${guest}/root.qcow2`,
          disk_format: "qcow2",
          kernel: "kernel",
          ramdisk: "initrd",
          properties: { os_distro: "debian", os_command_line: "root=/dev/vda console=ttyS0 no_timer_check" },
        },
        kernel: { source: `${guest}/vmlinuz`, disk_format: "aki" },
        initrd: { source: `${guest}/initrd.img`, disk_format: "ari" },
      },
      flavors: { medium: { vcpus: 1, ram: "512MiB", disk: "3GiB" } },
      instances,
    });
  const wait = { what: "cloud_init", timeout: "15m" };
  const runs = (command: string) => `#cloud-config\nlocale: false\nruncmd:\n  - ${start}\n  - ${command}\n`;
  const fine = { ...debian, user_data: runs("echo done"), wait_for: wait };
  const failing = { ...debian, user_data: runs("exit 3"), wait_for: wait };
  await write({ [good]: fine, [bad]: failing });
  const first = await virtform("apply", workspace.directory, "--auto-approve");
  const said = first.stdout + first.stderr;
  assert.equal(first.code, 1, said);
  assert.match(said, new RegExp(`domain/${good}: wait for cloud-init, at most 15 min: done`));
  assert.match(said, new RegExp(`cloud-init of ${bad} failed:[\\s\\S]*scripts`));
  assert.equal((await virsh("domstate", bad)).trim(), "running");

  // Still to be waited for: what is waited for now has come.
  await write({ [good]: fine, [bad]: { ...failing, wait_for: "ssh" } });
  const second = await apply(workspace);
  assert.match(second.stdout + second.stderr, new RegExp(`domain/${bad}: wait for its ssh server, at most 10 min: done`));
  await assertConverged(workspace);
});
