import assert from "node:assert/strict";
import { test } from "node:test";
import { connectAgent } from "../fake-host/backups.ts";
import type { Machine } from "../fake-host/machine.ts";
import { guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { applied, apply, createWorld, layout, planOf, runOn, summary } from "./world.ts";

const mac = "52:54:00:12:34:56";
const address = "192.168.122.7";
const waiting = (wait: string) => guests({ more: `    networks: [ { network: default, mac: "${mac}" } ]\n    wait_for: ${wait}\n` });
const withoutWait = guests({ more: `    networks: [ { network: default, mac: "${mac}" } ]\n` });

/** A world whose network leases an address to the guest as soon as it asks. */
function leasing(): Machine {
  const machine = createWorld();
  machine.libvirtd.leases.set(mac, address);
  return machine;
}

const web = (machine: Machine) => machine.libvirtd.find("web") ?? assert.fail("no domain web");
const waits = async (machine: Machine, yaml: string) =>
  (await planOf(await runOn(machine.boot(), yaml))).actions.filter(({ type }) => type === "domain.wait").map(({ summary: words }) => words);

for (const way of ["kill -9", "power cut, unsynced names lost"] as const) {
  test(`${way}: a guest that was started and not waited for to the end is waited for by the next apply`, async () => {
    await killEverywhere({ from: leasing(), yaml: waiting("address") }, way);
  });
}

test("every state in which the guest runs and the apply did not end asks for the wait again", async () => {
  const machine = leasing();
  const host = machine.boot();
  const seen: string[] = [];
  host.onEffect((_count, effect) => {
    if (machine.libvirtd.find("web")?.live !== undefined) seen.push(effect);
  });
  const yaml = waiting("address");
  const run = await runOn(host, yaml);
  const states: Machine[] = [];
  await apply(run, (event) => {
    if (event.type === "action.start" && event.id === "domain/web#wait") states.push(machine.clone());
  });
  assert.deepEqual(await Promise.all(states.map((state) => waits(state, yaml))), [["wait for an address, at most 10 min"]]);
  assert.ok(seen.length > 0);
  assert.deepEqual(await waits(machine, yaml), []);
});

test("a guest without an address fails the apply and keeps running; the next apply waits again, and one without wait_for does not", async () => {
  const machine = createWorld();
  const yaml = waiting("{ what: address, timeout: 1s }");
  const { verdict, outcomes } = await apply(await runOn(machine.boot(), yaml));
  assert.equal(verdict, "incomplete");
  const failed = outcomes.filter(({ status }) => status === "failed");
  assert.deepEqual(
    failed.map(({ action, diagnostics: [first] }) => [action, first?.code, first?.summary]),
    [["domain/web#wait", "guest-not-ready", "web is not ready: no address of it is known after 1 s"]],
  );
  assert.match(
    failed[0]?.diagnostics[0]?.detail ?? "",
    /Apply again to wait again.*\nEnd of its console log \S+\/console\.log:\n {2}web is starting$/,
  );
  assert.equal(web(machine).state, 1);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), [
    "update domain/web: the last apply did not see it ready (an address)",
  ]);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), withoutWait))), []);

  machine.libvirtd.leases.set(mac, address);
  await applied(machine, yaml);
  assert.deepEqual(await waits(machine, yaml), []);
});

test("a guest that stops while it is waited for fails the apply at once, and the next one starts it and waits", async () => {
  const machine = createWorld();
  const yaml = waiting("{ what: address, timeout: 1h }");
  const { outcomes } = await apply(await runOn(machine.boot(), yaml), (event) => {
    if (event.type === "action.start" && event.id === "domain/web#wait") machine.libvirtd.destroy(web(machine));
  });
  assert.equal(outcomes.at(-1)?.diagnostics[0]?.summary, "web is not ready: it is stopped");
  assert.deepEqual(await waits(machine, yaml), ["wait for an address, at most 1 h"]);
});

