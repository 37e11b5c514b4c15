import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { switchChanges } from "../../src/kinds/guest/switch.ts";
import type { Observed } from "../../src/model/observed.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Machine } from "../fake-host/machine.ts";
import { contentOf } from "../fake-host/program.ts";
import { garbledNetwork } from "./garbled-network.ts";
import { applied, apply, createWorld, layout, planOf, runOn, summary } from "./world.ts";

const baseOf = (name: string) => readFileSync(new URL(`../plan/bases/${name}.yaml`, import.meta.url), "utf8");

/** A text with these parts replaced. */
function edited(text: string, ...edits: readonly (readonly [from: string, to: string])[]): string {
  return edits.reduce((before, [from, to]) => {
    assert.ok(before.includes(from), from);
    return before.replace(from, to);
  }, text);
}

const errorsOf = ({ diagnostics }: Plan) =>
  diagnostics.filter(({ severity }) => severity === "error").map(({ code, address }) => `${code} ${address}`);
const detailOf = ({ diagnostics }: Plan, code: string) => diagnostics.find((one) => one.code === code)?.detail ?? "";

/** Three guests, `web-a` to `web-c`, each with a volume, and two, `job-0` and `job-1`, without. */
const fleet = baseOf("fleet");
const env = { FLEET_PASSWORD: "x" };
/** One guest in the network `lan`, and one that is not. */
const lan = `${baseOf("lan")}  db:\n    image: debian\n    flavor: small\n`;
/** Two guests, each in a security group of its name. */
const groups = baseOf("groups");

async function made(yaml: string): Promise<Machine> {
  const machine = createWorld();
  await applied(machine, yaml, { env });
  return machine;
}

const planned = async (machine: Machine, yaml: string, options: Parameters<typeof runOn>[2] = {}) =>
  planOf(await runOn(machine.boot(), yaml, { env, ...options }));

/** The path of the label of a volume. */
function labelOf(machine: Machine, volume: string): string {
  const found = machine.files
    .walk()
    .map(([path]) => path)
    .filter((path) => /\/volumes\/[^/]+\/virtform\.json$/.test(path))
    .find((path) => contentOf(machine.files, path).toString("utf8").includes(`"volume":"${volume}"`));
  assert.ok(found !== undefined, volume);
  return found;
}

/** Makes the document of a filter one that is no XML; gives what it was. */
function garbleFilter(machine: Machine, name: string): string {
  const filter = machine.libvirtd.filters.find(name);
  assert.ok(filter !== undefined, name);
  const { document } = filter;
  Object.assign(filter, { document: document.replace("<uuid>", "<uuid") });
  return document;
}

const moreMemory = edited(fleet, ["default: 512MiB", "default: 768MiB"]);

test("a volume that cannot be read is left out with its guest; the rest of the project changes", async () => {
  const machine = await made(fleet);
  const label = labelOf(machine, "data-a");
  const good = contentOf(machine.files, label).toString("utf8");
  machine.put(label, good.replace('"version":1', '"version":7'));
  const whole = await planned(machine, fleet);
  assert.deepEqual([whole.complete, errorsOf(whole)], [false, ["label-damaged volume/data-a"]]);
  assert.match(detailOf(whole, "label-damaged"), /`virtform apply --exclude volume\/data-a`\.$/);

  const grown = edited(fleet, ["size: 64MiB", "size: 128MiB"]);
  const { verdict, plan } = await apply(await runOn(machine.boot(), grown, { env, exclude: ["volume/data-a"] }));
  assert.deepEqual(
    [verdict, plan.complete, errorsOf(plan), summary(plan).map((line) => line.split(":")[0])],
    ["done", true, [], ["update volume/data-b", "update volume/data-c"]],
  );
  assert.equal(plan.diagnostics.find(({ code }) => code === "label-damaged")?.severity, "warning");
  machine.put(label, good);
  assert.deepEqual(
    summary(await planned(machine, grown)).map((line) => line.split(":")[0]),
    ["update volume/data-a"],
  );
});

