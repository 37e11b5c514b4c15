import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { test } from "node:test";
import { countingDisk, endingDisk } from "../support/speaking-disk.ts";
import { debianImages } from "./support/debian-images.ts";
import { dhcpNetwork } from "./support/dhcp-network.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { removeNetworks } from "./support/remove-networks.ts";
import { createWorkspace, roomy, tinyImages, virsh, waitForConsole, writeConfig } from "./support/workspace.ts";

test("an apply waits for the agent of a guest; a guest whose address never comes fails it, keeps running and is waited for again", async (t) => {
  const workspace = await createWorkspace(t);
  const [talks, silent] = [`${workspace.prefix}-talks`, `${workspace.prefix}-silent`];
  const network = await dhcpNetwork(t, workspace);
  const counting = `${workspace.directory}/counting.raw`;
  await writeFile(counting, countingDisk("silent"));
  const write = (silentWaits: object | undefined) =>
    writeConfig(workspace, {
      host: { allocation_ratio: { ...roomy, disk: 100 } },
      images: { ...tinyImages(), counting: { source: counting, disk_format: "raw" } },
      flavors: { small: { vcpus: 1, ram: "160MiB", disk: "64MiB" } },
      instances: {
        [talks]: { image: "tiny", flavor: "small", config_drive: false, wait_for: "agent" },
        // A boot sector does not ask for an address.
        [silent]: {
          image: "counting",
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

test("guests that power themselves off, or crash, end the wait for them at once, and the apply says which it was", async (t) => {
  const workspace = await createWorkspace(t);
  const network = await dhcpNetwork(t, workspace);
  const ends = ["power-off", "panic"] as const;
  const disk = (end: string) => `${workspace.directory}/${end}.raw`;
  const name = (end: string) => `${workspace.prefix}-${end}`;
  for (const end of ends) await writeFile(disk(end), endingDisk(end));
  await writeConfig(workspace, {
    images: Object.fromEntries(ends.map((end) => [end, { source: disk(end), disk_format: "raw" }])),
    flavors: { small: { vcpus: 1, ram: "64MiB", disk: "1MiB" } },
    instances: Object.fromEntries(
      ends.map((end) => [
        name(end),
        {
          image: end,
          flavor: "small",
          config_drive: false,
          guest_agent: false,
          domain_xml: { merge: "<devices><panic model='isa'/></devices>" },
          networks: [{ network }],
          wait_for: { what: "address", timeout: "10m" },
        },
      ]),
    ),
  });
  const began = performance.now();
  const { code, stdout, stderr } = await virtform("apply", workspace.directory, "--auto-approve");
  const said = (stdout + stderr).replace(/\s+/g, " ");
  assert.equal(code, 1, said);
  assert.ok(performance.now() - began < 120_000, "long before the ten minutes of its wait");
  assert.match(said, new RegExp(`${name("power-off")} is not ready: it is stopped \\(shutdown\\)`));
  assert.match(said, new RegExp(`${name("panic")} is not ready: it is (?:stopped|crashed) \\(crashed\\)`));
  assert.match(said, /Correct what stopped it; .* Then apply again, which starts it and waits again\./);
  assert.match(await virsh("domstate", "--reason", name("panic")), /crashed/);
});

/** Says on the console what the card with the fixed addresses got from the drive. */
const says = `
  - |
    addresses() { ip -o address show dev eth1 scope global | tr -s ' ' | cut -d ' ' -f 4 | sort | tr '\\n' ' '; }
    for _ in $(seq 60); do [ "$(addresses | wc -w)" -ge 2 ] && break; sleep 1; done
    say() { printf '\\nvirtform-nocloud: %s\\n' "$*" >/dev/ttyS0; }
    say "cloud-id=$(cat /run/cloud-init/cloud-id)"
    say "addresses=$(addresses)"
    say "mtu=$(cat /sys/class/net/eth1/mtu)"
    say "route=$(ip route show 10.77.0.0/16)"
    say "role=$(python3 -c 'import json; print(json.load(open("/run/cloud-init/instance-data.json"))["ds"]["meta_data"]["meta"]["role"])')"`;

/* debian-guest.test.ts waits for a cloud-init that succeeds. */
test("an apply fails with the errors of cloud-init in a Debian guest with a NoCloud drive, and the next one waits for its ssh server", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-debian`;
  const [network, lan] = [await dhcpNetwork(t, workspace), `${workspace.prefix}-lan`];
  const [v4, v6] = [`10.${randomInt(100, 250)}.${randomInt(1, 250)}`, `fd00:${randomInt(1, 9999)}:${randomInt(1, 9999)}::`];
  t.after(() => removeNetworks(lan));
  const write = (waits: object | string) =>
    writeConfig(workspace, {
      host: { allocation_ratio: { ...roomy, disk: 100 } },
      images: debianImages("root=/dev/vda console=ttyS0 no_timer_check"),
      flavors: { medium: { vcpus: 1, ram: "512MiB", disk: "3GiB" } },
      networks: {
        [lan]: {
          type: "isolated",
          mtu: 1400,
          subnets: [{ cidr: `${v4}.0/24`, routes: [{ to: "10.77.0.0/16", via: `${v4}.254` }] }, { cidr: `${v6}/64` }],
        },
      },
      instances: {
        [name]: {
          image: "debian",
          flavor: "medium",
          config_drive: { format: "nocloud" },
          networks: [{ network }, { network: lan, addresses: [`${v4}.10`, `${v6}10`] }],
          metadata: { role: "queue" },
          user_data: `#cloud-config\nlocale: false\nruncmd:\n  - systemctl restart systemd-networkd${says}\n  - exit 3\n`,
          wait_for: waits,
        },
      },
    });
  await write({ what: "cloud_init", timeout: "15m" });
  const first = await virtform("apply", workspace.directory, "--auto-approve");
  const said = first.stdout + first.stderr;
  assert.equal(first.code, 1, said);
  assert.match(said, new RegExp(`domain/${name}: wait for cloud-init, at most 15 min: failed after `));
  assert.match(said, new RegExp(`cloud-init of ${name} failed:\\s+Failed\\s+to\\s+run\\s+module\\s+scripts[-_]user\\b`));
  assert.equal((await virsh("domstate", name)).trim(), "running");

  const log = await waitForConsole(workspace, name, /^virtform-nocloud: role=/m, 10);
  const seen = Object.fromEntries(Array.from(log.matchAll(/^virtform-nocloud: (\S+?)=(.*)$/gm), ([, key, value]) => [key, value]));
  assert.equal(seen["cloud-id"], "nocloud");
  // The host announces the IPv6 subnet, so that the guest gives itself an address beside the fixed one.
  for (const address of [`${v4}.10/24`, `${v6}10/64`]) assert.ok(seen["addresses"]?.split(" ").includes(address), seen["addresses"]);
  assert.deepEqual([seen["mtu"], seen["role"]], ["1400", "queue"]);
  assert.match(seen["route"] ?? "", new RegExp(`^10\\.77\\.0\\.0/16 via ${v4}\\.254 `));
  // The host knows the addresses of the drive once it has talked to the guest.
  for (const address of [`${v4}.10`, `${v6}10`]) await sshBanner(address);
  const rows = JSON.parse((await virtform("list", workspace.directory, "--json")).stdout) as { name: string; addresses: string[] }[];
  const listed = rows.find((row) => row.name === name)?.addresses ?? [];
  for (const address of [`${v4}.10`, `${v6}10`]) assert.ok(listed.includes(address), listed.join(" "));

  // Still to be waited for: what is waited for now has come.
  await write("ssh");
  const second = await apply(workspace);
  assert.match(second.stdout + second.stderr, new RegExp(`domain/${name}: wait for its ssh server, at most 10 min: done`));
  await assertConverged(workspace);
});

/** The first bytes that the ssh server at an address sends. */
async function sshBanner(address: string): Promise<void> {
  const socket = connect(22, address);
  try {
    const [bytes] = (await once(socket, "data", { signal: AbortSignal.timeout(60_000) })) as [Buffer];
    assert.match(bytes.toString("latin1"), /^SSH-/);
  } finally {
    socket.destroy();
  }
}
