import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { networkData } from "../../src/kinds/instance/seed/network.ts";
import { networkConfig } from "../../src/kinds/instance/seed/nocloud.ts";
import { readIsoFile } from "../../src/tools/iso9660/read-file.ts";
import { debianImages } from "./support/debian-images.ts";
import { dhcpNetwork } from "./support/dhcp-network.ts";
import { removeNetworks } from "./support/remove-networks.ts";
import { mustRun, virtform } from "./support/virtform.ts";
import { apply, assertConverged, createWorkspace, virsh, waitForConsole, writeConfig } from "./support/workspace.ts";

// What cloud-init understood, said on the console by cloud-init itself.
const macs = { leased: "52:54:00:d0:00:01", static: "52:54:00:d0:00:02", six: "52:54:00:d0:00:03" } as const;
const userData = `#cloud-config
runcmd:
  - printf 'written by user data' >/run/written-by-user-data
  - systemctl restart systemd-networkd
  - |
    card() { grep -l "$1" /sys/class/net/*/address | cut -d / -f 5; }
    say() { printf '\\nvirtform-debian: %s\\n' "$*" >/dev/ttyS0; } # on a line of its own, whatever the login prompt left
    say "cloud-id=$(cat /run/cloud-init/cloud-id)"
    say "hostname=$(hostname)"
    say "key=$(cat /home/*/.ssh/authorized_keys)"
    say "file=$(cat /run/written-by-user-data)"
    say "bytes=$(base64 /etc/app/settings/bytes) $(stat -c %a:%U:%G /etc/app/settings/bytes)"
    say "role=$(python3 -c 'import json; print(json.load(open("/run/cloud-init/instance-data.json"))["ds"]["meta_data"]["meta"]["role"])')"
    say "filesystem=$(df -B1 --output=size / | tail -n 1 | tr -d ' ')"
    addresses() { ip -o address show dev "$1" scope global | tr -s ' ' | cut -d ' ' -f 4 | sort | tr '\\n' ' '; }
    leased=$(card ${macs.leased}) static=$(card ${macs.static}) six=$(card ${macs.six})
    for _ in $(seq 100); do [ "$(addresses "$leased")" ] && [ "$(addresses "$static" | wc -w)" -ge 2 ] && [ "$(addresses "$six")" ] && break; sleep 1; done
    say "leased=$(addresses "$leased")"
    say "static=$(addresses "$static")"
    say "six=$(addresses "$six")"
    say "mtu=$(cat "/sys/class/net/$static/mtu")"
    say "routes=$(ip route show 10.77.0.0/16) $(ip -6 route show fd77::/48)"
    say "dns=$(sed -n 's/^DNS=//p' "/run/systemd/netif/links/$(cat "/sys/class/net/$static/ifindex")")"
    say ready
`;