test("a guest with a volume that cannot be read changes only where the volume is not touched", async () => {
  const machine = await made(fleet);
  const label = labelOf(machine, "data-a");
  machine.put(label, contentOf(machine.files, label).toString("utf8").replace('"version":1', '"version":7'));
  const exclude = ["volume/data-a"];
  // More memory than the running guest can take is stored only.
  const stored = await planned(machine, moreMemory, { exclude });
  assert.deepEqual([errorsOf(stored), summary(stored).length], [[], 5]);
  const switched = async (name: string, to: "running" | "stopped") =>
    apply({
      ...(await runOn(machine.boot(), fleet, { env, targets: [name] })),
      mode: { do: "only", changes: (observed: Observed) => switchChanges(observed, [name], to) },
    });
  assert.equal((await switched("web-a", "stopped")).verdict, "done");
  const started = await switched("web-a", "running");
  assert.deepEqual([started.verdict, errorsOf(started.plan)], ["refused", ["unread-needed domain/web-a"]]);
  assert.equal((await switched("job-0", "stopped")).verdict, "done");
  // Both are off, and the configuration has them run.
  const plan = await planned(machine, fleet, { exclude });
  assert.deepEqual(errorsOf(plan), ["unread-needed domain/web-a"]);
  assert.match(detailOf(plan, "unread-needed"), /`virtform apply --exclude volume\/data-a --exclude web-a`/);
  const rest = await apply(await runOn(machine.boot(), fleet, { env, exclude: [...exclude, "web-a"] }));
  assert.deepEqual([rest.verdict, summary(rest.plan).map((line) => line.split(":")[0])], ["done", ["update domain/job-0"]]);
});

test("nothing new gets a volume that cannot be read, and no image is taken of it", async () => {
  const machine = await made(fleet);
  const label = labelOf(machine, "data-a");
  machine.put(label, contentOf(machine.files, label).toString("utf8").replace('"version":1', '"version":7'));
  const second = `${edited(fleet, ['    volumes: [{ volume: "data-${each.key}" }]\n', ""])}  second: { image: debian, flavor: small, volumes: [{ volume: data-a }] }\n`;
  const plan = await planned(machine, second, { exclude: ["volume/data-a"] });
  assert.deepEqual(errorsOf(plan), ["unread-needed domain/web-a", "unread-needed disk/second.root"]);
  const taken = edited(fleet, ["flavors:", "  golden: { source: 'volume://data-a', disk_format: raw }\nflavors:"]);
  assert.ok(
    errorsOf(await planned(machine, taken, { exclude: ["volume/data-a"] })).includes("unread-needed image/golden"),
    String(errorsOf(await planned(machine, taken, { exclude: ["volume/data-a"] }))),
  );
  // Other guests go, and so do their volumes.
  const fewer = edited(fleet, ["    count: 2", "    count: 1"]);
  const removed = await planned(machine, fewer, { exclude: ["volume/data-a"] });
  assert.deepEqual([removed.complete, errorsOf(removed)], [true, []]);
});

test("a label of a volume that is no JSON, or no file, is known by the second record, and by the declared name", async () => {
  const damage: readonly ((machine: Machine, label: string) => void)[] = [
    (machine, label) => machine.put(label, '{"version":1,"proj'),
    (machine, label) => {
      machine.files.unlink(label);
      machine.files.symlink("/srv/precious", label);
    },
  ];
  for (const [index, spoil] of damage.entries())
    for (const record of [true, false]) {
      const machine = await made(fleet);
      const label = labelOf(machine, "data-a");
      spoil(machine, label);
      if (!record)
        for (const [path] of machine.files.walk().filter(([path]) => /\/volume-[^/]+\.json$/.test(path))) machine.files.unlink(path);
      const plan = await planned(machine, fleet);
      assert.deepEqual([plan.complete, errorsOf(plan)], [false, ["label-damaged volume/data-a"]], `${index} ${record}`);
      const left = await planned(machine, fleet, { exclude: ["volume/data-a"] });
      assert.deepEqual([left.complete, errorsOf(left), summary(left)], [true, [], []], `${index} ${record}`);
    }
});

