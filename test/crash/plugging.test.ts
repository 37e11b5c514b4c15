import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../src/model/event.ts";
import type { Machine } from "../fake-host/machine.ts";
import { child } from "../fake-host/xml.ts";
import { guests } from "./guests.ts";
import { killEverywhere, killedStates } from "./kill-everywhere.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

const device = (name: string, file: string) => `/sys/class/net/${name}/${file}`;
/** The device of the interface of web, which has the same name after each start. */
const first = "tapd90a0fe5-20";

/** A world whose guests get devices that the host shows as switched on, or off. */
function world(flags = "0x1003"): Machine {
  const machine = createWorld();
  machine.put(device(first, "flags"), `${flags}\n`);
  machine.put(device(first, "operstate"), "unknown\n");
  machine.files.syncAll();
  return machine;
}

const switchOn = (machine: Machine, name = first) => machine.put(device(name, "flags"), "0x1003\n");
const enslave = (machine: Machine, bridge: string, name = first) => {
  machine.files.makeDirectories(`/sys/devices/virtual/net/${bridge}`);
  machine.files.symlink(`/sys/devices/virtual/net/${bridge}`, device(name, "master"));
};

const waiting = (ready: string, limits = "") =>
  guests({ more: `    networks: [ { network: default, ready: ${ready} } ]\n` }).replace(
    "host: { ",
    `host: { ${limits === "" ? "" : `${limits}, `}`,
  );
const short = "vif_plugging_timeout: 1s";
const without = guests({ more: "    networks: [ { network: default } ]\n" });
const web = (machine: Machine) => machine.libvirtd.find("web") ?? assert.fail("no domain web");
const stepsOf = async (machine: Machine, yaml: string) =>
  (await planOf(await runOn(machine.boot(), yaml))).actions.map(({ summary: words }) => words);

/** Carries a plan out and acts when the wait begins. */
async function applyAnd(machine: Machine, yaml: string, act: () => void, seen: (event: Event) => void = () => undefined) {
  return apply(await runOn(machine.boot(), yaml), (event) => {
    if (event.type === "action.start" && event.id === "domain/web#plug") act();
    seen(event);
  });
}

for (const way of ["kill -9", "power cut, unsynced names lost"] as const) {
  test(`${way}: a guest that waits for its interfaces is resumed by the next apply`, async () => {
    await killEverywhere({ from: world(), yaml: waiting("link") }, way);
  });
}

test("every state in which a killed apply left the guest paused is resumed only after the wait", async () => {
  const yaml = waiting("link");
  const { states } = await killedStates({ from: world(), yaml }, "kill -9");
  const paused = states.filter(({ machine }) => machine.libvirtd.find("web")?.state === 3);
  assert.ok(paused.length > 0);
  for (const { machine, effect } of paused) {
    assert.deepEqual(await stepsOf(machine, yaml), ["wait for interface 0 (link), at most 5 min, then resume, else power off"], effect);
    assert.deepEqual((await stepsOf(machine, without)).at(-1), "resume", effect);
  }
});

test("a guest does not run before its interfaces are ready, and progress says what they lack", async () => {
  const machine = world("0x1002");
  const states: number[] = [];
  const said: string[] = [];
  const { verdict } = await applyAnd(
    machine,
    waiting("[link, { bridge: br-int }]"),
    () =>
      setTimeout(() => {
        states.push(web(machine).state);
        switchOn(machine);
        enslave(machine, "br-int");
      }, 300),
    (event) => {
      if (event.type === "action.progress" && event.progress.waits !== undefined)
        said.push(`${event.progress.done}/${event.progress.total} ${event.progress.waits}`);
    },
  );
  assert.equal(verdict, "done");
  assert.deepEqual(states, [3]);
  assert.equal(web(machine).state, 1);
  assert.equal(
    said[0],
    `0/2 interface 0: ${first} is switched off (operstate unknown); interface 0: ${first} is not a port of bridge br-int`,
  );
  assert.deepEqual(await stepsOf(machine, waiting("[link, { bridge: br-int }]")), []);
});

test("interfaces that are not ready in time fail the apply, and the guest is powered off and started paused by the next one", async () => {
  const machine = world("0x1002");
  const yaml = waiting("link", short);
  const { verdict, outcomes } = await applyAnd(machine, yaml, () => undefined);
  assert.equal(verdict, "incomplete");
  const [failure] = outcomes.find(({ status }) => status === "failed")?.diagnostics ?? [];
  assert.equal(failure?.code, "interfaces-not-ready");
  assert.equal(
    failure?.summary,
    `web has interfaces that are not ready after 1 s: interface 0: ${first} is switched off (operstate unknown)`,
  );
  assert.equal(web(machine).live, undefined);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), [
    "update domain/web: its interfaces were not ready at its last start, and it should be running",
  ]);
  switchOn(machine);
  await applied(machine, yaml);
  assert.equal(web(machine).state, 1);
});

test("a guest that was powered off because of its interfaces starts as usual once they have no condition", async () => {
  const machine = world("0x1002");
  await applyAnd(machine, waiting("link", short), () => undefined);
  await applied(machine, without);
  assert.equal(web(machine).state, 1);
});

