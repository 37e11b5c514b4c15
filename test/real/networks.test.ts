import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readdir } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { removeNetworks } from "./support/remove-networks.ts";
import { tapOf } from "./support/tap-of.ts";
import { killedAtStep, mustRun, runProgram } from "./support/virtform.ts";
import { createWorkspace, guestImages, haltingGuest, roomy, virsh, type Workspace, writeConfig } from "./support/workspace.ts";

/** A configuration with one guest in a network of its own, and what is known of both. */
async function prepare(t: TestContext) {
  const workspace = await createWorkspace(t);
  const { directory, prefix } = workspace;
  const network = `${prefix}-lan`;
  const subnet = `10.${randomInt(100, 250)}.${randomInt(1, 250)}`;
  t.after(() => removeNetworks(network));
  const name = `${prefix}-web`;
  const dhcp = { ranges: [{ start: `${subnet}.100`, end: `${subnet}.199` }] };
  const given = { subnets: [{ cidr: `${subnet}.0/24`, dhcp }] };
  const images = guestImages(await haltingGuest(directory));
  const write = (lan: object | null, card: object = { network }, entry = network) =>
    writeConfig(workspace, {
      host: { allocation_ratio: { ...roomy, disk: 100 } },
      images,
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "16MiB" } },
      ...(lan === null ? {} : { networks: { [entry]: lan } }),
      instances: { [name]: { image: "tiny", flavor: "small", networks: [card], shutdown: { timeout: "1s" } } },
    });
  return { workspace, directory, network, name, subnet, dhcp, given, write };
}

const plan = async ({ directory }: Workspace) => {
  const { stdout, stderr } = await virtform("plan", directory);
  return stdout + stderr;
};
const bridgeOf = async (network: string) => /<bridge name='([^']*)'/.exec(await virsh("net-dumpxml", network))?.[1] ?? "";
const portsOf = (bridge: string) => readdir(`/sys/class/net/${bridge}/brif`);
const dnsmasqOf = async (network: string) => (await runProgram("pgrep", ["-af", `dnsmasq.*/${network}.conf`])).stdout;

/** Whether a machine on the bridge gets this address by DHCP: a card beside the guest asks. */
async function leases(t: TestContext, bridge: string, mac: string): Promise<string> {
  const [ours, theirs] = [`vto${randomInt(10_000)}`, `vtp${randomInt(10_000)}`];
  await mustRun("ip", ["link", "add", ours, "address", mac, "type", "veth", "peer", "name", theirs]);
  t.after(() => runProgram("ip", ["link", "del", ours]));
  await mustRun("ip", ["link", "set", theirs, "master", bridge, "up"]);
  await mustRun("ip", ["link", "set", ours, "up"]);
  const { stdout, stderr } = await runProgram("busybox", ["udhcpc", "-i", ours, "-n", "-q", "-f", "-t", "10", "-s", "/bin/true"], 60_000);
  await runProgram("ip", ["link", "del", ours]);
  return /lease of (\S+) obtained/.exec(stdout + stderr)?.[1] ?? stdout + stderr;
}

