import assert from "node:assert/strict";
import { test } from "node:test";
import { configSchema } from "../../../src/kinds/config-schema.ts";
import { at } from "../../../src/kinds/guest/draft.ts";
import type { GuestField } from "../../../src/kinds/guest/field.ts";
import { registerGuestField } from "../../../src/kinds/guest/fields.ts";
import { formatPlan } from "../../../src/report/plan-text.ts";
import { textAt } from "../../../src/tools/xml.ts";
import { shop } from "../../crash/shop.ts";
import { applied, configOf, createWorld, planOf, runOn, summary } from "../../crash/world.ts";

/** A field in the domain XML. */
const title: GuestField = {
  path: "title",
  headline: 7,
  running: "none",
  configured: { key: "title", schema: { type: "string", description: "A title.", minLength: 1 }, fallback: null },
  owns: ["title"],
  write: (domain, value) => {
    at(domain, "title").text = String(value);
  },
  read: (domain) => textAt(domain, "title"),
};

/** One guest with these keys added. */
const web = (keys: string) => shop({ instances: ["web"] }).replace("    flavor: small\n", `    flavor: small\n${keys}`);

test("a registered field passes schema, plan and apply, and the next plan is empty", async () => {
  using _title = registerGuestField(title);
  const machine = createWorld();
  const yaml = web("    title: The web server\n    autostart: true\n");

  const first = await planOf(await runOn(machine.boot(), yaml));
  assert.match(formatPlan(first, { color: false }), /\+ title +The web server\n/);
  await applied(machine, yaml);
  const domain = machine.libvirtd.find("web");
  assert.ok(domain !== undefined);
  assert.match(machine.libvirtd.document(domain, true), /<title>The web server<\/title>/);
  assert.equal(domain.autostart, true);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), []);

  const changed = web("    title: Another\n");
  const [change, ...others] = (await planOf(await runOn(machine.boot(), changed))).changes;
  assert.deepEqual([change?.address, others], ["domain/web", []]);
  assert.deepEqual(change?.fields, [
    { path: "title", old: "The web server", new: "Another", effect: "none", cause: "config" },
    { path: "autostart", old: true, effect: "none", cause: "config" },
  ]);
  await applied(machine, changed);
  assert.equal(machine.libvirtd.find("web")?.autostart, false);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), changed))), []);

  domain.autostart = true;
  const [drift] = (await planOf(await runOn(machine.boot(), changed))).changes;
  assert.deepEqual(
    drift?.fields.map(({ path, cause }) => [path, cause]),
    [["autostart", "drift"]],
  );
  await applied(machine, web(""));
  const without = machine.libvirtd.find("web");
  assert.ok(without !== undefined && !machine.libvirtd.document(without, true).includes("<title>"));
});

test("a value that the schema of a registered field refuses", async () => {
  using _title = registerGuestField(title);
  await assert.rejects(configOf(web('    title: ""\n')));
});

test("without the registration the key is unknown and the schema is as it was", async () => {
  const before = JSON.stringify(configSchema());
  using registered = registerGuestField(title);
  assert.notEqual(JSON.stringify(configSchema()), before);
  assert.throws(() => registerGuestField(title), /exists already/);
  registered[Symbol.dispose]();
  assert.equal(JSON.stringify(configSchema()), before);
  await assert.rejects(configOf(web("    title: Not registered\n")), /title/);
});
