import assert from "node:assert/strict";
import { test } from "node:test";
import { foundNetworks } from "../../src/commands/found-networks.ts";
import { look } from "../../src/decide.ts";
import { showResult } from "../../src/report/text-result.ts";
import type { Machine } from "../fake-host/machine.ts";
import { child, childrenOf } from "../fake-host/xml.ts";
import { guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

const subnet = (more = "", ranges = "[{ start: 10.20.0.100, end: 10.20.0.199 }]") =>
  `{ cidr: 10.20.0.0/24, dhcp: { ranges: ${ranges}${more} } }`;
const reserved = ', reservations: [{ mac: "52:54:00:00:00:01", name: printer, address: 10.20.0.20 }]';

/** One guest in a network of its own; `network`: keys of the network. Null: without both. */
function lan(network: string | null, card = "network: lan"): string {
  const sections = network === null ? "" : `networks:\n  lan: { ${network} }\n`;
  return guests({ more: `    networks: [ { ${card} } ]\n`, sections });
}

const plan = async (machine: Machine, yaml: string) => planOf(await runOn(machine.boot(), yaml));
const xmlOf = (machine: Machine, inactive = false) => {
  const network = machine.libvirtd.networks.named("lan");
  assert.ok(network);
  return machine.libvirtd.networks.document(network, inactive);
};
const ports = (machine: Machine) => {
  const bridge = child(machine.libvirtd.networks.named("lan")?.live, "bridge")?.attributes["name"] ?? "";
  return [...(machine.files.find(`/sys/class/net/${bridge}/brif`)?.entries.keys() ?? [])];
};
const taps = (machine: Machine) =>
  childrenOf(child(machine.libvirtd.find("web")?.live, "devices"), "interface").flatMap(
    (card) => child(card, "target")?.attributes["dev"] ?? [],
  );

/** A machine with one guest in the network. */
async function prepared(network = `subnets: [ ${subnet()} ]`): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, lan(network));
  assert.deepEqual(ports(machine), taps(machine));
  return machine;
}

test("a network is created and started before its guest, and removed after it", async () => {
  const machine = await prepared();
  assert.deepEqual(summary(await plan(machine, lan(`subnets: [ ${subnet()} ]`))), []);
  assert.equal(machine.libvirtd.networks.named("lan")?.autostart, true);
  const without = lan(null, "network: default");
  const made = await plan(machine, without);
  assert.deepEqual(
    made.changes.map(({ verb, address }) => `${verb} ${address}`),
    ["update seed/web", "update domain/web", "delete network/lan"],
  );
  await applied(machine, without);
  assert.equal(machine.libvirtd.networks.get("lan"), undefined);
  assert.deepEqual(summary(await plan(machine, without)), []);
});

test("reservations, ranges and DNS reach an active network, and its definition, without a restart", async () => {
  const machine = await prepared();
  const more = `subnets: [ ${subnet(reserved, "[{ start: 10.20.0.100, end: 10.20.0.149 }]")} ], dns: { hosts: [{ address: 10.20.0.1, names: [gateway, ntp] }], txt: [{ name: about, value: x }] }`;
  const made = await plan(machine, lan(more));
  assert.deepEqual(
    made.actions.map(({ id }) => id),
    ["network/lan#update"],
  );
  assert.deepEqual(made.diagnostics, []);
  await applied(machine, lan(more));
  for (const xml of [xmlOf(machine), xmlOf(machine, true)]) {
    for (const part of ["<hostname>ntp</hostname>", "ip='10.20.0.20'", "end='10.20.0.149'", "<txt name='about' value='x'/>"])
      assert.match(xml, new RegExp(part));
    assert.doesNotMatch(xml, /10\.20\.0\.199/);
  }
  assert.deepEqual(ports(machine), taps(machine));
  assert.deepEqual(summary(await plan(machine, lan(more))), []);
  await applied(machine, lan(`subnets: [ ${subnet()} ]`));
  assert.doesNotMatch(xmlOf(machine), /printer|about|gateway/);
});

test("what needs a restart of the network names the guests that it interrupts, and connects them again", async () => {
  const machine = await prepared();
  const wanted = lan(`mtu: 1400, subnets: [ ${subnet()} ]`);
  const made = await plan(machine, wanted);
  assert.deepEqual(
    made.diagnostics.map(({ code, summary }) => `${code}: ${summary}`),
    ["network-interrupted: Network lan is restarted while web uses it"],
  );
  const { id } = machine.libvirtd.find("web") ?? {};
  await applied(machine, wanted);
  assert.equal(machine.libvirtd.find("web")?.id, id, "the guest went on");
  assert.match(xmlOf(machine), /<mtu size='1400'\/>/);
  assert.deepEqual(ports(machine), taps(machine));
  assert.deepEqual(summary(await plan(machine, wanted)), []);
});