test("a network comes with its guest, changes below it, is restarted without losing it, and goes after it", async (t) => {
  const { workspace, network, name, subnet, dhcp, given, write } = await prepare(t);
  await write(given);
  await apply(workspace);
  await assertConverged(workspace);
  const bridge = await bridgeOf(network);
  assert.match(bridge, /^brq[0-9a-f]{8}-[0-9a-f]{2}$/);
  const tap = await tapOf(name);
  assert.deepEqual(await portsOf(bridge), [tap]);
  assert.match(await virsh("net-info", network), /Active:\s+yes[\s\S]*Persistent:\s+yes[\s\S]*Autostart:\s+yes/);

  await t.test("a reservation, a range and DNS without a restart", async () => {
    const mac = "52:54:00:77:00:01";
    const reservations = [{ mac, name: "printer", address: `${subnet}.20` }];
    const ranges = [{ start: `${subnet}.100`, end: `${subnet}.149` }];
    const dns = {
      hosts: [{ address: `${subnet}.1`, names: ["gateway"] }],
      txt: [{ name: "about", value: "x y" }],
      srv: [{ service: "ldap", protocol: "tcp", domain: "lan.example", target: "gateway.lan.example", port: 389 }],
    };
    await write({ subnets: [{ cidr: `${subnet}.0/24`, dhcp: { ranges, reservations } }], dns });
    const text = await plan(workspace);
    assert.match(text, /change the network while it is active/);
    assert.doesNotMatch(text, /restart/);
    await apply(workspace);
    await assertConverged(workspace);
    assert.equal(await leases(t, bridge, mac), `${subnet}.20`);
    assert.deepEqual(await portsOf(bridge), [tap], "the guest was not disconnected");
    await write(given);
    await apply(workspace);
    await assertConverged(workspace);
    assert.doesNotMatch(await virsh("net-dumpxml", network), /printer|ldap|about/);
  });

  await t.test("an MTU and routes with a restart that connects the guest again", async () => {
    const routes = [{ to: "10.0.0.0/8", via: `${subnet}.254` }];
    await write({ mtu: 1400, subnets: [{ cidr: `${subnet}.0/24`, dhcp, routes, dns_servers: ["9.9.9.9"] }] });
    const { stdout, stderr } = await virtform("plan", workspace.directory);
    assert.match(stdout + stderr, new RegExp(`Network ${network} is restarted while ${name} uses it`));
    const id = await virsh("domid", name);
    const served = await dnsmasqOf(network);
    await apply(workspace);
    await assertConverged(workspace);
    assert.notEqual(await dnsmasqOf(network), served);
    assert.equal(await virsh("domid", name), id, "the guest went on");
    assert.deepEqual(await portsOf(bridge), [tap]);
    assert.match(await mustRun("ip", ["link", "show", tap]), new RegExp(`master ${bridge} .*state (?:UP|UNKNOWN)`));
    assert.match(await leases(t, bridge, "52:54:00:77:00:02"), new RegExp(`^${subnet}\\.1\\d\\d$`));
  });

  await t.test("what was done by hand is found and undone; settings of others stay", async () => {
    await virsh("net-autostart", network, "--disable");
    await virsh("net-update", network, "add", "portgroup", "<portgroup name='fast'/>", "--live", "--config");
    await virsh("net-update", network, "add", "dns-txt", "<txt name='hand' value='made'/>", "--live");
    const text = (await virtform("drift", workspace.directory)).stdout;
    assert.match(text, /autostart\s+false → true/);
    assert.match(text, /- dns\.txt\.hand/);
    await apply(workspace);
    await assertConverged(workspace);
    assert.match(await virsh("net-dumpxml", network, "--inactive"), /<portgroup name='fast'/);
    await virsh("net-destroy", network);
    assert.match((await virtform("drift", workspace.directory)).stdout, /it is not active/);
    await apply(workspace);
    await assertConverged(workspace);
    assert.deepEqual(await portsOf(bridge), [tap]);
    await mustRun("ip", ["link", "set", tap, "nomaster"]);
    assert.match((await virtform("drift", workspace.directory)).stdout, /not connected to its bridge/);
    await apply(workspace);
    assert.deepEqual(await portsOf(bridge), [tap]);
  });

  await t.test("it is renamed and renamed back while the guest runs in it", async () => {
    const id = await virsh("domid", name);
    const office = `${network}2`;
    t.after(() => removeNetworks(office));
    for (const [now, before] of [
      [office, network],
      [network, office],
    ] as const) {
      await write({ ...given, renamed_from: before }, { network: now }, now);
      const text = await plan(workspace);
      assert.match(text, new RegExp(`Network ${before} is renamed while ${name} uses it`));
      await apply(workspace);
      await assertConverged(workspace);
      assert.equal(await virsh("domid", name), id, "the guest went on");
      assert.deepEqual(await portsOf(await bridgeOf(now)), [tap]);
      assert.match(await virsh("dumpxml", name), new RegExp(`<source network='${now}'`));
      assert.match(await leases(t, await bridgeOf(now), "52:54:00:77:00:03"), new RegExp(`^${subnet}\\.1\\d\\d$`));
    }
    await write(given);
    await assertConverged(workspace);
  });

  await t.test("it is removed once no guest uses it, and not before", async () => {
    await write(null, { user: true });
    const { code, stdout, stderr } = await virtform("apply", workspace.directory, "--auto-approve");
    assert.equal(code, 1);
    assert.match(stdout + stderr, new RegExp(`Network ${network} is in use by ${name}`));
    assert.deepEqual(await portsOf(bridge), [tap]);
    await virsh("destroy", name);
    await apply(workspace);
    await assertConverged(workspace);
    assert.doesNotMatch(await virsh("net-list", "--all", "--name"), new RegExp(network));
  });
});

test("an apply that is killed at each step of a network converges", async (t) => {
  const { workspace, network, name, given, write } = await prepare(t);
  await write(given);
  for (const step of ["apply_start network.create", "apply_complete network.create"]) {
    await killedAtStep(["apply", workspace.directory, "--auto-approve"], step);
    await apply(workspace);
    await assertConverged(workspace);
    await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
    assert.doesNotMatch(await virsh("net-list", "--all", "--name"), new RegExp(network));
  }
  await apply(workspace);
  const bridge = await bridgeOf(network);
  await write({ ...given, mtu: 1400 });
  await killedAtStep(["apply", workspace.directory, "--auto-approve"], "apply_start network.update");
  await apply(workspace);
  await assertConverged(workspace);
  assert.deepEqual(await portsOf(bridge), [await tapOf(name)]);
});

test("IPv6, an isolated network, a bridge that libvirt makes, and a network of another administrator", async (t) => {
  const { workspace, network, name, subnet, write } = await prepare(t);
  const v6 = `fd00:${randomInt(1, 9999)}`;
  await write({ subnets: [{ cidr: `${v6}::/64` }, { cidr: `${subnet}.0/24` }] });
  await apply(workspace);
  await assertConverged(workspace);
  assert.match(await virsh("net-dumpxml", network), new RegExp(`family='ipv6' address='${v6}::1' prefix='64'`));
  await write({
    type: "isolated",
    domain: "inner.example",
    subnets: [{ cidr: `${subnet}.0/24`, gateway: `${subnet}.9`, dhcp: { ranges: [{ start: `${subnet}.20`, end: `${subnet}.30` }] } }],
  });
  await apply(workspace);
  await assertConverged(workspace);
  await write({ type: "bridge", create: true, mtu: 1450 });
  await apply(workspace);
  await assertConverged(workspace);
  const bridge = await bridgeOf(network);
  assert.deepEqual(await portsOf(bridge), [await tapOf(name)]);
  assert.match(await mustRun("ip", ["link", "show", bridge]), /mtu 1450/);
  await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");

  await runProgram("virsh", ["net-undefine", network]);
  await write({ external: true });
  const missing = await virtform("plan", workspace.directory);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr + missing.stdout, new RegExp(`The host has no network ${network}`));
});
