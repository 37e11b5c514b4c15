import assert from "node:assert/strict";
import { test } from "node:test";
import { interruptedActions } from "../../src/engine/journal.ts";
import { userError } from "../../src/model/errors.ts";
import type { Outcome } from "../../src/model/outcome.ts";
import type { Machine } from "../fake-host/machine.ts";
import { shop } from "./shop.ts";
import { applied, apply, createWorld, layout, planOf, runOn, summary } from "./world.ts";

function by(outcomes: readonly Outcome[], status: Outcome["status"]): string[] {
  return outcomes
    .filter((outcome) => outcome.status === status)
    .map(({ action }) => action)
    .sort();
}

test("a failed fetch: what needs the image is skipped and says why, all else is done; the next run finishes", async () => {
  const machine = createWorld();
  const fedora = machine.urls.get("https://images.test/fedora.qcow2");
  machine.urls.set("https://images.test/fedora.qcow2", { fails: "503 Service Unavailable" });
  const yaml = shop().replace(
    "image: debian\n    flavor: small\n    power_state: running\n    images_type: flat",
    "image: fedora\n    flavor: small\n    power_state: running\n    images_type: flat",
  );
  const { verdict, outcomes } = await apply(await runOn(machine.boot(), yaml));
  assert.equal(verdict, "incomplete");
  assert.deepEqual(by(outcomes, "failed"), ["image/fedora#fetch"]);
  assert.match(outcomes.find(({ status }) => status === "failed")?.diagnostics[0]?.summary ?? "", /503/);
  assert.deepEqual(by(outcomes, "skipped"), ["disk/db.root#create", "domain/db#define", "domain/db#start", "image/fedora#digest"]);
  assert.ok(outcomes.filter(({ status }) => status === "skipped").every(({ because }) => because === "image/fedora#fetch"));
  assert.equal(machine.libvirtd.find("web")?.state, 1);
  assert.equal(machine.libvirtd.find("db"), undefined);

  machine.urls.set("https://images.test/fedora.qcow2", fedora ?? Buffer.alloc(0));
  await applied(machine, yaml);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), []);
});

test("a start that libvirt refuses fails alone, in libvirt's words, with what to do", async () => {
  const machine = createWorld();
  machine.libvirtd.networks.set("lan", true);
  const yaml = shop().replace("networks: [ { network: default } ]", "networks: [ { network: lan } ]");
  const { verdict, outcomes } = await apply(await runOn(machine.boot(), yaml), ({ type }) => {
    if (type === "apply.start") machine.libvirtd.networks.set("lan", false);
  });
  assert.equal(verdict, "incomplete");
  assert.deepEqual(by(outcomes, "failed"), ["domain/web#start"]);
  const [why] = outcomes.find(({ status }) => status === "failed")?.diagnostics ?? [];
  assert.match(why?.summary ?? "", /network 'lan' is not active/);
  assert.match(why?.detail ?? "", /net-start lan/);
  assert.deepEqual(by(outcomes, "skipped"), []);
  machine.libvirtd.networks.set("lan", true);
  const again = await apply(await runOn(machine.boot(), yaml));
  assert.equal(again.verdict, "done");
  assert.deepEqual(by(again.outcomes, "done"), ["domain/web#start"]);
});

test("an image that is not what its checksum says is refused, leaves nothing, and is not used", async () => {
  const machine = createWorld();
  machine.urls.set("https://images.test/debian.qcow2", Buffer.from("something else"));
  const { verdict, outcomes } = await apply(await runOn(machine.boot(), shop()));
  assert.equal(verdict, "incomplete");
  assert.match(outcomes.find(({ action }) => action === "image/debian#fetch")?.diagnostics[0]?.summary ?? "", /checksum/);
  assert.deepEqual(
    machine.files.walk().filter(([path]) => /\.(part|converted)$/.test(path)),
    [],
  );
  assert.ok(!machine.libvirtd.all().some(({ name }) => name === "web"));
});

