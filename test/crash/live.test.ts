import assert from "node:assert/strict";
import { test } from "node:test";
import { switchChanges } from "../../src/kinds/guest/switch.ts";
import type { Event } from "../../src/model/event.ts";
import type { Machine } from "../fake-host/machine.ts";
import { child, childrenOf } from "../fake-host/xml.ts";
import { guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

const data = "volumes:\n  data: { size: 64MiB }\n  more: { size: 64MiB }\n";

/** One guest with these networks and volumes. */
function web({ networks = "[ { network: default } ]", volumes = "[]", memory = "256MiB", keys = "" } = {}): string {
  const yaml = guests({ more: `    networks: ${networks}\n    volumes: ${volumes}\n${keys}`, sections: data });
  return yaml.replace("ram: 256MiB", `ram: ${memory}`);
}

function domainOf(machine: Machine, name = "web") {
  const domain = machine.libvirtd.find(name);
  assert.ok(domain?.live);
  return domain;
}

const plan = async (machine: Machine, yaml: string) => planOf(await runOn(machine.boot(), yaml));
const devices = (machine: Machine, name: string) => childrenOf(child(domainOf(machine).live, "devices"), name);

/** Applies, and gives the warnings. */
async function applyWith(machine: Machine, yaml: string) {
  const events: Event[] = [];
  const result = await apply(await runOn(machine.boot(), yaml), (event) => events.push(event));
  return { ...result, warnings: events.flatMap((event) => (event.type === "diagnostic" ? [event.diagnostic] : [])) };
}

/** Applies to a running guest, and fails unless it goes on running and has what was announced as live. */
async function live(machine: Machine, yaml: string): Promise<void> {
  const { id } = domainOf(machine);
  const made = await plan(machine, yaml);
  const change = made.changes.find(({ address }) => address === "domain/web");
  assert.deepEqual([...new Set(change?.fields.map(({ effect }) => effect))], ["live"], JSON.stringify(change?.fields));
  await applied(machine, yaml);
  assert.equal(domainOf(machine).id, id, "the same process");
  const after = await plan(machine, yaml);
  assert.deepEqual(summary(after), []);
  assert.deepEqual(after.pending, []);
}

test("memory changes by the balloon, up to what the guest was started with", async () => {
  const machine = createWorld();
  await applied(machine, web());
  await live(machine, web({ memory: "192MiB" }));
  assert.equal(child(domainOf(machine).live, "currentMemory")?.text, String(192 * 1024));
  await live(machine, web({ memory: "256MiB" }));
  const made = await plan(machine, web({ memory: "512MiB" }));
  assert.deepEqual(
    made.changes.flatMap(({ fields }) => fields.map(({ effect, why }) => [effect, why])),
    [["next_boot", "it has at most 256MiB"]],
  );
});

test("a guest without a balloon driver is asked once; then its memory is pending", async () => {
  const machine = createWorld();
  await applied(machine, web());
  machine.libvirtd.guests.deafTo.set("web", new Set(["balloon"]));
  const less = web({ memory: "128MiB" });
  const { verdict, warnings } = await applyWith(machine, less);
  assert.equal(verdict, "done");
  assert.deepEqual(
    warnings.map(({ code, address }) => [code, address]),
    [["change-not-taken", "domain/web"]],
  );
  const after = await plan(machine, less);
  assert.deepEqual(summary(after), []);
  assert.deepEqual(
    after.pending.map(({ fields }) => fields.map(({ path, cause }) => [path, cause])),
    [[["memory", "config"]]],
  );
});

test("interfaces and volumes come and go while the guest runs", async () => {
  const machine = createWorld();
  await applied(machine, web());
  await live(machine, web({ networks: "[ { network: default }, { user: true } ]", volumes: "[ { volume: data } ]" }));
  assert.equal(devices(machine, "interface").length, 2);
  assert.equal(devices(machine, "disk").length, 3);
  await live(machine, web({ volumes: "[ { volume: data, device: vdz } ]" }));
  await live(machine, web());
  assert.equal(devices(machine, "interface").length, 1);
  assert.equal(devices(machine, "disk").length, 2);
});

test("removing the first of two volumes keeps the device name of the second one", async () => {
  const machine = createWorld();
  await applied(machine, web({ volumes: "[ { volume: data }, { volume: more } ]" }));
  const targets = () => devices(machine, "disk").map((disk) => child(disk, "target")?.attributes["dev"]);
  const [root, , second, drive] = targets();
  const made = await plan(machine, web({ volumes: "[ { volume: more } ]" }));
  assert.deepEqual(
    made.actions.filter(({ type }) => type !== "domain.define").map(({ summary: words }) => words),
    ["detach disks.vdb"],
  );
  await live(machine, web({ volumes: "[ { volume: more } ]" }));
  assert.deepEqual(targets(), [root, second, drive]);
  await live(machine, web({ volumes: "[ { volume: data }, { volume: more } ]" }));
  assert.deepEqual(targets().toSorted(), ["sda", "vda", "vdb", "vdc"]);
});

test("an interface changes its network and keeps its address; another model waits", async () => {
  const machine = createWorld();
  machine.libvirtd.networks.set("other", true);
  await applied(machine, web());
  await live(machine, web({ networks: "[ { network: other } ]" }));
  const [card] = devices(machine, "interface");
  assert.equal(child(card, "source")?.attributes["network"], "other");
  const made = await plan(machine, web({ networks: "[ { network: other, model: e1000 } ]" }));
  assert.deepEqual(
    made.changes.flatMap(({ fields }) => fields.map(({ path, effect }) => [path.split(".").at(-1), effect])),
    [["model", "next_boot"]],
  );
});

test("removing the first of two named interfaces keeps the second one; a link is unplugged", async () => {
  const machine = createWorld();
  await applied(machine, web({ networks: "[ { name: front, network: default }, { name: back, network: default } ]" }));
  const macs = () => devices(machine, "interface").map((card) => child(card, "mac")?.attributes["address"]);
  const [, back] = macs();
  await live(machine, web({ networks: "[ { name: back, network: default } ]" }));
  assert.deepEqual(macs(), [back]);
  await live(machine, web({ networks: "[ { name: back, network: default, link: down } ]" }));
  assert.equal(child(devices(machine, "interface")[0], "link")?.attributes["state"], "down");
  await live(machine, web({ networks: "[ { name: back, network: default } ]" }));
  assert.notEqual(child(devices(machine, "interface")[0], "link")?.attributes["state"], "down");
});

test("a volume that the guest does not release is pending; neither its removal nor another guest follows", async () => {
  const machine = createWorld();
  const two = (first: string, second: string, sections = data) =>
    guests({
      more: `    volumes: ${first}\n`,
      sections: `  db:\n    image: debian\n    flavor: small\n    volumes: ${second}\n${sections}`,
    });
  await applied(machine, two("[ { volume: data } ]", "[]"));
  machine.libvirtd.guests.deafTo.set("web", new Set(["unplug"]));
  const codesOf = async (yaml: string) => {
    const { verdict, outcomes, warnings } = await applyWith(machine, yaml);
    const failed = outcomes.flatMap(({ action, diagnostics }) => diagnostics.map(({ code }) => `${action} ${code}`));
    return [verdict, warnings.map(({ code }) => code), failed];
  };
  const { id } = domainOf(machine);

  const moved = two("[]", "[ { volume: data } ]");
  assert.deepEqual(await codesOf(moved), ["incomplete", ["change-not-taken"], ["domain/db#adjust device-not-released"]]);
  assert.deepEqual(await codesOf(moved), ["incomplete", [], ["domain/db#adjust device-not-released"]], "it is not asked again");

  // Started by hand or by name, it does not get the volume either.
  machine.libvirtd.destroy(domainOf(machine, "db"));
  assert.deepEqual((await codesOf(moved)).at(-1), ["domain/db#start device-not-released"]);
  const started = await apply({
    ...(await runOn(machine.boot(), moved, { targets: ["db"] })),
    mode: { do: "only", changes: (observed) => switchChanges(observed, ["db"], "running") },
  });
  assert.deepEqual(
    started.outcomes.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code)),
    ["device-not-released"],
  );

  const released = two("[]", "[]");
  await applied(machine, released);
  const after = await plan(machine, released);
  assert.deepEqual(summary(after), []);
  assert.deepEqual(
    after.pending.map(({ address, fields }) => [address, fields.some(({ path }) => path === "disks.vdb.source")]),
    [["domain/web", true]],
  );

  const removed = two("[]", "[]", "volumes:\n  more: { size: 64MiB }\n");
  assert.deepEqual(await codesOf(removed), ["incomplete", [], ["volume/data#remove guest-runs"]]);
  assert.equal(domainOf(machine).id, id, "the guest runs on");

  const restarting = removed.replace("    volumes: []", "    restart: when_needed\n    volumes: []");
  await applied(machine, restarting);
  assert.notEqual(domainOf(machine).id, id);
  assert.deepEqual((await plan(machine, restarting)).pending, []);
  await applied(machine, restarting);
  assert.deepEqual(summary(await plan(machine, restarting)), []);
});

