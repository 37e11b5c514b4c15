import assert from "node:assert/strict";
import { test } from "node:test";
import { checkout } from "./support/virtform.ts";
import { apply, assertConverged, createWorkspace, publicKey, waitForConsole, writeConfig } from "./support/workspace.ts";

// What cloud-init understood, said on the console by cloud-init itself.
const userData = `#cloud-config
write_files:
  - path: /run/written-by-user-data
    content: written by user data
runcmd:
  - |
    say() { printf '\\nvirtform-debian: %s\\n' "$*" >/dev/ttyS0; } # on a line of its own, whatever the login prompt left
    say "cloud-id=$(cloud-id)"
    say "hostname=$(hostname)"
    say "key=$(cat /home/*/.ssh/authorized_keys)"
    say "file=$(cat /run/written-by-user-data)"
    say "role=$(cloud-init query ds.meta_data.meta.role)"
    say "filesystem=$(df -B1 --output=size / | tail -n 1 | tr -d ' ')"
    say ready
`;

test("cloud-init of a real Debian guest takes host name, key and user data from the config drive", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-debian`;
  const guest = `${checkout}.cache/debian`;
  await writeConfig(workspace, {
    images: {
      debian: {
        source: `${guest}/root.qcow2`,
        disk_format: "qcow2",
        kernel: "kernel",
        ramdisk: "initrd",
      },
      kernel: { source: `${guest}/vmlinuz`, disk_format: "aki" },
      initrd: { source: `${guest}/initrd.img`, disk_format: "ari" },
    },
    flavors: { medium: { vcpus: 2, ram: "1GiB", disk: "3GiB" } },
    key_pairs: { ops: { public_key: publicKey } },
    instances: { [name]: { image: "debian", flavor: "medium", key_pair: "ops", user_data: userData, metadata: { role: "database" } } },
  });
  await apply(workspace);
  const log = await waitForConsole(workspace, name, /^virtform-debian: ready$/m, 600);
  const said = Object.fromEntries(Array.from(log.matchAll(/^virtform-debian: (\S+?)=(.*)$/gm), ([, key, value]) => [key, value]));
  assert.equal(said["cloud-id"], "configdrive");
  assert.equal(said["hostname"], name);
  assert.equal(said["key"], publicKey);
  assert.equal(said["file"], "written by user data");
  assert.equal(said["role"], "database");
  assert.ok(Number(said["filesystem"]) > 2.5 * 2 ** 30, `the root filesystem has grown to the flavor's 3 GiB: ${said["filesystem"]}`);
  await assertConverged(workspace);
});
