import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { dhcpNetwork } from "./support/dhcp-network.ts";
import { checkout, mustRun, virtform } from "./support/virtform.ts";
import { apply, assertConverged, createWorkspace, waitForConsole, writeConfig } from "./support/workspace.ts";

// What cloud-init understood, said on the console by cloud-init itself.
const userData = `#cloud-config
runcmd:
  - printf 'written by user data' >/run/written-by-user-data
  - systemctl restart systemd-networkd
  - |
    say() { printf '\\nvirtform-debian: %s\\n' "$*" >/dev/ttyS0; } # on a line of its own, whatever the login prompt left
    say "cloud-id=$(cloud-id)"
    say "hostname=$(hostname)"
    say "key=$(cat /home/*/.ssh/authorized_keys)"
    say "file=$(cat /run/written-by-user-data)"
    say "bytes=$(base64 /etc/app/settings/bytes) $(stat -c %a:%U:%G /etc/app/settings/bytes)"
    say "role=$(cloud-init query ds.meta_data.meta.role)"
    say "filesystem=$(df -B1 --output=size / | tail -n 1 | tr -d ' ')"
    for _ in $(seq 100); do ip -4 -o address show scope global | grep -q inet && break; sleep 1; done
    say "address=$(ip -4 -o address show scope global | tr -s ' ' | cut -d ' ' -f 4)"
    say ready
`;

test("cloud-init of a real Debian guest takes host name, key, files and user data from the config drive, and virtform logs in to it", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-debian`;
  const network = await dhcpNetwork(t, workspace);
  const key = join(workspace.directory, "key");
  await mustRun("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "real-test", "-f", key]);
  const publicKey = (await readFile(`${key}.pub`, "utf8")).trim();
  const guest = `${checkout}.cache/debian`;
  await writeFile(join(workspace.directory, "private"), "private\n");
  await writeConfig(workspace, {
    images: {
      debian: {
        source: `${guest}/root.qcow2`,
        disk_format: "qcow2",
        kernel: "kernel",
        ramdisk: "initrd",
        properties: { os_distro: "debian" },
      },
      kernel: { source: `${guest}/vmlinuz`, disk_format: "aki" },
      initrd: { source: `${guest}/initrd.img`, disk_format: "ari" },
    },
    flavors: { medium: { vcpus: 2, ram: "1GiB", disk: "3GiB" } },
    key_pairs: { ops: { public_key: publicKey } },
    instances: {
      [name]: {
        image: "debian",
        flavor: "medium",
        key_pair: "ops",
        networks: [{ network }],
        user_data: userData,
        files: [
          { path: "/etc/systemd/network/50-dhcp.network", text: dhcp, mode: "0644" },
          { path: "/etc/app/settings/bytes", base64: "AAEC/w==" },
          { path: "/srv/private", file: "./private", mode: "0600", owner: "nobody:nogroup" },
        ],
        metadata: { role: "database" },
      },
    },
  });
  await apply(workspace);
  const log = await waitForConsole(workspace, name, /^virtform-debian: ready$/m, 600);
  const said = Object.fromEntries(Array.from(log.matchAll(/^virtform-debian: (\S+?)=(.*)$/gm), ([, key, value]) => [key, value]));
  assert.equal(said["cloud-id"], "configdrive");
  assert.equal(said["hostname"], name);
  assert.equal(said["key"], publicKey);
  assert.equal(said["file"], "written by user data");
  assert.equal(said["bytes"], "AAEC/w== 660:root:root");
  assert.equal(said["role"], "database");
  assert.ok(Number(said["filesystem"]) > 2.5 * 2 ** 30, `the root filesystem has grown to the flavor's 3 GiB: ${said["filesystem"]}`);
  await assertConverged(workspace);

  const options = [`IdentityFile=${key}`, "BatchMode=yes", `UserKnownHostsFile=${key}.hosts`, "StrictHostKeyChecking=accept-new"];
  const login = (...command: readonly string[]) =>
    virtform("ssh", ...options.flatMap((option) => ["-o", option]), name, workspace.directory, "--", ...command);
  const inside = await login("echo $(id -un) on $(hostname); exit 7");
  assert.deepEqual([inside.code, inside.stdout], [7, `debian on ${name}\n`], inside.stderr);
  // ssh may keep names as hashes.
  const access = await login("sudo stat -c %a:%U:%G /srv/private && sudo cat /srv/private");
  assert.equal(access.stdout, "600:nobody:nogroup\nprivate\n", access.stderr);
  assert.match(await mustRun("ssh-keygen", ["-F", `${name}.${workspace.project}.localhost`, "-f", `${key}.hosts`]), / ssh-ed25519 /);
});

/** Lets the guest ask for an address. */
const dhcp = "[Match]\nName=e*\n[Network]\nDHCP=yes\n";