test("a volume of a paused guest is detached at its next start, and the guest stays paused", async () => {
  const machine = createWorld();
  const ignored = (volumes: string) => web({ volumes }).replace("power_state: running", "power_state: ignore");
  await applied(machine, web({ volumes: "[ { volume: data } ]" }));
  const { id } = domainOf(machine);
  machine.libvirtd.suspend(domainOf(machine));
  await applied(machine, ignored("[]"));
  assert.deepEqual([domainOf(machine).id, domainOf(machine).state], [id, 3]);
  const after = await plan(machine, ignored("[]"));
  assert.deepEqual(summary(after), []);
  assert.equal(after.pending.length, 1);
});

test("a card that the guest does not release is pending", async () => {
  const machine = createWorld();
  await applied(machine, web());
  machine.libvirtd.guests.deafTo.set("web", new Set(["unplug"]));
  const { verdict, warnings } = await applyWith(machine, web({ networks: "[]" }));
  assert.deepEqual([verdict, warnings.map(({ code }) => code)], ["done", ["change-not-taken"]]);
  const after = await plan(machine, web({ networks: "[]" }));
  assert.deepEqual(summary(after), []);
  assert.equal(after.pending.length, 1);
});

test("what was changed on the running guest by hand is set back once, whether the guest follows or not", async () => {
  const machine = createWorld();
  await applied(machine, web());
  machine.libvirtd.guests.setMemory(domainOf(machine), 128 * 1024);
  await live(machine, web());
  assert.equal(child(domainOf(machine).live, "currentMemory")?.text, String(256 * 1024));
});

