import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, canApply, type Event, type Host, hasChanges, openHosts, openPlanSession, plan, type Session } from "../../src/index.ts";
import { UnreachableError } from "../../src/model/errors.ts";
import { createReporter } from "../../src/report/index.ts";
import { planJson } from "../../src/report/json.ts";
import { guests } from "../crash/guests.ts";
import { configOf, createWorld, layout } from "../crash/world.ts";
import type { Machine } from "../fake-host/machine.ts";
import { textOf } from "../plan/text-of.ts";

const names = ["alpha", "beta"] as const;
type Name = (typeof names)[number];

const runner = { root: true, dataHome: "/root/.local/share" };
const surroundings = (machines: Readonly<Record<Name, Machine>>, change: (name: Name, host: Host) => Host) => ({
  runner,
  lookUpSecret: () => undefined,
  openHost: async (_uri: string, name: string) => change(name as Name, machines[name as Name].boot()),
});

const yamlOf = (name: Name, power: "running" | "stopped" = "running") =>
  guests({ power }).replace("vcpus: 1", `vcpus: ${name === "alpha" ? 1 : 2}`);

/** Two machines with a guest `web` each, as one session. `change` may replace a host. */
async function open(
  machines: Readonly<Record<Name, Machine>>,
  options: { readonly change?: (name: Name, host: Host) => Host; readonly power?: "running" | "stopped" } = {},
): Promise<Session> {
  const hosts = await Promise.all(
    names.map(async (name) => {
      const { config, warnings } = await configOf(yamlOf(name, options.power));
      return { name, config: { config, diagnostics: warnings } };
    }),
  );
  return openHosts(hosts, surroundings(machines, options.change ?? ((_, host) => host)));
}

const createWorlds = () => ({ alpha: createWorld(), beta: createWorld() });

/** A machine whose libvirt does not answer. */
const silent = (name: Name) => (given: Name, host: Host) =>
  given !== name
    ? host
    : {
        ...host,
        dial: async () => {
          throw new UnreachableError("libvirt does not answer");
        },
      };

function recorder() {
  const events: Event[] = [];
  return { events, reporter: { event: (event: Event) => void events.push(event), close: async () => {} } };
}

const everything = { autoApprove: true, allowDestroy: "all" } as const;
/** Undefined without the guest; 1 is libvirt's number for a running one. */
const isRunning = (machine: Machine) => {
  const guest = machine.libvirtd.find("web");
  return guest && guest.state === 1;
};

test("one plan for two hosts: every address names its host, and each host has its own plan", async () => {
  await using session = await open(createWorlds());
  const made = await plan(session);
  const each = ["image/debian", "disk/web.root", "seed/web", "domain/web"];
  assert.deepEqual(
    made.changes.map(({ address }) => address),
    names.flatMap((name) => each.map((address) => `${name}/${address}`)),
  );
  const ids = new Set(made.actions.map(({ id }) => id));
  assert.equal(ids.size, made.actions.length);
  assert.ok(made.actions.every(({ after }) => after.every((id) => ids.has(id))));
  assert.deepEqual(
    made.hosts?.map(({ host, target, changes }) => [host, target.instancesPath, changes.map(({ address }) => address)]),
    names.map((name) => [name, layout.root, each]),
  );
  assert.match(textOf(made, "plan"), /\+ beta\/domain\/web will be created[\s\S]*Plan: 8 to add, 0 to change, 0 to destroy\.\n$/);
  const json = JSON.parse(JSON.stringify(planJson(made, { version: "1", now: new Date(0) })));
  assert.equal(json.target, undefined);
  assert.deepEqual(
    json.hosts.map(({ host, applyable, complete }: Record<string, unknown>) => [host, applyable, complete]),
    [
      ["alpha", true, true],
      ["beta", true, true],
    ],
  );
  const guest = json.resource_changes.find(({ address }: { address: string }) => address === "beta/domain/web");
  assert.deepEqual([guest.type, guest.name], ["domain", "web"]);
});

