import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { otherClaims } from "../../src/kinds/host/ledger.ts";
import { UserError, userError } from "../../src/model/errors.ts";
import type { Event } from "../../src/model/event.ts";
import { reconcile } from "../../src/reconcile.ts";
import type { FakeHost } from "../fake-host/host.ts";
import type { Machine } from "../fake-host/machine.ts";
import { readQcow2 } from "../fake-host/qcow2.ts";
import { guests } from "./guests.ts";
import { shop } from "./shop.ts";
import { applied, apply, createWorld, layout, planOf, type Run, runOn, strangers, summary } from "./world.ts";

const ledger = layout.ledger("/var/lib/virtform");
const options = {
  autoApprove: false,
  allowDestroy: "all",
  parallelism: 4,
  lockTimeoutMs: 60_000,
  stop: new AbortController().signal,
} as const;

const other = (yaml: string) =>
  yaml.replace("project: shop", "project: depot").replaceAll("  web:", "  front:").replaceAll("  db:", "  back:");

/** Starts both, the second when the first has had so many effects (or has ended). */
async function bothAtOnce(first: Run, second: Run, headStart: number, listen?: (event: Event) => void) {
  const host = first.context.host as FakeHost;
  let ended = false;
  const one = apply(first, listen).finally(() => {
    ended = true;
  });
  while (host.effects < headStart && !ended) await setImmediate();
  return Promise.all([one, apply(second, listen)]);
}

/** Head starts from none to nearly all of an apply. */
const headStarts = Array.from({ length: 25 }, (_, index) => index * 6);

function downloads(...hosts: readonly FakeHost[]): string[] {
  return hosts.flatMap(({ trace }) => trace.filter((effect) => effect.startsWith("download")));
}

test("of two concurrent applies of one project one waits for the other, both succeed, and each action runs once", async () => {
  for (const headStart of headStarts) {
    const machine = createWorld();
    const [one, two] = [machine.boot(), machine.boot()];
    const events: Event[] = [];
    const results = await bothAtOnce(await runOn(one, shop()), await runOn(two, shop()), headStart, (event) => events.push(event));
    assert.deepEqual(results.map(({ verdict }) => verdict).sort(), ["done", "nothing-to-do"]);
    const waiting = events.find((event) => event.type === "waiting");
    // With the longest head starts the first has ended before the second begins.
    if (headStart < 60 || waiting !== undefined) assert.match(waiting?.type === "waiting" ? waiting.holder : "", /apply of project shop/);
    assert.equal(downloads(one, two).length, 4);
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), shop()))), []);
  }
});

test("who does not want to wait hears who holds the lock", async () => {
  const machine = createWorld();
  const [one, two] = [await runOn(machine.boot(), shop()), await runOn(machine.boot(), shop())];
  const first = apply(one);
  const second = apply(two, undefined, { lockTimeoutMs: 0 });
  await assert.rejects(second, /apply of project shop/);
  assert.equal((await first).verdict, "done");
});

test("two projects at once share base images: each is fetched once", async () => {
  for (const headStart of headStarts) {
    const machine = createWorld();
    const untouched = strangers(machine);
    const [one, two] = [machine.boot(), machine.boot()];
    const results = await bothAtOnce(await runOn(one, shop()), await runOn(two, other(shop())), headStart);
    const failures = results.flatMap(({ outcomes }) => outcomes.filter(({ status }) => status !== "done"));
    assert.deepEqual(failures, [], `head start ${headStart}`);
    assert.equal(downloads(one, two).length, 4, `head start ${headStart}`);
    assert.deepEqual(strangers(machine), untouched);
    for (const yaml of [shop(), other(shop())]) assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), []);
  }
});

test("a project is destroyed with its images while another one is applied: every disk keeps its base image", async () => {
  const cached = createWorld();
  await applied(cached, shop({ instances: [] }));
  for (let headStart = 0; headStart <= 60; headStart += 1) {
    const machine = cached.clone();
    const leaver = await runOn(machine.boot(), shop({ instances: [] }), { destroy: true, images: true });
    const arriver = await runOn(machine.boot(), other(shop()));
    const results = await bothAtOnce(arriver, leaver, headStart);
    const when = `the images go after ${headStart} effects`;
    for (const { summary: words } of results.flatMap(({ outcomes }) => outcomes.flatMap(({ diagnostics }) => diagnostics))) {
      // An image that is in use, or missing and to be fetched again, is fine; a guest without its base is not.
      assert.match(words, /is backed by it|among the layers of disks of domain|base image of \w+ is missing/, when);
    }
    for (const { live } of machine.libvirtd.all()) assert.ok(live === undefined || basesAreThere(machine), when);
    await applied(machine, other(shop()));
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), other(shop())))), [], when);
  }
});