test("a paused guest is not changed while it is paused", async () => {
  const machine = createWorld();
  const ignored = (options: Parameters<typeof web>[0]) => web(options).replace("power_state: running", "power_state: ignore");
  await applied(machine, ignored({ volumes: "[ { volume: data } ]" }));
  machine.libvirtd.start(machine.libvirtd.find("web") as never);
  machine.libvirtd.suspend(domainOf(machine));
  const made = await plan(machine, ignored({ memory: "128MiB", volumes: "[ { volume: data } ]" }));
  assert.deepEqual(
    made.changes.flatMap(({ fields }) => fields.map(({ effect, why }) => [effect, why])),
    [["next_boot", "it is paused"]],
  );
});

test("quotas change while the guest runs", async () => {
  const machine = createWorld();
  const limited = (specs: string) => web().replace("disk: 1GiB,", `disk: 1GiB, extra_specs: { ${specs} },`);
  await applied(machine, limited('"quota:disk_total_iops_sec": "100", "quota:cpu_shares": "512"'));
  await live(machine, limited('"quota:disk_total_iops_sec": "200", "quota:cpu_shares": "256", "quota:vif_inbound_average": "1000"'));
  await live(machine, limited('"quota:cpu_shares": "256"'));
});

test("limits of an interface that the kernel of the host cannot set wait for the next start, and the apply says so", async () => {
  const machine = createWorld();
  const limited = (average: string) =>
    web({ networks: `[ { network: default, bandwidth: { inbound: { average: ${average} }, outbound: { average: 1MiB } } } ]` });
  await applied(machine, limited("2MiB"));
  const { id } = domainOf(machine);
  machine.libvirtd.guests.deafTo.set("web", new Set(["bandwidth"]));
  assert.deepEqual(
    (await plan(machine, limited("3MiB"))).changes.flatMap(({ fields }) =>
      fields.map(({ path, effect }) => [path.split(".").at(-1), effect]),
    ),
    [["inbound_average", "live"]],
  );
  const { verdict, warnings } = await applyWith(machine, limited("3MiB"));
  assert.equal(verdict, "done");
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ["change-not-taken"],
  );
  assert.match(warnings[0]?.summary ?? "", /^web did not take interfaces\.52:54:\S+ while it runs$/);
  assert.match(warnings[0]?.detail ?? "", /Specified qdisc kind is unknown.*It is stored and waits for a restart: `virtform restart web`/s);
  const after = await plan(machine, limited("3MiB"));
  assert.deepEqual([domainOf(machine).id, summary(after)], [id, []]);
  assert.deepEqual(
    after.pending.map(({ fields }) => fields.map(({ old, new: stored }) => [old, stored])),
    [[[2048, 3072]]],
  );
  machine.libvirtd.guests.deafTo.clear();
  await live(machine, limited("4MiB"));
});

