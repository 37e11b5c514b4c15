import assert from "node:assert/strict";
import { test } from "node:test";
import { editYaml } from "../../src/config/edit-yaml.ts";
import { unifiedDiff } from "../../src/config/unified-diff.ts";
import { decide, look } from "../../src/decide.ts";
import { acceptedDrift } from "../../src/kinds/accepted-drift.ts";
import type { UserError } from "../../src/model/errors.ts";
import type { Json } from "../../src/model/json.ts";
import type { Machine } from "../fake-host/machine.ts";
import { printXml } from "../fake-host/xml.ts";
import { doByHand } from "../plan/by-hand.ts";
import { applied, createWorld, planOf, runOn, summary } from "./world.ts";

const yaml = `project: shop # ours
host: { virt_type: qemu }
images:
  debian: { source: https://images.test/debian.qcow2, disk_format: qcow2 }
flavors:
  # the usual size
  small: { vcpus: 1, ram: 256MiB, disk: 1GiB } # do not shrink
  shared: { vcpus: 1, ram: 256MiB, disk: 1GiB }
instances:
  web:
    # the shop
    image: debian
    flavor: small
    networks:
      - { network: default, mac: "52:54:00:00:00:01" } # first
      - { network: default, mac: "52:54:00:00:00:02" }
    watchdog: reset
  db: { image: debian, flavor: shared, power_state: stopped }
  log: { image: debian, flavor: shared, power_state: stopped }
`;

/** The configuration with what the host has, and what cannot be written. */
async function accepted(machine: Machine, written = yaml): Promise<{ readonly text: string; readonly left: readonly string[] }> {
  const run = await runOn(machine.boot(), written);
  const observed = await look(run);
  const { edits, left } = acceptedDrift(decide(run, observed).changes, run.config, observed);
  await run.context.host.close();
  return { text: editYaml(written, edits), left: left.map(({ address, path }) => `${address} ${path}`) };
}

const plan = async (machine: Machine, text: string) => planOf(await runOn(machine.boot(), text));
const changedLines = (text: string) => {
  const before = yaml.split("\n");
  return text.split("\n").filter((line) => !before.includes(line));
};

test("what was changed by hand becomes the wanted state, with comments kept, and the drift is empty then", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  doByHand(machine, "power off web");
  doByHand(machine, "set the memory of web to 512MiB");
  doByHand(machine, "set the memory of db to 384MiB");
  doByHand(machine, "set autostart of db");
  doByHand(machine, "store a card with the mac 52:54:00:00:00:09 for web");
  doByHand(machine, "remove devices/watchdog from the definition of web");
  const found = await accepted(machine);
  assert.deepEqual(changedLines(found.text), [
    "  small: { vcpus: 1, ram: 512MiB, disk: 1GiB } # do not shrink",
    "  shared-db: { vcpus: 1, ram: 384MiB, disk: 1GiB }",
    "    power_state: stopped",
    "      - { network: default, mac: 52:54:00:00:00:09 }",
    "  db: { image: debian, flavor: shared-db, power_state: stopped, autostart: true }",
  ]);
  assert.deepEqual(found.left, []);
  assert.equal(found.text.includes("watchdog"), false);
  const next = await plan(machine, found.text);
  // What follows from the new configuration is recorded: labels, and config drives, which name the flavor and the cards. Nothing happens to a guest.
  assert.deepEqual(
    next.changes.flatMap(({ fields }) => fields.flatMap(({ path, cause }) => (cause === "config" ? [] : [path]))),
    [],
  );
  assert.deepEqual(
    next.changes
      .flatMap(({ actions }) => actions.map(({ type }) => type))
      .filter((type) => type !== "domain.define" && type !== "seed.build"),
    [],
  );
  await applied(machine, found.text);
  assert.deepEqual(summary(await plan(machine, found.text)), []);
});

test("without drift nothing is written; a guest that is gone is named", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  assert.deepEqual(await accepted(machine), { text: yaml, left: [] });
  doByHand(machine, "undefine log");
  assert.deepEqual((await accepted(machine)).left, ["domain/log domain"]);
});

