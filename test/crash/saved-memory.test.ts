import assert from "node:assert/strict";
import { test } from "node:test";
import { missingConsent } from "../../src/engine/consent.ts";
import type { Machine } from "../fake-host/machine.ts";
import { guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { type Shop, shop } from "./shop.ts";
import { applied, apply, createWorld, layout, planOf, runOn, summary } from "./world.ts";

const alone = { instances: ["web"] } as const;
const one = (options: Shop = {}) => shop({ ...alone, ...options });

function web(machine: Machine) {
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  return domain;
}

/** A machine on which this was applied, and then the memory of web was saved. */
async function saved(yaml: string): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, yaml);
  if (web(machine).live === undefined) machine.libvirtd.start(web(machine));
  machine.libvirtd.save(web(machine));
  return machine;
}

const plan = async (machine: Machine, yaml: string) => planOf(await runOn(machine.boot(), yaml));
const actionsOf = async (machine: Machine, yaml: string) => (await plan(machine, yaml)).actions.map(({ id, after }) => [id, ...after]);

/** What is wanted is there: the guest runs, its memory was not mixed with other disks, and nothing is left to do. */
async function reaches(machine: Machine, yaml: string, state = 1): Promise<void> {
  await applied(machine, yaml);
  assert.equal(web(machine).state, state);
  assert.equal(web(machine).saved, undefined);
  assert.deepEqual(summary(await plan(machine, yaml)), []);
}

test("a saved guest that should run is restored, and one that should be off stays saved", async () => {
  const machine = await saved(one());
  const made = await plan(machine, one());
  assert.deepEqual(summary(made), ["update domain/web: its memory was saved, and it should be running"]);
  assert.deepEqual(
    made.changes[0]?.fields.map(({ path, old, new: fresh, cause }) => [path, old, fresh, cause]),
    [["power_state", "saved", "running", "drift"]],
  );
  assert.deepEqual(
    made.actions.map(({ id, summary: words, destroys }) => [id, words, destroys]),
    [["domain/web#restore", "start from its saved memory", undefined]],
  );
  await reaches(machine, one());

  const off = await saved(one({ power: "stopped" }));
  assert.deepEqual(summary(await plan(off, one({ power: "stopped" }))), []);
  const ignored = one().replace("power_state: running", "power_state: ignore");
  assert.deepEqual(summary(await plan(await saved(ignored), ignored)), []);
});

test("saved while it was paused, it runs after the apply", async () => {
  const machine = createWorld();
  await applied(machine, one());
  machine.libvirtd.suspend(web(machine));
  machine.libvirtd.save(web(machine));
  await reaches(machine, one());
});

test("a new definition and a new config drive wait for the next cold start, as they do for a guest that runs", async () => {
  const machine = await saved(one());
  const wanted = one({ memory: "512MiB", userData: "#!/bin/sh\n" });
  const made = await plan(machine, wanted);
  assert.deepEqual(
    made.changes.flatMap(({ fields }) =>
      fields.filter(({ path }) => path === "memory" || path === "user_data").map(({ effect }) => effect),
    ),
    ["next_boot", "next_boot"],
  );
  assert.deepEqual(
    made.actions.map(({ id, after }) => [id, ...after]),
    [["domain/web#restore"], ["seed/web#update", "domain/web#restore"], ["domain/web#define", "seed/web#update"]],
  );
  await reaches(machine, wanted);
  assert.match(machine.libvirtd.document(web(machine), false), /<memory unit='KiB'>262144</);
  assert.match(machine.libvirtd.document(web(machine), true), /<memory unit='KiB'>524288</);
});

test("a disk of a saved guest grows after the guest is restored; if the guest should be off, its memory is deleted first, with consent", async () => {
  const machine = await saved(one());
  assert.deepEqual(await actionsOf(machine, one({ disk: "2GiB" })), [["domain/web#restore"], ["disk/web.root#grow", "domain/web#restore"]]);
  await reaches(machine, one({ disk: "2GiB" }));

  const off = await saved(one({ power: "stopped" }));
  const made = await plan(off, one({ power: "stopped", disk: "2GiB" }));
  assert.deepEqual(
    made.actions.map(({ id, after }) => [id, ...after]),
    [["domain/web#discard"], ["disk/web.root#grow", "domain/web#discard"]],
  );
  const missing = missingConsent(made, []);
  assert.match(missing?.summary ?? "", /^This would destroy the saved memory of web\b/);
  assert.equal(missing?.address, "domain/web");
  await reaches(off, one({ power: "stopped", disk: "2GiB" }), 5);
});