test("a volume moves from one running guest to another", async () => {
  const machine = createWorld();
  const two = (first: string, second: string) =>
    `${guests({ more: `    volumes: ${first}\n`, sections: `  db:\n    image: debian\n    flavor: small\n    volumes: ${second}\n${data}` })}`;
  await applied(machine, two("[ { volume: data } ]", "[]"));
  const ids = () => ["web", "db"].map((name) => domainOf(machine, name).id);
  const before = ids();
  const moved = two("[]", "[ { volume: data } ]");
  const order = (await plan(machine, moved)).actions.map(({ id }) => id);
  assert.ok(order.indexOf("domain/web#release") < order.indexOf("domain/db#adjust"), order.join(" "));
  await applied(machine, moved);
  assert.deepEqual(ids(), before);
  // Two guests swap their volumes: both release before either attaches.
  await applied(machine, two("[ { volume: more } ]", "[ { volume: data } ]"));
  await applied(machine, two("[ { volume: data } ]", "[ { volume: more } ]"));
  assert.deepEqual(ids(), before);
});

test("a live apply can be killed at each effect", async () => {
  const machine = createWorld();
  await applied(machine, web({ volumes: "[ { volume: data } ]" }));
  await killEverywhere(
    { from: machine, yaml: web({ memory: "192MiB", networks: "[ { user: true } ]", volumes: "[ { volume: more } ]" }) },
    "kill -9",
  );
});

test("the config drive of a running guest is exchanged; one that it has mounted is pending", async () => {
  const machine = createWorld();
  const meta = (role: string) => web({ keys: `    metadata: { role: ${role} }\n` });
  await applied(machine, meta("first"));
  const { id } = domainOf(machine);
  const made = await plan(machine, meta("second"));
  assert.deepEqual(
    made.changes.map(({ address, fields }) => [address, [...new Set(fields.map(({ effect }) => effect))]]),
    [["seed/web", ["live"]]],
  );
  await applied(machine, meta("second"));
  const after = await plan(machine, meta("second"));
  assert.deepEqual([domainOf(machine).id, summary(after), after.pending], [id, [], []]);

  machine.libvirtd.guests.deafTo.set("web", new Set(["tray"]));
  const { verdict, warnings } = await applyWith(machine, meta("third"));
  assert.deepEqual([verdict, warnings.map(({ code }) => code)], ["done", ["change-not-taken"]]);
  const waiting = await plan(machine, meta("third"));
  assert.deepEqual(summary(waiting), []);
  assert.deepEqual(
    waiting.pending.map(({ fields }) => fields.map(({ path, old, new: stored }) => [path, old, stored])),
    [[["config_drive", "previous content", "new content"]]],
  );
  machine.libvirtd.destroy(domainOf(machine));
  await applied(machine, meta("third"));
  assert.deepEqual((await plan(machine, meta("third"))).pending, []);
});

test("an exchange of the config drive can be killed at each effect", async () => {
  const machine = createWorld();
  await applied(machine, web());
  await killEverywhere({ from: machine, yaml: web({ networks: "[ { user: true } ]", keys: "    metadata: { role: web }\n" }) }, "kill -9");
});