test("a guest that is paused a moment before it is off is said to be off; one that stays paused is said to be paused", async () => {
  for (const [ends, expected] of [
    [true, "web is not ready: it is stopped"],
    [false, "web is not ready: it is paused"],
  ] as const) {
    const machine = createWorld();
    const { outcomes } = await apply(await runOn(machine.boot(), waiting("{ what: address, timeout: 1h }")), (event) => {
      if (event.type !== "action.start" || event.id !== "domain/web#wait") return;
      machine.libvirtd.suspend(web(machine));
      if (ends) setTimeout(() => machine.libvirtd.destroy(web(machine)), 300);
    });
    assert.equal(outcomes.at(-1)?.diagnostics[0]?.summary.replace(/ \(.*/, ""), expected);
  }
});

test("an ssh server that answers at an address of the guest ends the wait", async () => {
  const machine = leasing();
  const yaml = waiting("{ what: ssh, timeout: 1s }");
  const { outcomes } = await apply(await runOn(machine.boot(), yaml));
  assert.equal(outcomes.at(-1)?.diagnostics[0]?.summary, `web is not ready: no ssh server answers at ${address} after 1 s`);
  machine.servers.set(`${address}:22`, "SSH-2.0-OpenSSH_9.2p1\r\n");
  await applied(machine, yaml);
});

test("cloud-init that reports errors fails the apply with them", async () => {
  const machine = createWorld();
  const yaml = waiting("cloud_init");
  const print = (...lines: readonly string[]) =>
    machine.put(layout.instanceFile(web(machine).uuid, "console.log"), lines.join("\r\n"), 0o600);
  const finished = "Cloud-init v. 22.4.2 finished at Mon, 01 Jan 2026 00:00:00 +0000.";
  const { outcomes } = await apply(await runOn(machine.boot(), yaml), (event) => {
    if (event.type === "action.start" && event.id === "domain/web#wait")
      print("x - util.py[WARNING]: Failed to run module scripts-user (scripts in /var/lib/cloud/instance/scripts)", finished);
  });
  const [first] = outcomes.at(-1)?.diagnostics ?? [];
  assert.equal(first?.code, "cloud-init-failed");
  assert.equal(first?.summary, "cloud-init of web failed: Failed to run module scripts-user (scripts in /var/lib/cloud/instance/scripts)");
  print(finished);
  await applied(machine, yaml);
});

test("a guest that is waited for takes no place of the others, and others do not wait for it", async () => {
  const machine = createWorld();
  const yaml = `${waiting("{ what: address, timeout: 1s }")}  db: { image: debian, flavor: small }\n`;
  const order: string[] = [];
  await apply(
    await runOn(machine.boot(), yaml),
    (event) => {
      if (event.type === "action.end") order.push(event.id);
    },
    { parallelism: 1 },
  );
  assert.equal(order.at(-1), "domain/web#wait");
  assert.ok(order.includes("domain/db#start"));
});

test("an apply reads the result of cloud-init from the guest agent when the console has none", async () => {
  const machine = createWorld();
  const yaml = waiting("{ what: cloud_init, timeout: 5s }");
  const end = (...errors: readonly string[]) => {
    machine.libvirtd.agentFiles.set(
      web(machine).uuid,
      new Map([["/run/cloud-init/result.json", JSON.stringify({ v1: { datasource: "DataSourceNoCloud", errors } })]]),
    );
    connectAgent(web(machine));
  };
  const { outcomes } = await apply(await runOn(machine.boot(), yaml), (event) => {
    if (event.type === "action.start" && event.id === "domain/web#wait")
      end("('scripts_user', RuntimeError('Runparts: 1 failures (runcmd) in 1 attempted commands'))");
  });
  const [first] = outcomes.at(-1)?.diagnostics ?? [];
  assert.equal(first?.code, "cloud-init-failed");
  assert.match(first?.summary ?? "", /^cloud-init of web failed: \('scripts_user', RuntimeError\('Runparts: 1 failures/);
  end();
  await applied(machine, yaml);
  assert.deepEqual(await waits(machine, yaml), []);
});

test("an apply waits for the console when the guest agent cannot read a result of cloud-init", async () => {
  const machine = createWorld();
  const yaml = waiting("{ what: cloud_init, timeout: 1s }");
  const { outcomes } = await apply(await runOn(machine.boot(), yaml), (event) => {
    if (event.type !== "action.start" || event.id !== "domain/web#wait") return;
    machine.libvirtd.agentFiles.set(web(machine).uuid, new Map());
    connectAgent(web(machine));
  });
  assert.equal(outcomes.at(-1)?.diagnostics[0]?.summary, "web is not ready: cloud-init has not ended after 1 s");
});