test("what was done to a network by hand is found and undone, and settings of others stay", async () => {
  const machine = await prepared();
  const wanted = lan(`subnets: [ ${subnet()} ]`);
  const { networks } = machine.libvirtd;
  const network = networks.named("lan");
  assert.ok(network);
  networks.setAutostart(network, false);
  networks.define(xmlOf(machine, true).replace("</network>", "<portgroup name='fast'/><mtu size='1300'/></network>"));
  const made = await plan(machine, wanted);
  assert.deepEqual(
    made.changes.map(({ cause, reason, fields }) => [cause, reason, fields.map(({ path, old, new: to }) => `${path} ${old} ${to}`)]),
    [["drift", "it was changed on the host", ["autostart false true", "mtu 1300 undefined"]]],
  );
  await applied(machine, wanted);
  assert.match(xmlOf(machine, true), /<portgroup name='fast'\/>/);
  assert.deepEqual(summary(await plan(machine, wanted)), []);
  networks.stop(networks.named("lan") ?? network);
  const stopped = await plan(machine, wanted);
  assert.deepEqual(
    stopped.changes.map(({ cause, reason }) => `${cause} ${reason}`),
    ["drift it is not active"],
  );
  await applied(machine, wanted);
  assert.deepEqual(ports(machine), taps(machine));
  machine.libvirtd.networks.unplug(taps(machine)[0] ?? "");
  const loose = await plan(machine, wanted);
  assert.deepEqual(
    loose.changes.map(({ reason }) => reason),
    ["interfaces of running guests are not connected to its bridge"],
  );
  await applied(machine, wanted);
  assert.deepEqual(ports(machine), taps(machine));
});

test("a plan with networks reads the definition of each guest once", async () => {
  const reads = async (machine: Machine, yaml: string) => {
    const calls: string[] = [];
    await planOf(await runOn({ ...machine.boot(), onTrace: (what: string) => void calls.push(what) }, yaml));
    return calls.filter((what) => /^libvirt DOMAIN_GET_XML_DESC /.test(what)).length;
  };
  const plain = createWorld();
  await applied(plain, lan(null, "network: default"));
  const expected = await reads(plain, lan(null, "network: default"));
  assert.ok(expected > 0);
  assert.equal(await reads(await prepared(), lan(`subnets: [ ${subnet()} ]`)), expected);
});

test("a network of others with the name is an error with the way out, and external: true uses it", async () => {
  const machine = createWorld();
  machine.libvirtd.networks.set("lan", true);
  const made = await plan(machine, lan(`subnets: [ ${subnet()} ]`));
  assert.deepEqual(
    made.diagnostics.map(({ code }) => code),
    ["network-taken"],
  );
  assert.match(made.diagnostics[0]?.detail ?? "", /external: true/);
  await applied(machine, lan("external: true"));
  machine.libvirtd.networks.set("lan", false);
  assert.deepEqual(
    (await plan(machine, lan("external: true"))).diagnostics.map(({ code }) => code),
    ["network-inactive", "network-inactive"],
  );
  machine.libvirtd.networks.delete("lan");
  assert.deepEqual(
    new Set((await plan(machine, lan("external: true, name: lam"))).diagnostics.map(({ code }) => code)),
    new Set(["network-missing"]),
  );
});

test("a network with the addresses or the bridge of one that the same plan removes is an error of the plan", async () => {
  const machine = await prepared(`bridge: br-lan, subnets: [ ${subnet()} ]`);
  const other = (keys: string) => guests({ more: "    networks: [ { network: lan2 } ]\n", sections: `networks:\n  lan2: { ${keys} }\n` });
  const mistakes = async (keys: string) => (await plan(machine, other(keys))).diagnostics.map(({ code, summary }) => `${code}: ${summary}`);
  assert.deepEqual(await mistakes(`subnets: [ ${subnet()} ]`), [
    "network-conflict: 10.20.0.0/24 of lan2 overlaps 10.20.0.0/24 of network lan",
  ]);
  assert.deepEqual(await mistakes("type: bridge, create: true, bridge: br-lan"), [
    "network-conflict: Networks lan and lan2 have the same bridge br-lan",
  ]);
  const free = "subnets: [{ cidr: 10.21.0.0/24 }]";
  await applied(machine, other(free));
  assert.deepEqual(summary(await plan(machine, other(free))), []);
});