test("a volume that is no longer declared and cannot be read is not left out", async () => {
  const machine = await made(fleet);
  const label = labelOf(machine, "data-a");
  machine.put(label, contentOf(machine.files, label).toString("utf8").replace('"version":1', '"version":7'));
  const fewer = edited(fleet, ["for_each: [a, b, c]", "for_each: [b, c]"], ["      a: { role: front }\n", ""]);
  const plan = await planned(machine, fewer, { exclude: ["volume/data-a"] });
  assert.deepEqual([plan.complete, errorsOf(plan)], [false, ["label-damaged volume/data-a"]]);
  assert.doesNotMatch(detailOf(plan, "label-damaged"), /--exclude/);
});

test("a network that cannot be read is left out, and guests elsewhere change", async () => {
  const machine = await made(lan);
  {
    using _garbled = garbledNetwork(machine, "lan");
    const whole = await planned(machine, lan);
    assert.deepEqual([whole.complete, errorsOf(whole)], [false, ["network-unreadable network/lan"]]);
    assert.match(detailOf(whole, "network-unreadable"), /`virtform apply --exclude network\/lan`\.$/);
    const exclude = ["network/lan"];
    const db = machine.libvirtd.find("db");
    assert.ok(db !== undefined);
    machine.libvirtd.destroy(db);
    const more = edited(lan, ["ram: 512MiB", "ram: 768MiB"]);
    const { verdict, plan } = await apply(await runOn(machine.boot(), more, { exclude }));
    assert.deepEqual([verdict, errorsOf(plan), plan.changes.length], ["done", [], 2]);
    const web = machine.libvirtd.find("web");
    assert.ok(web !== undefined);
    machine.libvirtd.destroy(web);
    const refused = await planned(machine, more, { exclude });
    assert.deepEqual(errorsOf(refused), ["unread-needed domain/web"]);
    assert.match(detailOf(refused, "unread-needed"), /`virtform apply --exclude network\/lan --exclude web`/);
    const third = `${more}  third: { image: debian, flavor: small, networks: [{ network: lan }] }\n`;
    assert.ok(errorsOf(await planned(machine, third, { exclude })).includes("unread-needed disk/third.root"));
    const other = edited(more, ["instances:", "  dmz: { subnets: [{ cidr: 10.21.0.0/24 }] }\ninstances:"]);
    const second = await planned(machine, other, { exclude: [...exclude, "web"] });
    assert.deepEqual([errorsOf(second), summary(second)], [[], ["create network/dmz: does not exist yet"]]);
  }
  await applied(machine, edited(lan, ["ram: 512MiB", "ram: 768MiB"]));
  assert.deepEqual(summary(await planned(machine, edited(lan, ["ram: 512MiB", "ram: 768MiB"]))), []);
});

test("a network of the project whose label lacks a part cannot be read", async () => {
  const machine = await made(lan);
  const { networks } = machine.libvirtd;
  const { document } = networks;
  networks.document = (network, inactive) => document(network, inactive).replace(/<virtform:name>.*<\/virtform:name>/, "");
  const plan = await planned(machine, lan);
  assert.deepEqual([plan.complete, errorsOf(plan)], [false, ["network-unreadable network/lan"]]);
  const left = await planned(machine, lan, { exclude: ["network/lan"] });
  assert.deepEqual([left.complete, errorsOf(left), summary(left)], [true, [], []]);
});

