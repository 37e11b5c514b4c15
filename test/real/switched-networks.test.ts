import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { debianImages } from "./support/debian-images.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { openVswitchBridge, openVswitchPort } from "./support/open-vswitch.ts";
import { removeNetworks } from "./support/remove-networks.ts";
import { shellGuest, shellOf } from "./support/shell-guest.ts";
import { tapOf } from "./support/tap-of.ts";
import { until } from "./support/until.ts";
import { mustRun, runProgram } from "./support/virtform.ts";
import { createWorkspace, guestImages, roomy, tinyGuest, virsh, type Workspace, writeConfig } from "./support/workspace.ts";

/** Whether a machine at an address answers: a port that is closed is an answer too. */
async function answers(address: string): Promise<boolean> {
  const socket = connect(22, address);
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(1500) });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}

/** A workspace whose network is removed after the test. */
async function prepare(t: TestContext) {
  const workspace = await createWorkspace(t);
  const network = `${workspace.prefix}-lan`;
  t.after(() => removeNetworks(network));
  return { workspace, network, name: `${workspace.prefix}-web` };
}

async function want(
  { workspace, network }: { readonly workspace: Workspace; readonly network: string },
  lan: object,
  guests: readonly string[],
  files = tinyGuest,
) {
  await writeConfig(workspace, {
    host: { allocation_ratio: { ...roomy, disk: 100 } },
    images: guestImages(files),
    flavors: { small: { vcpus: 1, ram: "128MiB", disk: "64MiB" } },
    networks: { [network]: lan },
    instances: Object.fromEntries(
      guests.map((name) => [name, { image: "tiny", flavor: "small", config_drive: false, networks: [{ network }] }]),
    ),
  });
}

const refused = async ({ directory }: Workspace) => {
  const { code, stdout, stderr } = await virtform("plan", directory);
  assert.equal(code, 1);
  return (stdout + stderr).replace(/\s+/g, " ");
};

test("guests are ports of an Open vSwitch bridge, with an interface id that stays and the VLAN of their network", async (t) => {
  const prepared = await prepare(t);
  const { workspace, network, name } = prepared;
  const bridge = `${workspace.prefix.slice(-10)}-os`;
  const files = await shellGuest(workspace.directory);
  const [web, db] = [name, `${workspace.prefix}-db`];
  const lan = { type: "ovs", bridge, vlan: 42 };
  await want(prepared, lan, [web, db], files);
  assert.match(await refused(workspace), new RegExp(`The host has no bridge ${bridge} .*ovs-vsctl add-br ${bridge}`));

  await openVswitchBridge(t, bridge);
  await apply(workspace);
  await assertConverged(workspace);
  const ofPort = async (guest: string, table: string, column: string) =>
    (await mustRun("ovs-vsctl", ["--timeout=5", "get", table, await tapOf(guest), column])).trim();
  assert.equal((await mustRun("ovs-vsctl", ["--timeout=5", "port-to-br", await tapOf(web)])).trim(), bridge);
  assert.equal(await ofPort(web, "port", "tag"), "42");
  const id = await ofPort(web, "interface", "external_ids:iface-id");
  assert.match(id, /^"[0-9a-f-]{36}"$/);
  assert.equal(await tapOf(web), `tap${id.slice(1, 12)}`, "the id of the port names the device");
  assert.notEqual(await ofPort(db, "interface", "external_ids:iface-id"), id);

  const shells = { web: await shellOf(t, workspace, web), db: await shellOf(t, workspace, db) };
  await shells.web.run("ip addr add 10.92.0.10/24 dev eth0");
  await shells.db.run("ip addr add 10.92.0.20/24 dev eth0");
  assert.equal((await shells.web.run("ping -c 3 -W 3 10.92.0.20")).code, 0, "guests in one VLAN reach each other");
  await mustRun("ovs-vsctl", ["--timeout=5", "set", "port", await tapOf(db), "tag=43"]);
  assert.notEqual((await shells.web.run("ping -c 2 -W 2 10.92.0.20")).code, 0, "and none in another");

  await t.test("the interface id is the same after a restart", async () => {
    await virsh("destroy", web);
    await apply(workspace);
    assert.equal(await ofPort(web, "interface", "external_ids:iface-id"), id);
    await assertConverged(workspace);
  });

  await t.test("its VLAN is not changed while guests are connected", async () => {
    await want(prepared, { ...lan, vlan: 44 }, [web, db], files);
    assert.match(await refused(workspace), /vlan of a network of type ovs changes only while no guest is connected/);
    await want(prepared, lan, [web, db], files);
  });

  const { code, stdout, stderr } = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(code, 0, stdout + stderr);
  assert.doesNotMatch(await virsh("net-list", "--all", "--name"), new RegExp(network));
  assert.equal((await mustRun("ovs-vsctl", ["--timeout=5", "list-ports", bridge])).trim(), "");
  assert.match(await mustRun("ovs-vsctl", ["--timeout=5", "list-br"]), new RegExp(`^${bridge}$`, "m"), "the bridge is not ours");
});