/** Starts a guest of others in the network `lan`. */
function startStranger({ libvirtd }: Machine): void {
  libvirtd.define(
    "<domain type='qemu'><name>other</name><uuid>99999999-0000-4000-8000-000000000001</uuid><memory>1024</memory><os><type arch='x86_64' machine='pc'>hvm</type></os><devices><interface type='network'><mac address='52:54:00:99:00:01'/><source network='lan'/></interface></devices></domain>",
  );
  const other = libvirtd.find("other");
  assert.ok(other);
  libvirtd.start(other);
}

test("a network that a guest of others uses is not removed", async () => {
  const machine = await prepared();
  startStranger(machine);
  const made = await plan(machine, lan(null, "network: default"));
  assert.deepEqual(
    made.diagnostics.map(({ code, summary }) => `${code}: ${summary}`),
    ["network-in-use: Network lan is in use by other"],
  );
});

for (const kill of ["kill -9", "power cut in the middle of an effect"] as const) {
  test(`networks and ${kill}: created, changed while active, restarted below a guest, removed`, async () => {
    await killEverywhere({ from: createWorld(), yaml: lan(`subnets: [ ${subnet()} ]`) }, kill);
    const from = await prepared();
    const more = `subnets: [ ${subnet(reserved)} ], dns: { txt: [{ name: about, value: x }] }, autostart: false`;
    await killEverywhere({ from, yaml: lan(more) }, kill);
    await killEverywhere({ from, yaml: lan(`mtu: 1400, subnets: [ ${subnet()} ]`) }, kill);
    await killEverywhere({ from, yaml: lan(null, "network: default") }, kill);
  });

  test(`networks and ${kill}: renamed below a guest that runs, with a bridge of its own name and with libvirt's`, async () => {
    for (const bridge of ["", ", bridge: br-lan"])
      await killEverywhere({ from: await prepared(`subnets: [ ${subnet()} ]${bridge}`), yaml: renamed(bridge) }, kill);
  });
}

/** The network of `lan` under the name `office`. */
function renamed(more = "", card = "network: office"): string {
  return lan(`subnets: [ ${subnet()} ]${more}, renamed_from: lan`, card).replace("  lan: {", "  office: {");
}

test("a renamed network keeps what others wrote into it, and its guests run on in it", async () => {
  for (const bridge of ["", ", bridge: br-lan"]) {
    const machine = await prepared(`subnets: [ ${subnet()} ]${bridge}`);
    const was = machine.libvirtd.networks.named("lan");
    const { stored } = was ?? {};
    assert.ok(was && stored);
    stored.children.push({ name: "portgroup", attributes: { name: "fast" }, children: [], text: "" });
    const { id } = machine.libvirtd.find("web") ?? {};
    await applied(machine, renamed(bridge));
    assert.equal(machine.libvirtd.networks.named("lan"), undefined);
    const now = machine.libvirtd.networks.named("office");
    assert.match(machine.libvirtd.networks.document(now ?? was, true), /portgroup/);
    assert.equal(machine.libvirtd.find("web")?.id, id, "the guest went on");
    const made = child(now?.live, "bridge")?.attributes["name"] ?? "";
    assert.deepEqual([...(machine.files.find(`/sys/class/net/${made}/brif`)?.entries.keys() ?? [])], taps(machine));
    assert.deepEqual(summary(await plan(machine, renamed(bridge))), []);
    assert.deepEqual(summary(await plan(machine, renamed(bridge).replace(", renamed_from: lan", ""))), []);
  }
});

test("a network is not renamed when a guest of others has been started in it since the plan", async () => {
  const machine = await prepared();
  const { outcomes } = await apply(await runOn(machine.boot(), renamed()), ({ type }) => {
    if (type === "action.start" && machine.libvirtd.find("other") === undefined) startStranger(machine);
  });
  const failed = outcomes.find(({ action }) => action === "network/office#rename");
  assert.deepEqual(
    failed?.diagnostics.map(({ code, summary }) => `${code}: ${summary}`),
    ["network-in-use: Network lan is in use by other"],
  );
  assert.notEqual(machine.libvirtd.networks.named("lan")?.live, undefined, "and is active");
});

