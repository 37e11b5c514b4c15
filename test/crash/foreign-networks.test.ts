import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { sparseOf } from "../fake-host/sparse.ts";
import { garbledNetwork } from "./garbled-network.ts";
import { guests } from "./guests.ts";
import { applied, createWorld, planOf, runOn, summary } from "./world.ts";

const lan = (network: string) => guests({ more: "    networks: [ { network: lan } ]\n", sections: `networks:\n  lan: { ${network} }\n` });
const declared = lan("subnets: [ { cidr: 10.20.0.0/24 } ]");

const plan = async (machine: Machine, yaml: string) => planOf(await runOn(machine.boot(), yaml));
const told = async (machine: Machine, yaml: string) =>
  (await plan(machine, yaml)).diagnostics.map(({ severity, code, summary: words }) => `${severity} ${code}: ${words}`);

/** A network that others made, with the address in its subnet. */
function foreign(machine: Machine, name: string, address: string, { active = true, prefix = 24 } = {}): void {
  const { networks } = machine.libvirtd;
  const network = networks.define(
    `<network><name>${name}</name><bridge name='${name}0'/><forward mode='nat'/><ip address='${address}' prefix='${prefix}'/></network>`,
  );
  if (active) networks.start(network);
}

test("a network of others that cannot be read is named, and stops nothing", async () => {
  const machine = createWorld();
  foreign(machine, "office", "10.99.0.1");
  using _garbled = garbledNetwork(machine, "office");
  await applied(machine, declared);
  const made = await plan(machine, declared);
  assert.deepEqual([made.complete, summary(made)], [true, []]);
  assert.deepEqual(
    made.diagnostics.map(({ severity, code, summary: words }) => `${severity} ${code}: ${words}`),
    ["warning network-unreadable: The definition of network office cannot be read"],
  );
  // One with the name of a declared one is in the way as well.
  const other = declared.replaceAll("lan", "office");
  assert.deepEqual((await told(machine, other)).filter((line) => !line.includes("network-conflict")).sort(), [
    "error network-taken: The host has a network office already",
    "warning network-unreadable: The definition of network office cannot be read",
  ]);
});

test("an unreadable network of the project is left out of the plan and named; an unreadable guest of others changes no plan", async () => {
  const machine = createWorld();
  await applied(machine, declared);
  {
    using _garbled = garbledNetwork(machine, "lan");
    const made = await plan(machine, declared);
    assert.equal(made.complete, false);
    assert.deepEqual(
      made.diagnostics.filter(({ severity }) => severity === "error").map(({ code, address }) => [code, address]),
      [["network-unreadable", "network/lan"]],
    );
    assert.deepEqual(summary(made), []);
  }
  const { document } = machine.libvirtd;
  machine.libvirtd.document = (domain, inactive) => document(domain, inactive).replace("<os>", domain.name === "stranger" ? "<os" : "<os>");
  const made = await plan(machine, declared);
  assert.deepEqual([made.complete, summary(made)], [true, []]);
});

test("a network with a copy of our label is not ours", async () => {
  const machine = createWorld();
  await applied(machine, declared);
  const { networks } = machine.libvirtd;
  const network = networks.named("lan");
  assert.ok(network);
  const copy = networks
    .document(network, true)
    .replaceAll("lan", "copy")
    .replace(network.uuid, "00000000-0000-4000-8000-000000000001")
    .replaceAll("10.20.0.", "10.21.0.")
    .replace(/<bridge name='[^']*'/, "<bridge name='copy0'");
  networks.define(copy);
  assert.deepEqual(summary(await plan(machine, declared)), []);
  assert.deepEqual(
    await told(machine, lan("subnets: [ { cidr: 10.20.0.0/24 } ]").replaceAll("lan", "copy")).then((lines) =>
      lines.filter((line) => line.startsWith("error network-taken")),
    ),
    ["error network-taken: The host has a network copy already"],
  );
});

test("a subnet that another network of the host has is an error of the plan", async () => {
  const machine = createWorld();
  foreign(machine, "office", "10.20.0.129", { prefix: 25 });
  assert.deepEqual(await told(machine, declared), [
    "error network-subnet-in-use: 10.20.0.0/24 of lan overlaps 10.20.0.128/25 of network office of the host",
  ]);
  assert.deepEqual(await told(machine, lan("subnets: [ { cidr: 10.20.1.0/24 } ]")), []);
  assert.deepEqual(await told(machine, lan("type: bridge, create: true, subnets: [ { cidr: 10.20.0.0/24 } ]")), []);
  const off = createWorld();
  foreign(off, "office", "10.20.0.1", { active: false });
  assert.deepEqual(await told(off, declared), [
    "warning network-subnet-in-use: 10.20.0.0/24 of lan overlaps 10.20.0.0/24 of network office of the host",
  ]);
});