test("replacing a disk deletes the saved memory of its guest with consent, and the guest starts cold", async () => {
  const machine = await saved(one());
  const wanted = one({ image: "fedora", userData: "#!/bin/sh\n", memory: "512MiB" });
  const made = await plan(machine, wanted);
  assert.deepEqual(
    made.actions.flatMap(({ id, destroys }) => (destroys === undefined ? [] : [id])),
    ["domain/web#discard", "disk/web.root#remove"],
  );
  const start = made.actions.find(({ id }) => id === "domain/web#start");
  assert.deepEqual(start?.after.toSorted(), ["disk/web.root#create", "domain/web#define", "domain/web#discard", "seed/web#update"]);
  assert.equal(start?.summary, "start");
  assert.ok(!made.actions.some(({ type }) => type === "domain.restore"), "the domain's own change would restore the memory");
  await reaches(machine, wanted);
  assert.match(machine.libvirtd.document(web(machine), false), /<memory unit='KiB'>524288</);
});

test("saved memory is never restored over a replaced disk, whatever the order of the configuration", async () => {
  const machine = await saved(one());
  const run = await runOn(machine.boot(), one({ image: "fedora" }));
  const backwards = run.kinds.map((kind) => ({
    ...kind,
    desired: (...given: Parameters<typeof kind.desired>) => kind.desired(...given).reverse(),
  }));
  const made = await planOf({ ...run, kinds: backwards });
  const types = made.actions.map(({ type }) => type);
  assert.ok(types.includes("domain.discard") && types.includes("domain.start"), types.join(" "));
  assert.ok(!types.includes("domain.restore"), types.join(" "));
});

test("a deleted disk is recreated for a guest that starts cold, or that stays off without its saved memory", async () => {
  for (const [power, state] of [
    ["running", 1],
    ["stopped", 5],
  ] as const) {
    const machine = await saved(one({ power }));
    machine.files.unlink(`${layout.instance(web(machine).uuid)}/disk`);
    const made = await plan(machine, one({ power }));
    assert.ok(
      made.actions.some(({ id }) => id === "domain/web#discard"),
      power,
    );
    await reaches(machine, one({ power }), state);
  }
});

test("missing files and secrets are created before a saved guest is restored", async () => {
  const machine = await saved(one());
  for (const name of ["disk.config", "kernel"]) machine.files.unlink(`${layout.instance(web(machine).uuid)}/${name}`);
  const restore = (await plan(machine, one())).actions.find(({ id }) => id === "domain/web#restore");
  assert.deepEqual(restore?.after.toSorted(), ["disk/web.kernel#create", "seed/web#create"]);
});

test("entering and leaving rescue delete saved memory with consent", async () => {
  const rescued = one().replace("    flavor: small\n", "    flavor: small\n    rescue: true\n");
  for (const [before, wanted] of [
    [one(), rescued],
    [rescued, one()],
  ] as const) {
    const machine = await saved(before);
    const discard = (await plan(machine, wanted)).actions.find(({ id }) => id === "domain/web#discard");
    assert.match(discard?.destroys ?? "", /saved memory of web/);
    await reaches(machine, wanted);
  }
});

const volume = (size: string, more = "    volumes: [ { volume: data } ]\n") => ({
  more,
  sections: `volumes: { data: { size: ${size} } }\n`,
});

test("a volume grows after its saved guest is restored, and is not detached while the memory is saved", async () => {
  const before = guests(volume("1GiB"));
  const machine = await saved(before);
  assert.deepEqual(await actionsOf(machine, guests(volume("2GiB"))), [["domain/web#restore"], ["volume/data#grow", "domain/web#restore"]]);
  await reaches(machine, guests(volume("2GiB")));

  const off = guests({ ...volume("2GiB"), power: "stopped" });
  const { diagnostics } = await plan(await saved(guests({ ...volume("1GiB"), power: "stopped" })), off);
  assert.deepEqual(
    diagnostics.map(({ code, address }) => [code, address]),
    [["volume-in-saved-memory", "volume/data"]],
  );

  const moved = `${guests(volume("1GiB", "")).replace("volumes:", "  db: { image: debian, flavor: small, volumes: [ { volume: data } ] }\nvolumes:")}`;
  const taking = await saved(before);
  const start = (await plan(taking, moved)).actions.find(({ id }) => id === "domain/db#start");
  assert.ok(start?.after.includes("domain/web#discard"), JSON.stringify(start?.after));
  await reaches(taking, moved);
});