/** Whether every overlay's base exists. */
function basesAreThere(machine: Machine): boolean {
  return machine.files.walk().every(([, { content }]) => {
    const backing = readQcow2(content)?.backing;
    return backing === undefined || machine.files.find(backing) !== undefined;
  });
}

test("an apply that loses its lock starts no further action, waits for the running ones, and the next apply completes", async () => {
  const actions = planOf(await runOn(createWorld().boot(), shop())).then((plan) => plan.actions.length);
  for (let count = 1; count < (await actions); count += 3) {
    const machine = createWorld();
    const host = machine.boot();
    let [started, ended] = [0, 0];
    const losing = apply(await runOn(host, shop()), ({ type }) => {
      if (type === "action.end") ended += 1;
      if (type !== "action.start") return;
      started += 1;
      if (started === count) machine.locks.lose(layout.lock("apply-shop"));
    });
    await assert.rejects(losing, (error) => error instanceof UserError && error.diagnostics[0]?.code === "lock-lost");
    assert.equal(started, count, "an action started without the lock");
    assert.equal(ended, await actions, "something had not ended");
    const { effects } = host;
    await applied(machine, shop());
    assert.equal(host.effects, effects, "something was done after its end was reported");
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), shop()))), []);
  }
});

test("a guest that is changed while a plan waits to be confirmed is looked at again under the lock", async () => {
  const machine = createWorld();
  await applied(machine, shop());
  const release = Promise.withResolvers<void>();
  const holder = machine.boot();
  const run = await runOn(holder, shop());
  const held = holder.lock({ path: run.context.layout.lock("apply-shop"), purpose: "a test", timeoutMs: 0 }, () => release.promise);
  const waiting = apply(await runOn(machine.boot(), shop()));
  const web = machine.libvirtd.find("web");
  assert.ok(web);
  machine.libvirtd.destroy(web);
  release.resolve();
  await held;
  assert.equal((await waiting).verdict, "done");
  assert.equal(machine.libvirtd.find("web")?.state, 1);
});

/** One guest with more than half of the memory of the fake machine. */
const large = (project: string) =>
  guests({ power: "stopped" }).replace("project: shop", `project: ${project}`).replace("256MiB", "9GiB").replace("  web:", `  ${project}:`);
const codesOf = ({ plan: { diagnostics } }: Awaited<ReturnType<typeof apply>>) =>
  diagnostics.flatMap(({ severity, code }) => (severity === "error" ? [code] : []));

test("two projects at once never take the last memory of a host both, wherever their instances are", async () => {
  for (let headStart = 0; headStart <= 60; headStart += 2) {
    const machine = createWorld();
    const elsewhere = large("depot").replace("host: {", "host: { instances_path: /srv/depot,");
    const results = await bothAtOnce(await runOn(machine.boot(), large("shop")), await runOn(machine.boot(), elsewhere), headStart);
    const when = `head start ${headStart}`;
    assert.deepEqual(results.map(({ verdict }) => verdict).sort(), ["done", "refused"], when);
    assert.deepEqual(results.flatMap(codesOf), ["insufficient-memory"], when);
    assert.equal(machine.libvirtd.all().length, 2, when);
    assert.equal(machine.files.find(ledger), undefined, when);
  }
});

test("an apply beside one that has claimed before looks once, and again when that one ends during the look", async () => {
  for (const ends of [false, true]) {
    const machine = createWorld();
    const holder = machine.boot();
    const lock = layout.lock("apply-depot");
    machine.put(ledger, JSON.stringify({ claims: [{ project: "depot", lock, device: "", guests: [], diskBytes: 0 }] }));
    await holder.files.makeDirectory(layout.locks);
    const end = Promise.withResolvers<void>();
    const other = holder.lock({ path: lock, purpose: "a test", timeoutMs: 0 }, () => end.promise);
    const run = await runOn(machine.boot(), large("shop"));
    let looks = 0;
    const lookUpFacts: Run["lookUpFacts"] = async (context) => {
      looks += 1;
      const facts = await run.lookUpFacts(context);
      if (ends && looks === 1) {
        end.resolve();
        await other;
      }
      return facts;
    };
    assert.equal((await apply({ ...run, lookUpFacts })).verdict, "done");
    assert.equal(looks, ends ? 2 : 1);
    end.resolve();
    await other;
  }
});