test("list --networks has the networks of the configuration, those of others that it names, and what is left of the project", async () => {
  const machine = await prepared();
  const rows = async (yaml: string) => {
    const run = await runOn(machine.boot(), yaml);
    const found = foundNetworks(run, { observed: await look(run) });
    await run.context.host.close();
    return found;
  };
  const bridge = child(machine.libvirtd.networks.named("lan")?.live, "bridge")?.attributes["name"];
  const yaml = lan(`subnets: [ ${subnet()} ] }\n  public: { external: true, name: default }\n  new: { type: bridge, create: true`);
  assert.deepEqual(await rows(yaml), [
    {
      name: "lan",
      status: "active",
      declared: true,
      uuid: machine.libvirtd.networks.named("lan")?.uuid,
      type: "nat",
      bridge,
      subnets: ["10.20.0.0/24"],
      autostart: true,
      domains: ["web"],
    },
    {
      name: "public",
      status: "active",
      declared: true,
      uuid: null,
      type: "external",
      bridge: null,
      subnets: [],
      autostart: null,
      domains: [],
    },
    { name: "new", status: "missing", declared: true, uuid: null, type: "bridge", bridge: null, subnets: [], autostart: null, domains: [] },
  ]);
  machine.libvirtd.networks.set("lan", false);
  const [left] = await rows(lan(null, "network: default"));
  assert.deepEqual([left?.name, left?.status, left?.declared], ["lan", "inactive", false]);
  let shown = "";
  const output = { write: (part: string) => (shown += part) };
  showResult({ kind: "networks", networks: left === undefined ? [] : [left] }, { stdout: output, stderr: output, color: false });
  assert.match(
    shown,
    /^NAME {2}STATE +TYPE {2}BRIDGE +SUBNETS +DOMAINS\nlan {3}inactive, not declared {2}nat +brq\S+ +10\.20\.0\.0\/24 {2}web\n$/,
  );
});

test("a protected network is not removed until its protection is taken off", async () => {
  const machine = await prepared();
  const guarded = lan(`subnets: [ ${subnet()} ], prevent_destroy: true`);
  assert.deepEqual(summary(await plan(machine, guarded)), ["update network/lan: the configuration changed"]);
  await applied(machine, guarded);
  assert.deepEqual(summary(await plan(machine, guarded)), []);
  const refusals = async (yaml: string, destroy = false) => {
    const made = await planOf(await runOn(machine.boot(), yaml, { destroy }));
    return made.diagnostics.map(({ code, address, summary: words }) => `${code} ${address}: ${words}`);
  };
  assert.deepEqual(await refusals(lan(null, "network: default")), [
    "prevent-destroy network/lan: Network lan is protected and no longer in the configuration",
  ]);
  assert.deepEqual(await refusals(guarded, true), ["prevent-destroy network/lan: Network lan is protected"]);
  const bare = lan(`subnets: [ ${subnet()} ]`);
  await applied(machine, bare);
  assert.deepEqual(summary(await plan(machine, bare)), []);
  assert.deepEqual(await refusals(lan(null, "network: default")), []);
});

test("guests in networks of a bridge, a switch or a network card of the host stay as they are", async () => {
  const networks = {
    bridged: "type: bridge, bridge: br0",
    switched: "type: ovs, bridge: br-int, vlan: 42",
    shared: "type: macvtap, device: eth0",
  };
  for (const [name, network] of Object.entries(networks)) {
    const machine = createWorld();
    machine.files.makeDirectories("/sys/class/net/br0/bridge");
    for (const device of ["br-int", "eth0"]) machine.files.makeDirectories(`/sys/class/net/${device}`);
    await applied(machine, lan(network));
    const made = await plan(machine, lan(network));
    assert.deepEqual([summary(made), made.diagnostics.filter(({ severity }) => severity === "error")], [[], []], name);
    const card = childrenOf(child(machine.libvirtd.find("web")?.stored, "devices"), "interface")[0];
    const id = child(card, "virtualport", "parameters")?.attributes["interfaceid"] ?? "none";
    assert.match(id, name === "switched" ? /^[0-9a-f-]{36}$/ : /^none$/);
    // The device on the host is named by the id of the port, which network_data.json has as vif_id.
    if (name === "switched") assert.equal(child(card, "target")?.attributes["dev"], `tap${id.slice(0, 11)}`);
  }
});