test("the trunk port of a guest carries only its VLANs, and that of its network without a tag", async (t) => {
  const { workspace, network, name } = await prepare(t);
  const bridge = `${workspace.prefix.slice(-10)}-tr`;
  await openVswitchBridge(t, bridge);
  const net = `10.${randomInt(100, 250)}`;
  const storage = `${network}-s`;
  t.after(() => removeNetworks(storage));
  const write = (vlans: object[]) =>
    writeConfig(workspace, {
      host: { allocation_ratio: { ...roomy, disk: 100 } },
      images: debianImages("root=/dev/vda console=ttyS0 no_timer_check cloud-init=disabled"),
      flavors: { medium: { vcpus: 1, ram: "512MiB", disk: "3GiB" } },
      networks: {
        [network]: { type: "ovs", bridge, vlan: 100 },
        [storage]: { type: "ovs", bridge, vlan: 101, subnets: [{ cidr: `${net}.101.0/24` }] },
      },
      instances: {
        [name]: {
          image: "debian",
          flavor: "medium",
          inject: { partition: "none", network: "networkd" },
          // cloud-init is off, which would put its own network in place and starts networkd.
          files: [{ path: "/etc/systemd/system/multi-user.target.d/network.conf", text: "[Unit]\nWants=systemd-networkd.service\n" }],
          networks: [{ network, vlans }],
        },
      },
    });
  const vlans = [{ id: 101, network: storage, addresses: [`${net}.101.10`] }, { id: 102 }];
  await write(vlans);
  await apply(workspace);
  await assertConverged(workspace);
  const tap = await tapOf(name);
  const port = async (column: string) => (await mustRun("ovs-vsctl", ["--timeout=5", "get", "port", tap, column])).trim();
  assert.equal(await port("trunks"), "[100, 101, 102]");
  assert.deepEqual([await port("tag"), await port("vlan_mode")], ["100", "native-untagged"]);
  await openVswitchPort(bridge, `${bridge}1`, { tag: 101, address: `${net}.101.1/24` });
  await until("an answer of the guest in its VLAN", 600, async () => (await answers(`${net}.101.10`)) || undefined);
  // The answer comes by the trunk: when the VLAN is taken from it, the same address is silent.
  await mustRun("ovs-vsctl", ["--timeout=5", "set", "port", tap, "trunks=100,102"]);
  await until("silence in a VLAN that is not of the trunk", 30, async () => ((await answers(`${net}.101.10`)) ? undefined : true));
  await mustRun("ovs-vsctl", ["--timeout=5", "set", "port", tap, "trunks=100,101,102"]);
  await until("an answer of the guest again", 10, async () => (await answers(`${net}.101.10`)) || undefined);

  // An added VLAN is in the definition at once, and on the port with the next start.
  await write([...vlans, { id: 103 }]);
  const { stdout, stderr } = await virtform("plan", workspace.directory);
  assert.match(stdout + stderr, /vlan\s+trunk 100 untagged, 101, 102 → trunk 100 untagged, 101, 102, 103/);
  await apply(workspace);
  const tags = Array.from((await virsh("dumpxml", "--inactive", name)).matchAll(/<tag id='(\d+)'/g), ([, id]) => id);
  assert.deepEqual(tags, ["100", "101", "102", "103"]);
  assert.equal(await port("trunks"), "[100, 101, 102]", "the guest runs as it was started");
  await virsh("destroy", name);
  await apply(workspace);
  assert.equal(await port("trunks"), "[100, 101, 102, 103]");
  await assertConverged(workspace);
});