test("a subnet that the host has a route to is an error of the plan, and a wider or narrower route a warning", async () => {
  const route = (device: string, destination: string, mask: string) =>
    `${device}\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0\n`;
  const machine = createWorld();
  const routes = (text: string) => {
    machine.files.makeDirectories("/proc/net");
    machine.files.write("/proc/net/route", sparseOf(Buffer.from(text)));
  };
  routes(route("eth0", "00000000", "00000000"));
  assert.deepEqual(await told(machine, declared), []);
  routes(route("eth0", "0000000A", "000000FF"));
  assert.deepEqual(await told(machine, declared), [
    "warning network-subnet-in-use: 10.20.0.0/24 of lan overlaps 10.0.0.0/8, a route of the host, by eth0",
  ]);
  routes(route("eth0", "0000000A", "000000FF") + route("eth1", "0000140A", "00FFFFFF"));
  assert.deepEqual(await told(machine, declared), [
    "error network-subnet-in-use: 10.20.0.0/24 of lan overlaps 10.20.0.0/24, a route of the host, by eth1",
  ]);
  // Its own route is none of others, and an active network keeps its subnet whatever comes.
  const bridge = (await plan(machine, declared)).changes.find(({ address }) => address === "network/lan")?.after as { bridge: string };
  routes(route(bridge.bridge, "0000140A", "00FFFFFF"));
  assert.deepEqual(await told(machine, declared), []);
  await applied(machine, declared);
  routes(route("eth1", "0000140A", "00FFFFFF"));
  assert.deepEqual(await told(machine, declared), []);
});

test("a bridge that libvirt is to make and that the host or a network of others has is an error of the plan", async () => {
  const machine = createWorld();
  const named = lan("subnets: [ { cidr: 10.20.0.0/24 } ], bridge: br0");
  machine.files.makeDirectories("/sys/class/net/br0/bridge");
  assert.deepEqual(await told(machine, named), ["error bridge-taken: The host has a device br0 already"]);
  assert.deepEqual(await told(machine, lan("type: bridge, create: true, bridge: br0")), [
    "error bridge-taken: The host has a device br0 already",
  ]);
  assert.deepEqual(await told(machine, lan("type: bridge, bridge: br0")), []);
  const other = createWorld();
  foreign(other, "br", "10.99.0.1", { active: false });
  assert.deepEqual(await told(other, named), ["error bridge-taken: Network br of the host has the bridge br0"]);
  const own = createWorld();
  await applied(own, named);
  assert.deepEqual(summary(await plan(own, named)), []);
  assert.deepEqual(await told(own, named), []);
});

test("a network of others whose bridge or network card is missing or down is an error of the plan", async () => {
  const machine = createWorld();
  const { networks } = machine.libvirtd;
  const forwards = {
    bridged: "<forward mode='bridge'/><bridge name='br9'/>",
    shared: "<forward mode='bridge'><interface dev='br9'/></forward>",
  };
  for (const [name, body] of Object.entries(forwards)) networks.start(networks.define(`<network><name>${name}</name>${body}</network>`));
  const named = (name: string) => guests({ more: `    networks: [ { network: ${name} } ]\n` });
  const external = (name: string) =>
    guests({ more: "    networks: [ { network: default } ]\n", sections: `networks:\n  lan: { external: true, name: ${name} }\n` });
  for (const name of Object.keys(forwards))
    for (const yaml of [named(name), external(name)])
      assert.deepEqual(await told(machine, yaml), [`error bridge-missing: The host has no br9, which network ${name} needs`]);
  machine.files.makeDirectories("/sys/class/net/br9");
  machine.files.write("/sys/class/net/br9/flags", sparseOf(Buffer.from("0x1002\n")));
  assert.deepEqual(await told(machine, external("bridged")), ["error bridge-down: br9 of network bridged is down"]);
  machine.files.write("/sys/class/net/br9/flags", sparseOf(Buffer.from("0x1003\n")));
  for (const name of Object.keys(forwards)) assert.deepEqual(await told(machine, named(name)), []);
  assert.deepEqual(await told(machine, named("default")), []);
});