test("a deleted guest's saved memory is named among what is lost", async () => {
  const machine = await saved(one());
  const gone = one({ instances: [] });
  const undefine = (await plan(machine, gone)).actions.find(({ id }) => id === "domain/web#undefine");
  assert.deepEqual([undefine?.summary, undefine?.destroys], ["undefine, with its saved memory", "the saved memory of web"]);
  await applied(machine, gone);
  assert.equal(machine.libvirtd.find("web"), undefined);
  assert.deepEqual(summary(await plan(machine, gone)), []);
});

test("memory that is saved while the plan is read is not lost without consent", async () => {
  for (const [before, wanted, refused] of [
    [one(), one({ image: "fedora" }), "domain/web#stop"],
    [one({ power: "stopped" }), one({ power: "stopped", image: "fedora" }), "disk/web.root#remove"],
    [one({ power: "stopped" }), one({ memory: "512MiB" }), "domain/web#start"],
  ] as const) {
    const machine = createWorld();
    await applied(machine, before);
    const { outcomes } = await apply(await runOn(machine.boot(), wanted), ({ type }) => {
      if (type !== "apply.start") return;
      if (web(machine).live === undefined) machine.libvirtd.start(web(machine));
      machine.libvirtd.save(web(machine));
    });
    const { status, diagnostics } = outcomes.find(({ action }) => action === refused) ?? {};
    assert.equal(status, "failed", refused);
    assert.equal(diagnostics?.[0]?.code, "guest-saved");
    assert.ok(web(machine).saved !== undefined);
    await applied(machine, wanted);
    assert.deepEqual(summary(await plan(machine, wanted)), []);
  }
});

test("a guest that is started while it is asked whether its saved memory may go keeps it", async () => {
  const machine = await saved(one());
  const { outcomes } = await apply(await runOn(machine.boot(), one({ image: "fedora" })), ({ type }) => {
    if (type === "apply.start") machine.libvirtd.start(web(machine));
  });
  assert.equal(outcomes.find(({ action }) => action === "domain/web#discard")?.diagnostics[0]?.code, "guest-runs");
  assert.equal(web(machine).state, 1);
  await reaches(machine, one({ image: "fedora" }));
});

test("volumes that other guests had, and settings that only libvirt has, are in place before a saved guest is restored", async () => {
  const env = { DISK_PASSPHRASE: "correct horse" };
  const encrypted = `${one()}    encryption: { passphrase: { env: DISK_PASSPHRASE } }\n`;
  const machine = createWorld();
  await applied(machine, encrypted, { env });
  machine.libvirtd.save(web(machine));
  machine.libvirtd.secrets.restart();
  const made = await planOf(await runOn(machine.boot(), encrypted, { env }));
  assert.deepEqual(
    made.actions.map(({ id, after }) => [id, ...after]),
    [["secret/web#put"], ["domain/web#restore", "secret/web#put"]],
  );
  await applied(machine, encrypted, { env });
  assert.equal(web(machine).state, 1);
});

const stories: Readonly<Record<string, readonly [Shop, Shop]>> = {
  "goes on": [{}, {}],
  "everything that can wait": [{}, { memory: "512MiB", userData: "#!/bin/sh\n", disk: "2GiB" }],
  "everything at once": [{}, { memory: "512MiB", userData: "#!/bin/sh\n", disk: "2GiB", image: "fedora" }],
  "a larger disk of one that stays off": [{ power: "stopped" }, { power: "stopped", disk: "2GiB" }],
  "another disk of one that stays off": [{ power: "stopped" }, { power: "stopped", image: "fedora" }],
  "goes away": [{}, { instances: [] }],
};
for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
  for (const [name, [before, wanted]] of Object.entries(stories)) {
    test(`saved memory, ${name}, ${way}`, async () => {
      const kills = await killEverywhere({ from: await saved(one(before)), yaml: one(wanted) }, way);
      assert.ok(kills >= 1, `only ${kills} effects`);
    });
  }
}