test("apply and destroy change both hosts, in one stream of events", async () => {
  const machines = createWorlds();
  await using session = await open(machines);
  const { events, reporter } = recorder();
  const { verdict, outcomes, plan: made } = await apply(session, { ...everything, reporter });
  assert.equal(verdict, "done");
  assert.deepEqual(
    outcomes.map(({ action }) => action),
    made.actions.map(({ id }) => id),
  );
  assert.deepEqual(
    names.map((name) => isRunning(machines[name])),
    [true, true],
  );
  const types = events.map(({ type }) => type);
  assert.deepEqual([types[0], types[1], types.at(-1)], ["plan", "apply.start", "apply.end"]);
  for (const once of ["plan", "apply.start", "apply.end"]) assert.equal(types.filter((type) => type === once).length, 1);
  const known = new Set(made.actions.map(({ id }) => id));
  for (const event of events) if ("id" in event) assert.ok(known.has(event.id), event.id);
  for (const name of names)
    assert.equal(machines[name].snapshot().filter((line) => /\.jsonl /.test(line)).length, 1, "a journal on each host");
  assert.equal(hasChanges(await plan(session)), false);

  const end = await apply(session, { ...everything, destroy: "images" });
  assert.equal(end.verdict, "done");
  assert.deepEqual(
    names.map((name) => isRunning(machines[name])),
    [undefined, undefined],
  );
});

test("a host that does not answer is a problem of that host, and the other is applied", async () => {
  const machines = createWorlds();
  await using session = await open(machines, { change: silent("beta") });
  const made = await plan(session);
  assert.deepEqual(
    made.hosts?.map(({ host, complete }) => [host, complete]),
    [
      ["alpha", true],
      ["beta", false],
    ],
  );
  assert.equal(made.complete, false);
  assert.equal(canApply(made), true, "on alpha");
  assert.match(textOf(made, "plan"), /Error: beta: /);
  assert.match(textOf(made, "plan"), /Nothing can be applied on beta, because of the errors above; 1 other host:\nPlan: 4 to add/);

  const { events, reporter } = recorder();
  const { verdict, outcomes } = await apply(session, { ...everything, reporter });
  assert.equal(verdict, "incomplete");
  assert.ok(outcomes.length > 0 && outcomes.every(({ action, status }) => action.startsWith("alpha/") && status === "done"));
  assert.equal(isRunning(machines.alpha), true);
  assert.equal(machines.beta.libvirtd.find("web"), undefined);
  const end = events.at(-1);
  assert.ok(end?.type === "apply.end" && end.plan.changes.every(({ address }) => address.startsWith("alpha/")));
});

test("an action that fails on one host ends nothing on the other", async () => {
  const machines = createWorlds();
  machines.alpha.urls.set("https://images.test/debian.qcow2", { fails: "out of service" });
  await using session = await open(machines);
  const { verdict, outcomes } = await apply(session, everything);
  assert.equal(verdict, "incomplete");
  const failed = outcomes.filter(({ status }) => status === "failed");
  assert.deepEqual(
    failed.map(({ action, diagnostics }) => [action.split("#")[0], diagnostics[0]?.address]),
    [["alpha/image/debian", "alpha/image/debian"]],
  );
  const skipped = outcomes.find(({ action }) => action.startsWith("alpha/domain/web#"));
  assert.deepEqual([skipped?.status, skipped?.because], ["skipped", failed[0]?.action]);
  assert.equal(isRunning(machines.beta), true);
});

test("a host whose lock is taken away is a problem of that host", async () => {
  const machines = createWorlds();
  await using session = await open(machines);
  const { events, reporter } = recorder();
  const lose = (event: Event) => {
    reporter.event(event);
    if (event.type === "apply.start") machines.alpha.locks.lose(layout.lock("apply-shop"));
  };
  const { verdict, outcomes } = await apply(session, { ...everything, reporter: { ...reporter, event: lose } });
  assert.equal(verdict, "incomplete");
  assert.ok(outcomes.some(({ action, status }) => action.startsWith("alpha/") && status === "cancelled"));
  assert.ok(outcomes.every(({ action, status }) => action.startsWith("alpha/") || status === "done"));
  assert.ok(events.some((event) => event.type === "diagnostic" && event.diagnostic.summary.startsWith("alpha: ")));
  assert.equal(isRunning(machines.beta), true);
});