test("cloud-init of a real Debian guest takes host name, key, files and user data from the config drive, virtform waits for it, and logs in", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-debian`;
  const network = await dhcpNetwork(t, workspace);
  const [lan, six, nocloud] = [`${workspace.prefix}-lan`, `${workspace.prefix}-six`, `${workspace.prefix}-nocloud`];
  const [v4, v6] = [`10.${randomInt(100, 250)}.${randomInt(1, 250)}`, `fd00:${randomInt(1, 9999)}:${randomInt(1, 9999)}::`];
  const addresses = [`${v4}.10`, `${v6}10`];
  const announced = `fd01:${randomInt(1, 9999)}:${randomInt(1, 9999)}:`;
  t.after(() => removeNetworks(lan, six));
  const key = join(workspace.directory, "key");
  await mustRun("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "real-test", "-f", key]);
  const publicKey = (await readFile(`${key}.pub`, "utf8")).trim();
  await writeFile(join(workspace.directory, "private"), "private\n");
  await writeConfig(workspace, {
    images: debianImages("root=/dev/vda console=ttyS0 no_timer_check"),
    flavors: { medium: { vcpus: 1, ram: "1GiB", disk: "3GiB" } },
    key_pairs: { ops: { public_key: publicKey } },
    networks: {
      [lan]: {
        type: "isolated",
        mtu: 1400,
        subnets: [
          { cidr: `${v4}.0/24`, dns_servers: [`${v4}.53`], routes: [{ to: "10.77.0.0/16", via: `${v4}.254` }] },
          { cidr: `${v6}/64`, dns_servers: [`${v6}53`], routes: [{ to: "fd77::/48", via: `${v6}fe` }] },
        ],
      },
      [six]: { type: "isolated", subnets: [{ cidr: `${announced}:/64` }] },
    },
    instances: {
      [nocloud]: {
        image: "debian",
        flavor: "medium",
        key_pair: "ops",
        power_state: "stopped",
        config_drive: { format: "nocloud" },
        networks: [{ network }, { network: lan, mtu: 1380, addresses: [`${v4}.11`, `${v6}11`] }],
        user_data: "#cloud-config\n",
        metadata: { role: "queue" },
      },
      [name]: {
        image: "debian",
        flavor: "medium",
        key_pair: "ops",
        networks: [
          { network, mac: macs.leased },
          { network: lan, mac: macs.static, mtu: 1380, addresses },
          { network: six, mac: macs.six },
        ],
        user_data: userData,
        files: [
          { path: "/etc/app/settings/plain", text: "plain\n", mode: "0644" },
          { path: "/etc/app/settings/bytes", base64: "AAEC/w==" },
          { path: "/srv/private", file: "./private", mode: "0600", owner: "nobody:nogroup" },
        ],
        metadata: { role: "database" },
        wait_for: { what: "cloud_init", timeout: "15m" },
      },
    },
  });
  const applied = await apply(workspace);
  assert.match(applied.stdout + applied.stderr, new RegExp(`domain/${name}: wait for cloud-init, at most 15 min: done`));
  const log = await waitForConsole(workspace, name, /^virtform-debian: ready$/m, 10);
  const said = Object.fromEntries(Array.from(log.matchAll(/^virtform-debian: (\S+?)=(.*)$/gm), ([, key, value]) => [key, value]));
  assert.equal(said["cloud-id"], "configdrive");
  assert.equal(said["hostname"], name);
  assert.equal(said["key"], publicKey);
  assert.equal(said["file"], "written by user data");
  assert.equal(said["bytes"], "AAEC/w== 660:root:root");
  assert.equal(said["role"], "database");
  assert.ok(Number(said["filesystem"]) > 2.5 * 2 ** 30, `the root filesystem has grown to the flavor's 3 GiB: ${said["filesystem"]}`);
  assert.match(said["leased"] ?? "", /^10\.\d+\.\d+\.\d+\/24 $/);
  // The host announces the IPv6 subnet, so that the guest gives itself an address beside the fixed one.
  for (const address of [`${v4}.10/24`, `${v6}10/64`]) assert.ok(said["static"]?.split(" ").includes(address), said["static"]);
  assert.match(said["six"] ?? "", new RegExp(`^${announced}[0-9a-f:]+/64 $`), "in a network with IPv6 alone, no IPv4 address");
  assert.equal(said["mtu"], "1380");
  assert.match(said["routes"] ?? "", new RegExp(`^10\\.77\\.0\\.0/16 via ${v4}\\.254 .*fd77::/48 via ${v6}fe `));
  assert.ok(said["dns"]?.startsWith(`${v4}.53 ${v6}53`), said["dns"]);
  await assertConverged(workspace);

  const options = [`IdentityFile=${key}`, "BatchMode=yes", `UserKnownHostsFile=${key}.hosts`, "StrictHostKeyChecking=accept-new"];
  const login = (...command: readonly string[]) =>
    virtform("ssh", ...options.flatMap((option) => ["-o", option]), name, workspace.directory, "--", ...command);
  const inside = await login(
    "echo $(id -un) on $(hostname); cat /sys/class/net/e*/address | sort; sudo sh -c 'stat -c %a:%U:%G /srv/private && cat /srv/private'; exit 7",
  );
  const [user, ...lines] = inside.stdout.trimEnd().split("\n");
  assert.deepEqual([inside.code, user], [7, `debian on ${name}`], inside.stderr);
  assert.deepEqual(lines, [...Object.values(macs), "600:nobody:nogroup", "private"], inside.stderr);
  // ssh may keep names as hashes.
  assert.match(await mustRun("ssh-keygen", ["-F", `${name}.${workspace.project}.localhost`, "-f", `${key}.hosts`]), / ssh-ed25519 /);

  await t.test("cloud-init reads a NoCloud drive of another instance", async () => {
    const drive = (await virsh("dumpxml", nocloud)).match(/<source file='([^']*\/disk\.config)'/)?.[1] ?? "";
    assert.equal((await mustRun("blkid", ["-p", "-o", "value", "-s", "LABEL", drive])).trim(), "cidata");
    const bytes = await readFile(drive);
    const read = (path: string) => readIsoFile(async ({ offset, length }) => bytes.subarray(offset, offset + length), path);
    const files = await Promise.all(["meta-data", "user-data", "network-config"].map(async (path) => [path, await read(path)] as const));
    // One program for all: each loads cloud-init once more.
    const documents = bondDocuments([macs.leased, macs.static]);
    const here = [
      ...files.map(([path, content]) => ({ path: `/tmp/seed/${path}`, content: content?.toString("base64") })),
      ...Object.entries(documents).map(([kind, document]) => ({
        path: `/tmp/bond/${kind}`,
        content: Buffer.from(JSON.stringify(document)).toString("base64"),
      })),
      { path: "/tmp/ask.py", content: Buffer.from(asksCloudInit).toString("base64") },
    ];
    const script = ["mkdir -p /tmp/seed /tmp/bond", ...here.map(({ path, content }) => `echo ${content} | base64 -d >${path}`)];
    const { stdout, stderr } = await login([...script, "sudo python3 /tmp/ask.py"].join(" && "));
    const [said = "", ...rest] = stdout.split("\n").filter((line) => line.startsWith("answer: "));
    assert.deepEqual([said === "", rest], [false, []], stdout + stderr);
    const answer = JSON.parse(said.slice("answer: ".length));
    assert.deepEqual(answer.meta, [(await virsh("domuuid", nocloud)).trim(), nocloud, "queue", publicKey], stderr);
    assert.equal(answer.bonds.length, 2);
    // cloud-init of the guest understands the bond in both forms of the drive.
    for (const text of answer.bonds)
      assert.match(text, /bonds:\n +bond0:[\s\S]*interfaces:\n +- \S+\n +- \S+[\s\S]*mode: active-backup/, stderr);
    const network = answer.network.split("\n");
    for (const line of [
      "MTUBytes=1380",
      `Address=${v4}.11/24`,
      `Address=${v6}11/64`,
      `DNS=${v4}.53`,
      `DNS=${v6}53`,
      "Destination=10.77.0.0/16",
      `Gateway=${v4}.254`,
      `Gateway=${v6}fe`,
    ])
      assert.ok(network.includes(line), `${line} is in\n${network.join("\n")}`);
  });
});

