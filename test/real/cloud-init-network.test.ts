import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { networkData } from "../../src/kinds/instance/seed/network.ts";
import { networkConfig } from "../../src/kinds/instance/seed/nocloud.ts";
import type { SeedAddress, SeedInterface } from "../../src/kinds/terms/spec.ts";
import { nic } from "../unit/kinds/instance/fixtures.ts";
import { uuid } from "../unit/kinds/instance/seed/fixtures.ts";
import { checkout, mustRun } from "./support/virtform.ts";

const address = (text: string, prefix: number, gateway: string): SeedAddress => ({
  family: text.includes(":") ? 6 : 4,
  address: text,
  prefix,
  dhcp: false,
  gateway,
  dnsServers: [],
  routes: [],
});
const storage = [address("10.0.101.10", 24, "10.0.101.1"), address("fd00:101::10", 64, "fd00:101::1")];
const cards: SeedInterface[] = [
  nic({
    mac: "52:54:00:00:00:01",
    vlans: [
      { id: 102, source: null },
      { id: 101, source: "storage", mtu: 1400, addresses: storage },
    ],
  }),
  nic({ mac: "52:54:00:00:00:02", ipv4: false, ipv6: "slaac" }),
  nic({ mac: "52:54:00:00:00:03", ipv4: false, ipv6: "dhcp" }),
  nic({ mac: "52:54:00:00:00:04", bond: "bond0", vlans: [{ id: 7, source: null }] }),
  nic({ mac: "52:54:00:00:00:05", bond: "bond0" }),
];

/** In a mount namespace of its own: nothing stays mounted. $1: the image, $2: the directory that both see, and the command. */
const script = `
set -e
mount -o loop,ro "$1" "$2/root"
mount --bind "$2/shared" "$2/root/mnt"
directory=$2
shift 2
exec chroot "$directory/root" "$@"
`;

/** Runs `cloud-init devel net-convert` with each of the lists of arguments, which it is given as JSON. */
const converts = `import json, os, sys
from cloudinit.cmd.devel import net_convert

for words in json.loads(sys.argv[1]):
    # In a process of its own: a conversion changes what the next one would do.
    child = os.fork()
    if child == 0:
        net_convert.handle_args("net-convert", net_convert.get_parser().parse_args(words))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, words
`;

test("cloud-init of a Debian guest reads VLANs, bonds and IPv6 without IPv4 from both forms of the drive", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "virtform-cloud-init-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await Promise.all(["root", "shared"].map((name) => mkdir(join(directory, name))));
  const image = join(directory, "root.raw");
  await mustRun("qemu-img", ["convert", "-O", "raw", `${checkout}.cache/debian/root.qcow2`, image], 120_000);
  await writeFile(join(directory, "shared/network_data.json"), JSON.stringify(networkData({ uuid, interfaces: cards })));
  await writeFile(join(directory, "shared/yaml"), JSON.stringify(networkConfig(cards)));
  const macs = cards.flatMap(({ mac }, index) => ["-m", `eth${index},${mac}`]);
  const kinds = ["network_data.json", "yaml"] as const;
  const outputs = ["eni", "netplan"] as const;
  const conversions = kinds.flatMap((kind) =>
    outputs.map((output) => ["-p", `/mnt/${kind}`, "-k", kind, "-d", `/mnt/${kind}-${output}`, "-D", "debian", "-O", output, ...macs]),
  );
  // One program for all: each would load cloud-init once more.
  const command = ["python3", "-c", converts, JSON.stringify(conversions)];
  await mustRun("unshare", ["--mount", "sh", "-c", script, "sh", image, directory, ...command], 120_000);

  /** What cloud-init makes of a document, in the form of a program that sets up networks. */
  const converted = async (kind: (typeof kinds)[number], output: (typeof outputs)[number]) => {
    const place = join(directory, "shared", `${kind}-${output}`, output === "eni" ? "etc/network/interfaces.d" : "etc/netplan");
    const names = await readdir(place);
    assert.equal(names.length, 1, names.join(" "));
    return readFile(join(place, names[0] ?? ""), "utf8");
  };

  for (const kind of kinds) {
    const interfaces = await converted(kind, "eni");
    const of = (name: string) =>
      (interfaces.match(new RegExp(`^iface ${name.replace(".", "\\.")} .*(?:\\n {4}.*)*`, "gm")) ?? []).join("\n");
    assert.match(
      of("eth0.101"),
      /inet static\n {4}address 10\.0\.101\.10\/24\n[\s\S]*mtu 1400\n[\s\S]*vlan-raw-device eth0\n[\s\S]*inet6 static\n {4}address fd00:101::10\/64/,
    );
    assert.match(of("eth0.102"), /inet dhcp\n[\s\S]*vlan-raw-device eth0\n/);
    assert.match(of("eth1"), /^iface eth1 inet6 auto/);
    assert.match(of("eth2"), /^iface eth2 inet6 dhcp/);
    // Cards with IPv6 alone ask for no IPv4 address.
    for (const name of ["eth1", "eth2"]) assert.doesNotMatch(of(name), /inet (?:dhcp|static|manual)/);
    assert.match(of("bond0"), /bond[-_]mode active-backup/);
    assert.match(of("bond0.7"), /vlan-raw-device bond0\n/);

    const { network } = parse(await converted(kind, "netplan"));
    const { ethernets, vlans, bonds } = network;
    assert.deepEqual(Object.keys(vlans).sort(), ["bond0.7", "eth0.101", "eth0.102"]);
    const storageVlan = vlans["eth0.101"];
    assert.deepEqual([storageVlan.id, storageVlan.link, storageVlan.mtu], [101, "eth0", 1400]);
    assert.deepEqual(storageVlan.addresses, ["10.0.101.10/24", "fd00:101::10/64"]);
    assert.deepEqual([vlans["eth0.102"].id, vlans["eth0.102"].link, vlans["eth0.102"].dhcp4], [102, "eth0", true]);
    assert.deepEqual([vlans["bond0.7"].id, vlans["bond0.7"].link], [7, "bond0"]);
    for (const name of ["eth1", "eth2"]) assert.equal(ethernets[name].dhcp4, undefined, name);
    assert.equal(ethernets.eth2.dhcp6, true);
    assert.deepEqual(bonds.bond0.interfaces, ["eth3", "eth4"]);
  }
});