test("an apply that waits for its answer keeps its claim, and the other plan names it", async () => {
  const machine = createWorld();
  const first = await runOn(machine.boot(), large("shop"));
  const answer = Promise.withResolvers<boolean>();
  const asked = Promise.withResolvers<void>();
  const confirm = () => {
    asked.resolve();
    return answer.promise;
  };
  const reporter = { event: () => undefined, confirm, close: async () => undefined };
  const waiting = reconcile([first], { ...options, reporter });
  await asked.promise;
  const refused = await planOf(await runOn(machine.boot(), large("depot")));
  assert.match(refused.diagnostics.map(({ detail }) => detail).join(), /with what running applies of shop bring/);
  answer.resolve(false);
  assert.equal((await waiting).verdict, "declined");
  assert.equal(machine.files.find(ledger), undefined);
  await applied(machine, large("depot"));
});

test("an apply that could not lock the ledger to claim room does not wait for that lock again at its end", async () => {
  const machine = createWorld();
  const run = await runOn(machine.boot(), large("shop"));
  const { host } = run.context;
  let tries = 0;
  const lock: typeof host.lock = (request, work) => {
    if (request.path !== ledger.replace(/\.json$/, "")) return host.lock(request, work);
    tries += 1;
    throw userError("locked", "Locked by another program", "Wait until it is done.");
  };
  assert.equal((await apply({ ...run, context: { ...run.context, host: { ...host, lock } } })).verdict, "done");
  assert.equal(tries, 1);
});

test("the claim of an apply that was killed is void, and so is a damaged ledger", async () => {
  let claims = 0;
  for (let count = 0; count < 60; count += 1) {
    const machine = createWorld();
    const victim = machine.boot();
    victim.dieAfter(count);
    await apply(await runOn(victim, large("shop"))).catch((error: unknown) => {
      if (!victim.dead) throw error;
    });
    if (!victim.dead) break;
    if (machine.files.find(ledger) !== undefined) claims += 1;
    const isDefined = machine.libvirtd.find("shop") !== undefined;
    const result = await apply(await runOn(machine.boot(), large("depot")));
    assert.equal(result.verdict, isDefined ? "refused" : "done", `killed after ${count} effects`);
    if (!isDefined) assert.equal(machine.files.find(ledger), undefined);
  }
  assert.ok(claims > 5, `${claims} kills left a claim`);
  const machine = createWorld();
  machine.put(ledger, '{"claims": [{"project": "x", "lock": "/srv/x", "guests": [{"memory": "all"}]}, 7]}');
  await applied(machine, large("depot"));
  assert.equal(machine.files.find(ledger), undefined);
});

test("claims in pools are read with those of earlier versions, which have none, and a damaged one is ignored", async () => {
  const machine = createWorld();
  const holder = machine.boot();
  const lock = layout.lock("apply-depot");
  const entry = { project: "depot", lock, device: "", guests: [], diskBytes: 0 };
  machine.put(
    ledger,
    JSON.stringify({ claims: [entry, { ...entry, pools: { "lvm vg0": 5 } }, { ...entry, pools: { "lvm vg0": "all" } }] }),
  );
  const { context } = await runOn(machine.boot(), shop());
  assert.deepEqual(await otherClaims(context), []);
  await holder.files.makeDirectory(layout.locks);
  await holder.lock({ path: lock, purpose: "a test", timeoutMs: 0 }, async () =>
    assert.deepEqual(
      (await otherClaims(context)).map(({ pools }) => pools),
      [{}, { "lvm vg0": 5 }],
    ),
  );
});

test("a host that stops answering while the plan is made once more ends the apply, and is no trouble of the ledger", async () => {
  const machine = createWorld();
  machine.put(ledger, '{"claims": [{"project": "x", "lock": "/srv/x", "device": "", "guests": [], "diskBytes": 0}]}');
  const run = await runOn(machine.boot(), large("shop"));
  let looks = 0;
  const lookUpFacts: Run["lookUpFacts"] = (context) => {
    looks += 1;
    if (looks > 1) throw new UserError([{ severity: "error", code: "libvirt-unreachable", summary: "gone", detail: "" }]);
    return run.lookUpFacts(context);
  };
  await assert.rejects(apply({ ...run, lookUpFacts }), /gone/);
  assert.equal(machine.libvirtd.find("shop"), undefined);
});