test("with vif_plugging_is_fatal: false the apply warns and resumes the guest", async () => {
  const machine = world("0x1002");
  const yaml = waiting("link", `${short}, vif_plugging_is_fatal: false`);
  const warnings: string[] = [];
  const { verdict } = await applyAnd(
    machine,
    yaml,
    () => undefined,
    (event) => {
      if (event.type === "diagnostic") warnings.push(event.diagnostic.code);
    },
  );
  assert.equal(verdict, "done");
  assert.deepEqual(warnings, ["interfaces-not-ready"]);
  assert.equal(web(machine).state, 1);
  assert.deepEqual(await stepsOf(machine, yaml), []);
});

test("a program is asked until it says yes; its refusal ends the wait at once, with the end of its error output", async () => {
  const program = "{ command: [/usr/local/bin/port-up] }";
  const late = world();
  const { verdict } = await applyAnd(late, waiting(program), () => setTimeout(() => late.put("/run/port-up", "yes"), 300));
  assert.equal(verdict, "done");

  const refused = world();
  refused.put("/run/port-up", "never");
  const { outcomes } = await applyAnd(refused, waiting(program), () => undefined);
  const [failure] = outcomes.find(({ status }) => status === "failed")?.diagnostics ?? [];
  assert.equal(failure?.summary, "web has interfaces that are not ready: interface 0: /usr/local/bin/port-up failed with exit code 3");
  assert.match(failure?.detail ?? "", /End of the error output of \/usr\/local\/bin\/port-up:\n {2}port 17 was refused$/);

  const missing = world();
  const nothing = await applyAnd(missing, waiting("{ command: [/usr/local/bin/none] }"), () => undefined);
  assert.match(
    nothing.outcomes.find(({ status }) => status === "failed")?.diagnostics[0]?.summary ?? "",
    /none does not exist on the host/,
  );
});

test("a guest that is resumed by hand while it is waited for is left running", async () => {
  const machine = world("0x1002");
  const { verdict } = await applyAnd(machine, waiting("link"), () => machine.libvirtd.resume(web(machine)));
  assert.equal(verdict, "done");
  assert.deepEqual(await stepsOf(machine, waiting("link")), []);
});

test("a guest that others started and paused meanwhile is not resumed", async () => {
  const machine = world();
  const yaml = waiting("link");
  const { outcomes } = await apply(await runOn(machine.boot(), yaml), (event) => {
    if (event.type !== "action.start" || event.id !== "domain/web#start") return;
    machine.libvirtd.start(web(machine));
    machine.libvirtd.suspend(web(machine));
  });
  assert.deepEqual(
    outcomes.filter(({ status }) => status === "failed").map(({ diagnostics: [problem] }) => problem?.code),
    ["guest-paused"],
  );
  assert.equal(web(machine).state, 3);
});

test("a guest that is to be off while a killed apply left it paused is shut down, and its later start waits again", async () => {
  const yaml = waiting("link");
  const { states } = await killedStates({ from: world(), yaml }, "kill -9");
  const machine = states.find((state) => state.machine.libvirtd.find("web")?.state === 3)?.machine ?? assert.fail("never paused");
  await applied(machine, yaml.replace("power_state: running", "power_state: stopped"));
  assert.deepEqual(await stepsOf(machine, yaml), [
    "redefine",
    "start paused",
    "wait for interface 0 (link), at most 5 min, then resume, else power off",
  ]);
});

for (const [condition, removed] of [
  ["kept", false],
  ["removed", true],
] as const) {
  test(`a guest that a killed apply left paused is restarted for a new disk, its condition ${condition}`, async () => {
    const yaml = waiting("link");
    const { states } = await killedStates({ from: world(), yaml }, "kill -9");
    const machine = states.find((state) => state.machine.libvirtd.find("web")?.state === 3)?.machine ?? assert.fail("never paused");
    const then = removed ? without : yaml;
    await applied(machine, then, { replace: ["web"] });
    assert.equal(web(machine).state, 1);
    assert.deepEqual(await stepsOf(machine, then), []);
    machine.libvirtd.suspend(web(machine));
    assert.deepEqual(await stepsOf(machine, then), ["resume"], "it is no longer recorded as paused by an apply");
  });
}

test("a guest that was paused by hand is restarted for a new disk", async () => {
  const machine = world();
  await applied(machine, without);
  machine.libvirtd.suspend(web(machine));
  await applied(machine, without, { replace: ["web"] });
  assert.equal(web(machine).state, 1);
});

test("a guest whose start libvirt has not ended, because the apply was killed in it, has no devices yet and is waited for", async () => {
  const yaml = waiting("link");
  const { states } = await killedStates({ from: world(), yaml }, "kill -9");
  const machine = states.find((state) => state.machine.libvirtd.find("web")?.state === 3)?.machine ?? assert.fail("never paused");
  const domain = web(machine);
  const card = child(domain.live, "devices", "interface") ?? assert.fail("no interface");
  const target = child(card, "target") ?? assert.fail("no device");
  card.children = card.children.filter((one) => one !== target);
  domain.starting = true;
  const { verdict } = await applyAnd(machine, yaml, () =>
    setTimeout(() => {
      card.children.push(target);
      delete domain.starting;
    }, 300),
  );
  assert.equal(verdict, "done");
  assert.equal(domain.state, 1);
});