test("a security group that cannot be read is left out; filters that refer to it and their guests stay", async () => {
  const machine = await made(groups);
  const good = garbleFilter(machine, "virtform:shop:group:web");
  const whole = await planned(machine, groups);
  assert.deepEqual([whole.complete, errorsOf(whole)], [false, ["filter-unreadable security-group/web"]]);
  assert.match(detailOf(whole, "filter-unreadable"), /`virtform apply --exclude security-group\/web`\.$/);
  const exclude = ["security-group/web"];
  const changed = edited(groups, ["ports: 5432", "ports: 5433"]);
  const { verdict, plan } = await apply(await runOn(machine.boot(), changed, { exclude }));
  assert.deepEqual([verdict, errorsOf(plan), summary(plan)], ["done", [], ["update security-group/db: the configuration changed"]]);
  const address = edited(changed, ["addresses: [192.168.122.10]", "addresses: [192.168.122.11]"]);
  const refused = await planned(machine, address, { exclude });
  assert.deepEqual(errorsOf(refused), ["unread-needed filter/web-525400000001"]);
  assert.match(detailOf(refused, "unread-needed"), /`virtform apply --exclude security-group\/web --exclude web`/);
  const web = machine.libvirtd.find("web");
  assert.ok(web !== undefined);
  machine.libvirtd.destroy(web);
  assert.deepEqual(errorsOf(await planned(machine, changed, { exclude })), ["unread-needed domain/web"]);
  Object.assign(machine.libvirtd.filters.find("virtform:shop:group:web") ?? {}, { document: good });
  await applied(machine, changed);
  assert.deepEqual(summary(await planned(machine, changed)), []);
});

test("everything but a volume that cannot be read, and its guest, is destroyed; then that alone is left", async () => {
  const machine = await made(fleet);
  const label = labelOf(machine, "data-a");
  const good = contentOf(machine.files, label).toString("utf8");
  machine.put(label, "{");
  const destroy = async (...exclude: string[]) => apply(await runOn(machine.boot(), fleet, { env, destroy: true, exclude }));
  const whole = await destroy();
  assert.deepEqual([whole.verdict, errorsOf(whole.plan)], ["refused", ["label-damaged volume/data-a"]]);
  assert.match(detailOf(whole.plan, "label-damaged"), /`virtform destroy --exclude volume\/data-a`\.$/);
  const used = await destroy("volume/data-a");
  assert.deepEqual([used.verdict, errorsOf(used.plan)], ["refused", ["unread-needed domain/web-a"]]);
  assert.match(detailOf(used.plan, "unread-needed"), /`virtform destroy --exclude volume\/data-a --exclude web-a`/);
  assert.equal((await destroy("volume/data-a", "web-a")).verdict, "done");
  assert.deepEqual(
    machine.libvirtd
      .all()
      .map(({ name }) => name)
      .sort(),
    ["stranger", "web-a"],
  );
  machine.put(label, good);
  const rest = await planned(machine, fleet, { destroy: true });
  assert.deepEqual(
    [rest.complete, rest.changes.map(({ address }) => address).sort()],
    [true, ["disk/web-a.root", "domain/web-a", "seed/web-a", "volume/data-a"]],
  );
});

test("the passphrase of an encrypted volume that cannot be read stays as it is, since it is tried on the volume", async () => {
  const secret = edited(fleet, ["size: 64MiB", "size: 64MiB, encryption: { passphrase: { env: FLEET_PASSWORD } }"]);
  const machine = await made(secret);
  machine.put(labelOf(machine, "data-a"), "{");
  const exclude = ["volume/data-a", "web-a"];
  const refused = await planned(machine, secret, { destroy: true, exclude });
  assert.deepEqual(errorsOf(refused), ["unread-needed secret/volume.data-a"]);
  const [, command = ""] = /`virtform destroy (.*)`/.exec(detailOf(refused, "unread-needed")) ?? [];
  const named = command.split("--exclude ").flatMap((word) => word.trim() || []);
  assert.deepEqual(named, [...exclude, "volume.data-a"]);
  const left = await planned(machine, secret, { destroy: true, exclude: named });
  assert.deepEqual([left.complete, errorsOf(left)], [true, []]);
  machine.libvirtd.secrets.restart();
  const again = await planned(machine, secret, { exclude: ["volume/data-a"] });
  assert.deepEqual(errorsOf(again), ["unread-needed secret/volume.data-a"]);
  const rest = await apply(await runOn(machine.boot(), secret, { env, exclude: ["volume/data-a", "volume.data-a"] }));
  assert.deepEqual(
    [rest.verdict, rest.plan.changes.map(({ address }) => address)],
    ["done", ["secret/volume.data-b", "secret/volume.data-c"]],
  );
});