test("cards that were detached, changed, or are of another kind; copies of one entry; settings without a key", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  const text = (name: string) => printXml(machine.libvirtd.find(name)?.stored ?? assert.fail(name));
  machine.libvirtd.define(
    text("web")
      .replace(/<interface type='network'>\s*<mac address='52:54:00:00:00:01'\/>[\s\S]*?<\/interface>/, "")
      .replace(/(52:54:00:00:00:02'\/>\s*<source) network='default'/, "$1 network='other'")
      .replace(/<smbios mode='sysinfo'\/>/, ""),
  );
  const found = await accepted(machine);
  assert.deepEqual(changedLines(found.text), ['      - { network: other, mac: "52:54:00:00:00:02" }']);
  assert.equal(found.text.includes("52:54:00:00:00:01"), false);
  assert.deepEqual(found.left, ["domain/web smbios"]);
});

test("edits keep everything else byte for byte, and an unusual notation is refused", () => {
  const text = "a: &x { b: 1 }\r\nc: *x\r\nd:\r\n  e: |\r\n    long\r\n  f: ${var.g} # keep\r\n  h: [1, 2]\r\n  l: []\r\n";
  const edit = (pointer: readonly (string | number)[], value: Json | undefined) => editYaml(text, [{ pointer, value }]);
  assert.equal(edit(["a", "b"], 2), text.replace("b: 1", "b: 2"));
  assert.equal(edit(["d", "h", 2], 3), text.replace("[1, 2]", "[1, 2, 3]"));
  assert.equal(edit(["d", "h", 0], undefined), text.replace("[1, 2]", "[2]"));
  assert.equal(edit(["d", "l", 0], { m: "n: o" }), text.replace("[]", '[{ m: "n: o" }]'));
  assert.equal(edit(["d", "i"], true), text.replace("# keep\r\n", "# keep\r\n  i: true\r\n"));
  for (const [pointer, value] of [
    [["c", "b"], 2],
    [["d", "e"], "short"],
    [["d", "f"], 1],
    [["z", "y", "x"], 1],
  ] as const) {
    assert.throws(
      () => edit(pointer, value),
      (error: UserError) => error.diagnostics[0]?.code === "cannot-edit",
    );
  }
});

test("the patch is one that git takes", () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join("");
  const after = before.replace("line 2\n", "line two\n").replace("line 17\n", "").replace("line 19\n", "line 19");
  assert.equal(
    unifiedDiff("./site.yaml", before, after),
    "--- a/site.yaml\n+++ b/site.yaml\n@@ -1,6 +1,6 @@\n line 0\n line 1\n-line 2\n+line two\n line 3\n line 4\n line 5\n@@ -15,6 +15,5 @@\n line 14\n line 15\n line 16\n-line 17\n line 18\n-line 19\n+line 19\n\\ No newline at end of file\n",
  );
  assert.equal(unifiedDiff("a", before, before), "");
});

test("drift of a network becomes the wanted state", async () => {
  const machine = createWorld();
  const written = `project: shop
networks:
  lan:
    domain: lan.example
    subnets:
      - cidr: 10.20.0.0/24
        dhcp: { ranges: [{ start: 10.20.0.100, end: 10.20.0.199 }] } # the usual ones
`;
  await applied(machine, written);
  doByHand(machine, "edit the network lan: end='10.20.0.199' becomes end='10.20.0.210'");
  machine.libvirtd.networks.setAutostart(machine.libvirtd.networks.named("lan") ?? assert.fail(), false);
  const found = await accepted(machine, written);
  assert.match(found.text, /dhcp: \{ ranges: \[ ?\{ start: 10\.20\.0\.100, end: 10\.20\.0\.210 \} ?\] \} # the usual ones\n/);
  assert.match(found.text, /autostart: false\n/);
  assert.deepEqual(found.left, []);
  const next = await plan(machine, found.text);
  assert.deepEqual(
    next.changes.map(({ address, fields }) => [address, fields.map(({ path }) => path)]),
    [["network/lan", ["subnets.10.20.0.0/24.dhcp.ranges"]]],
    "what runs is brought to what is stored",
  );
});
test("what only the active network has cannot be accepted", async () => {
  const machine = createWorld();
  const written = "project: shop\nnetworks:\n  lan: { subnets: [{ cidr: 10.20.0.0/24 }] }\n";
  await applied(machine, written);
  const { networks } = machine.libvirtd;
  networks.update(networks.named("lan") ?? assert.fail(), {
    command: 3,
    section: 11,
    parentIndex: -1,
    xml: "<txt name='hand' value='made'/>",
  });
  assert.deepEqual((await accepted(machine, written)).left, ["network/lan dns.txt.hand"]);
});