/** Runs an apply on a machine whose disk is filled, all but so many bytes, just after the plan or the arrival of an image. */
async function applyInto(room: number, after: "plan" | "download" = "plan") {
  const machine = createWorld();
  const result = await apply(
    await runOn(machine.boot(), shop()),
    (event) => {
      const came = event.type === "action.progress" && event.progress.phase === "download" && event.progress.done === event.progress.total;
      if (after === "plan" ? event.type === "apply.start" : came) machine.files.capacity = machine.files.used() + room;
    },
    { parallelism: 1 },
  );
  machine.files.capacity = 2 ** 40;
  return { machine, ...result };
}

function inTheMaking(machine: Machine): string[] {
  return machine.files
    .walk()
    .map(([path]) => path)
    .filter((path) => path.startsWith(layout.root) && /\.(part|converted|tmp)$/.test(path));
}

test("an apply on a full disk fails without partial objects, and the next one completes", async () => {
  const clean = createWorld();
  const before = clean.files.used();
  await applied(clean, shop());
  const needed = clean.files.used() - before;
  const failures = new Set<string>();
  for (let room = 0; room < needed; room += 12_288) {
    const { machine, verdict, outcomes } = await applyInto(room);
    assert.equal(verdict, "incomplete", `${room} bytes of room`);
    for (const { action, diagnostics } of outcomes.filter(({ status }) => status === "failed")) {
      assert.match(diagnostics[0]?.summary ?? "", /no space|than there is room for/i, `${action} with ${room} bytes of room`);
      failures.add(action);
    }
    assert.deepEqual(inTheMaking(machine), [], `${room} bytes of room`);
    await applied(machine, shop());
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), shop()))), [], `${room} bytes of room`);
  }
  assert.ok(failures.has("image/debian#fetch") && failures.size >= 4, [...failures].join(" "));
});

test("a conversion that would fill the disk is refused before it begins, and nothing of the image is kept", async () => {
  const refused = new Set<string>();
  for (let room = 0; room < 100_000; room += 4096) {
    const { machine, outcomes } = await applyInto(room, "download");
    for (const { summary: words } of outcomes.flatMap(({ diagnostics }) => diagnostics))
      if (/^Image debian takes .* as a raw disk/.test(words)) refused.add(words);
    assert.deepEqual(inTheMaking(machine), []);
  }
  assert.ok(refused.size > 0, "every conversion had room");
});

test("too little room is seen before anything is done", async () => {
  const machine = createWorld();
  machine.files.capacity = machine.files.used() + 100_000;
  const before = machine.snapshot(/\/locks$/);
  const { verdict, plan } = await apply(await runOn(machine.boot(), shop()));
  assert.equal(verdict, "refused");
  assert.ok(plan.diagnostics.some(({ severity }) => severity === "error"));
  assert.deepEqual(machine.snapshot(/\/locks$/), before);
});

test("libvirt that is down is an error, never an empty host", async () => {
  const machine = createWorld();
  await applied(machine, shop());
  const before = machine.snapshot();
  machine.libvirtd.up = false;
  const outcome = await apply(await runOn(machine.boot(), shop())).catch((error: Error) => error);
  if (outcome instanceof Error) assert.equal(outcome.name, "UnreachableError");
  else {
    assert.equal(outcome.verdict, "refused");
    assert.equal(outcome.plan.complete, false);
  }
  machine.libvirtd.up = true;
  assert.deepEqual(machine.snapshot(), before);
});

for (const when of ["plan", "apply.start", "apply.end"] as const) {
  test(`a journal that cannot be written from ${when} on is one warning, and the apply completes`, async () => {
    const machine = createWorld();
    const warnings: string[] = [];
    const { verdict } = await apply(await runOn(machine.boot(), shop()), (event) => {
      if (event.type === "diagnostic") warnings.push(`${event.diagnostic.severity} ${event.diagnostic.code}`);
      if (event.type !== when) return;
      machine.files.removeTree(layout.journals);
      machine.put(layout.journals, "in the way");
    });
    assert.deepEqual([verdict, warnings], ["done", ["warning journal-not-written"]]);
    machine.files.unlink(layout.journals);
    assert.deepEqual(summary(await planOf(await runOn(machine.boot(), shop()))), []);
  });
}