/** What a session with a saved plan knows of the configuration. */
const onlyHost = "project: fleet\nhost: { virt_type: qemu }\n";

test("a saved plan that leaves an unreadable object out is applied while only that cannot be read, and refused otherwise", async () => {
  const spoil = (machine: Machine, volume: string) => {
    const label = labelOf(machine, volume);
    const good = contentOf(machine.files, label).toString("utf8");
    machine.put(label, "{");
    return () => machine.put(label, good);
  };
  const ways: Readonly<
    Record<string, readonly [between: (machine: Machine, repair: () => void) => void, verdict: string, codes: readonly string[]]>
  > = {
    nothing: [() => undefined, "done", []],
    "another one is damaged": [(machine) => void spoil(machine, "data-b"), "refused", ["label-damaged volume/data-b"]],
    "it is repaired": [(_machine, repair) => repair(), "refused", ["stale-plan volume/data-a"]],
    "its guest changes": [
      (machine) => {
        const web = machine.libvirtd.find("web-a");
        assert.ok(web !== undefined);
        machine.libvirtd.destroy(web);
      },
      "refused",
      ["stale-plan domain/web-a"],
    ],
  };
  for (const [what, [between, verdict, codes]] of Object.entries(ways)) {
    const machine = await made(fleet);
    const repair = spoil(machine, "data-a");
    const run = await runOn(machine.boot(), moreMemory, { env, exclude: ["volume/data-a"] });
    const savedPlan = await planOf({ ...run, fingerprints: true });
    assert.deepEqual([savedPlan.complete, savedPlan.unread], [true, ["volume/data-a"]]);
    between(machine, repair);
    const applied = await apply(await runOn(machine.boot(), onlyHost), () => undefined, { savedPlan });
    const found = errorsOf(applied.plan).filter((line) => !line.endsWith(" volume/data-a") || what === "it is repaired");
    assert.deepEqual([applied.verdict, found], [verdict, codes], what);
  }
});

test("a saved plan that leaves an instance with a damaged label out is refused when what is known of it changes", async () => {
  for (const [changes, verdict] of [
    [false, "done"],
    [true, "refused"],
  ] as const) {
    const machine = await made(fleet);
    const web = machine.libvirtd.find("web-a");
    assert.ok(web !== undefined);
    machine.put(layout.instanceFile(web.uuid, "virtform.json"), "{");
    const run = await runOn(machine.boot(), moreMemory, { env, exclude: ["web-a"] });
    const savedPlan = await planOf({ ...run, fingerprints: true });
    if (changes) machine.libvirtd.destroy(web);
    const applied = await apply(await runOn(machine.boot(), onlyHost), () => undefined, { savedPlan });
    assert.equal(applied.verdict, verdict);
    assert.equal(errorsOf(applied.plan).includes("stale-plan domain/web-a"), changes);
  }
});

test("what a run on the objects that cannot be read would need is never done by half", async () => {
  const machine = await made(fleet);
  const label = labelOf(machine, "data-a");
  machine.put(label, contentOf(machine.files, label).toString("utf8").replace('"version":1', '"version":7'));
  const web = machine.libvirtd.find("web-a");
  assert.ok(web !== undefined);
  machine.libvirtd.destroy(web);
  const before = machine.snapshot();
  const grown = edited(fleet, ["size: 64MiB", "size: 128MiB"]);
  assert.equal((await apply(await runOn(machine.boot(), grown, { env, exclude: ["volume/data-a"] }))).verdict, "refused");
  assert.deepEqual(
    machine.snapshot().filter((line) => !before.includes(line)),
    [],
  );
  assert.ok(contentOf(machine.files, label).toString("utf8").includes('"version":7'), layout.root);
});