test("the port of a trunk in a network without a VLAN carries packets without a tag as well", async (t) => {
  const { workspace, network, name } = await prepare(t);
  const bridge = `${workspace.prefix.slice(-10)}-tn`;
  await openVswitchBridge(t, bridge);
  const net = `10.${randomInt(100, 250)}.7`;
  await openVswitchPort(bridge, `${bridge}1`, { address: `${net}.1/24` });
  await writeConfig(workspace, {
    host: { allocation_ratio: { ...roomy, disk: 100 } },
    images: guestImages(await shellGuest(workspace.directory)),
    flavors: { small: { vcpus: 1, ram: "128MiB", disk: "64MiB" } },
    networks: { [network]: { type: "ovs", bridge } },
    instances: { [name]: { image: "tiny", flavor: "small", networks: [{ network, vlans: [{ id: 102 }, { id: 101 }] }] } },
  });
  await apply(workspace);
  await assertConverged(workspace);
  const port = ["--timeout=5", "get", "port", await tapOf(name), "trunks"];
  assert.equal((await mustRun("ovs-vsctl", port)).trim(), "[0, 101, 102]");
  const shell = await shellOf(t, workspace, name);
  await shell.run(`ip addr add ${net}.10/24 dev eth0`);
  const answered = await shell.run(`ping -c 3 -W 3 ${net}.1`);
  assert.equal(answered.code, 0, answered.output);
  await mustRun("ovs-vsctl", ["--timeout=5", "set", "port", await tapOf(name), "trunks=101,102"]);
  assert.notEqual((await shell.run(`ping -c 2 -W 2 ${net}.1`)).code, 0, "VLAN 0 is what carries them");
});

test("guests share a network card by macvtap, which is checked, and its drift is found", async (t) => {
  const prepared = await prepare(t);
  const { workspace, network, name } = prepared;
  const [card, other] = [`${workspace.prefix.slice(-9)}-c0`, `${workspace.prefix.slice(-9)}-c1`];
  await want(prepared, { type: "macvtap", device: card }, [name]);
  assert.match(await refused(workspace), new RegExp(`The host has no network card ${card}`));
  t.after(() => runProgram("ip", ["link", "del", card]));
  await mustRun("ip", ["link", "add", card, "type", "veth", "peer", "name", other]);
  assert.match(await refused(workspace), new RegExp(`${card} is down .*ip link set ${card} up`));
  for (const device of [card, other]) await mustRun("ip", ["link", "set", device, "up"]);
  await apply(workspace);
  await assertConverged(workspace);
  assert.match(await mustRun("ip", ["-details", "link", "show", await tapOf(name)]), new RegExp(`@${card}: [\\s\\S]*macvtap mode bridge`));

  await t.test("a network that was stopped is started again", async () => {
    await virsh("destroy", name);
    await virsh("net-destroy", network);
    assert.match((await virtform("drift", workspace.directory)).stdout, /it is not active/);
    await apply(workspace);
    await assertConverged(workspace);
  });
  await t.test("another network card is refused while a guest runs", async () => {
    await want(prepared, { type: "macvtap", device: other }, [name]);
    assert.match(await refused(workspace), /device of a network of type macvtap changes only while no guest is connected/);
    await want(prepared, { type: "macvtap", device: card }, [name]);
  });
  const { code, stdout, stderr } = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(code, 0, stdout + stderr);
  assert.doesNotMatch(await virsh("net-list", "--all", "--name"), new RegExp(network));
  assert.ok(existsSync(`/sys/class/net/${card}`), "the network card is not ours");
});