test("the journal of an apply whose end fails has the end of every action", async () => {
  const machine = createWorld();
  const run = await runOn(machine.boot(), shop());
  const { host } = run.context;
  const settle = async () => {
    throw userError("no-space", "The disk is full", "Free space.");
  };
  await assert.rejects(
    apply({ ...run, context: { ...run.context, host: { ...host, files: { ...host.files, settle } } } }),
    /The disk is full/,
  );
  assert.deepEqual((await interruptedActions(run.context)).actions, []);
});

/** What is in the way of the journals, by a name that sorts behind every other. */
const oddJournals: Readonly<Record<string, (machine: Machine, path: string) => void>> = {
  "with a line null": (machine, path) => machine.put(path, "null\n[]\n7\n"),
  "that is a directory": (machine, path) => machine.put(`${path}/file`, "content"),
  "that is a symbolic link": (machine, path) => {
    machine.put(`${layout.journals}/note.txt`, "so that the directory exists");
    machine.files.symlink("/etc/passwd", path);
  },
  "of 70 MB": (machine, path) => machine.put(path, Buffer.alloc(70 * 2 ** 20)),
};

for (const [what, put] of Object.entries(oddJournals)) {
  test(`an apply completes with a journal ${what}, which is a warning`, async () => {
    const machine = createWorld();
    const odd = `${layout.journals}/9999-12-31T00-00-00-000Z-1.jsonl`;
    put(machine, odd);
    for (let run = 0; run < 2; run += 1) {
      const { verdict, plan } = await apply(await runOn(machine.boot(), shop()));
      assert.equal(verdict, run === 0 ? "done" : "nothing-to-do");
      const told = plan.diagnostics
        .filter(({ code }) => code !== "unverified-image")
        .map(({ severity, summary }) => `${severity} ${summary}`);
      assert.deepEqual(told, what.includes("null") ? [] : [`warning A journal of an earlier apply cannot be read: ${odd}`]);
    }
  });
}

test("an interrupted apply that is dated in the future is reported until the next whole apply, and hides no later one", async () => {
  const machine = createWorld();
  const record = (fields: object) => `${JSON.stringify({ at: "2039-01-01T00:00:00.000Z", ...fields })}\n`;
  machine.put(
    `${layout.journals}/2039-01-01T00-00-00-000Z-1.jsonl`,
    record({ status: "apply-started", project: "shop" }) + record({ status: "started", action: "image/x#fetch" }),
  );
  const interrupted = async (yaml: string, die = false) => {
    const host = machine.boot();
    let note: string | undefined;
    await apply(await runOn(host, yaml), (event) => {
      if (event.type === "plan") note = event.plan.diagnostics.find(({ code }) => code === "interrupted-apply")?.detail;
      if (die && event.type === "action.start") setImmediate(() => host.kill());
    }).catch((error: unknown) => {
      if (!die) throw error;
    });
    return note;
  };
  assert.match((await interrupted(shop())) ?? "", /image\/x#fetch/);
  assert.equal(await interrupted(shop()), undefined, "it was said after a whole apply");
  const grown = shop().replace("ram: 256MiB", "ram: 320MiB");
  assert.equal(await interrupted(grown, true), undefined);
  assert.match((await interrupted(grown)) ?? "", /domain\//, "a later interruption was hidden");
});

test("a saved plan on a host that stops answering reports no object as missing", async () => {
  const machine = createWorld();
  await applied(machine, shop());
  const changed = shop().replace("ram: 256MiB", "ram: 320MiB");
  assert.notEqual(changed, shop());
  const savedPlan = await planOf({ ...(await runOn(machine.boot(), changed)), fingerprints: true });
  const run = await runOn(machine.boot(), changed);
  const before = machine.snapshot();
  const facts = await run.lookUpFacts(run.context);
  const losing: typeof run = {
    ...run,
    lookUpFacts: async () => {
      machine.libvirtd.up = false;
      return facts;
    },
  };
  const { verdict, plan } = await apply(losing, () => undefined, { savedPlan });
  machine.libvirtd.up = true;
  assert.deepEqual(machine.snapshot(), before);
  assert.deepEqual([verdict, plan.complete], ["refused", false]);
  const errors = plan.diagnostics.filter(({ severity }) => severity === "error");
  assert.deepEqual([...new Set(errors.map(({ code }) => code))], ["host-unreachable"]);
});