test("a saved plan carries its hosts, and is refused on the one that has changed since", async () => {
  const machines = createWorlds();
  const saved = await (async () => {
    await using session = await open(machines);
    return JSON.parse(JSON.stringify(await plan(session, { fingerprints: true })));
  })();
  const changed = { ...machines, beta: machines.beta.clone() };
  await using other = await open(changed);
  await apply(other, { ...everything, targets: ["beta/image/debian"] });

  await using session = await openPlanSession(
    saved,
    surroundings(changed, (_, host) => host),
  );
  assert.deepEqual(
    session.hosts.map(({ name }) => name),
    names,
  );
  const { verdict, plan: shown } = await apply(session, { ...everything, savedPlan: saved });
  assert.equal(verdict, "incomplete");
  assert.ok(shown.diagnostics.some(({ code, address }) => code === "stale-plan" && address?.startsWith("beta/") === true));
  assert.equal(isRunning(machines.alpha), true);
  assert.equal(changed.beta.libvirtd.find("web"), undefined);
});

test("a plan names the program for events of images, and a saved one carries it", async () => {
  const yaml = guests().replace("host: {", "host: { event_hook: [/usr/local/bin/announce, images],");
  const { config, warnings: diagnostics } = await configOf(yaml);
  const around = surroundings(createWorlds(), (_, host) => host);
  const open = () => openHosts([{ name: "alpha", config: { config, diagnostics } }], around);
  await using session = await open();
  const saved = JSON.parse(JSON.stringify(await plan(session, { fingerprints: true })));
  assert.deepEqual(saved.eventHook, ["/usr/local/bin/announce", "images"]);
  assert.match(
    textOf(saved, "plan"),
    /^Program run here for each step of an image \(host\.event_hook\):\n {2}- \/usr\/local\/bin\/announce images$/m,
  );
  await using opened = await openPlanSession(saved, around);
  assert.ok(opened.hosts[0]?.hook !== undefined);
});

test("a target names its host, and the hosts that no target names are left alone", async () => {
  await using session = await open(createWorlds(), { change: silent("beta") });
  const addresses = async (targets: readonly string[]) => (await plan(session, { targets })).changes.map(({ address }) => address);
  assert.deepEqual(await addresses(["alpha/image/debian"]), ["alpha/image/debian"]);
  assert.equal((await addresses(["alpha/web"])).length, 4);
  for (const target of ["web", "gamma/domain/web", "domain/web"])
    await assert.rejects(async () => plan(session, { targets: [target] }), /No such target/);
});

test("consent to a loss names the host, and is asked for once", async () => {
  const machines = createWorlds();
  {
    await using session = await open(machines);
    await apply(session, everything);
  }
  await using session = await open(machines);
  const asked: (readonly string[])[] = [];
  const confirm = async ({ destroys }: { readonly destroys: readonly string[] }) => asked.push(destroys) === 0;
  const declined = await apply(session, { destroy: true, reporter: { ...recorder().reporter, confirm } });
  assert.equal(declined.verdict, "declined");
  assert.deepEqual(
    asked.map((destroys) => destroys.length),
    [2],
  );
  await assert.rejects(apply(session, { destroy: true, autoApprove: true, allowDestroy: ["alpha/disk/web.root"] }), (error: Error) => {
    assert.match(error.message, /web\.root/);
    return true;
  });
  assert.deepEqual(
    names.map((name) => isRunning(machines[name])),
    [true, true],
  );
});

test("two hosts differ in name and in libvirt", async () => {
  const { config, warnings: diagnostics } = await configOf(yamlOf("alpha"));
  const host = { name: "alpha", config: { config, diagnostics } };
  const openTwo = (...hosts: Parameters<typeof openHosts>[0]) => openHosts(hosts, { runner, lookUpSecret: () => undefined });
  await assert.rejects(openTwo(host, host), /two hosts have the name alpha/);
  await assert.rejects(openTwo(host, { ...host, name: "gamma" }), /have one libvirt URI/);
  await assert.rejects(openTwo({ ...host, name: "a/b" }), /cannot be the name of a host/);
});

test("the text of an apply of two hosts ends with one summary", async () => {
  await using session = await open(createWorlds(), { change: silent("beta"), power: "stopped" });
  let text = "";
  const output = {
    write(part: string) {
      text += part;
    },
  };
  const options = { color: false, stdout: output, stderr: output, command: "apply", interactive: false, version: "1" };
  await apply(session, { ...everything, reporter: await createReporter("text", options) });
  assert.match(text, /alpha\/disk\/web\.root: [^\n]*done/i);
  assert.equal(text.match(/Apply complete! Resources: 4 added/g)?.length, 1);
});