/** Asks the cloud-init of the guest what it understands of the files in /tmp/seed and /tmp/bond. */
const asksCloudInit = `import glob, json, os
from cloudinit import util
from cloudinit.cmd.devel import net_convert


def convert(path, kind, output):
    directory = path + "-" + output
    options = {"network-data": path, "kind": kind, "output-kind": output, "distro": "debian", "directory": directory}
    words = [word for name, value in options.items() for word in ("--" + name, value)]
    # In a process of its own: a conversion changes what the next one would do.
    child = os.fork()
    if child == 0:
        net_convert.handle_args("net-convert", net_convert.get_parser().parse_args(words))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    return directory


def text(pattern):
    return "".join(open(path).read() for path in glob.glob(pattern))


seed = util.pathprefix2dict("/tmp/seed/", required=["user-data", "meta-data"], optional=["network-config"])
meta = util.load_yaml(seed["meta-data"])
network = text(convert("/tmp/seed/network-config", "yaml", "networkd") + "/etc/systemd/network/10-cloud-init-eth1.network")
bonds = [text(convert("/tmp/bond/" + kind, kind, "netplan") + "/etc/netplan/*") for kind in ("network_data.json", "yaml")]
known = [meta["instance-id"], meta["local-hostname"], meta["meta"]["role"], meta["public-keys"][0]]
print("\\nanswer: " + json.dumps({"meta": known, "network": network, "bonds": bonds}))
`;

/** A bond of two of the guest's cards as either drive describes it, by the kind of document. */
function bondDocuments(macs: readonly string[]) {
  const interfaces = macs.map((mac, index) => ({
    ...({ name: `${index}`, type: "network", source: "lan", mac, model: "virtio", link: "up", filter: null } as const),
    bond: "bond0",
  }));
  return {
    "network_data.json": networkData({ uuid: "c0ffee00-1111-4222-8333-444444444444", interfaces }),
    yaml: networkConfig(interfaces),
  };
}
