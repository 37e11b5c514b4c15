import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../fake-host/machine.ts";
import { doByHand } from "../plan/by-hand.ts";
import { shop } from "./shop.ts";
import { applied, apply, createWorld, planOf, runOn, summary } from "./world.ts";

const yaml = (memory: string, more = "") => shop({ instances: ["web"], memory }).replace("  web:\n", `  web:\n${more}`);
const edit = (machine: Machine) => doByHand(machine, "edit domain of web: <title>Payroll</title>");
const document = (machine: Machine) => {
  const web = machine.libvirtd.find("web");
  assert.ok(web);
  return machine.libvirtd.document(web, true);
};

test("a definition that is changed while a plan is carried out is not edited, and the next plan shows the change", async () => {
  const machine = createWorld();
  await applied(machine, yaml("256MiB"));
  let before = "";
  const { verdict, outcomes } = await apply(await runOn(machine.boot(), yaml("512MiB")), ({ type }) => {
    if (type !== "apply.start") return;
    edit(machine);
    before = document(machine);
  });
  assert.equal(verdict, "incomplete");
  assert.deepEqual(
    outcomes.flatMap(({ action, diagnostics }) => diagnostics.map(({ code }) => [action, code])),
    [["domain/web#define", "definition-changed"]],
  );
  assert.equal(document(machine), before);
  const next = await planOf(await runOn(machine.boot(), yaml("512MiB")));
  assert.deepEqual(
    next.diagnostics.map(({ code }) => code),
    ["foreign-settings"],
  );
  await applied(machine, yaml("512MiB"));
  assert.match(document(machine), /<title>Payroll<\/title>/);
});

test("what libvirt fills in when a guest is defined is recorded as its own, and is not foreign", async () => {
  const machine = createWorld();
  const { define } = machine.libvirtd;
  machine.libvirtd.define = (document) => {
    const domain = define(document);
    if (!document.includes("<title>")) edit(machine);
    return domain;
  };
  const forbidding = yaml("256MiB", "    foreign: forbid\n");
  await applied(machine, forbidding);
  assert.match(document(machine), /<title>Payroll<\/title>/);
  const made = await planOf(await runOn(machine.boot(), forbidding));
  assert.deepEqual([summary(made), made.diagnostics], [[], []]);
  // Another value was set by people.
  doByHand(machine, "remove title from the definition of web");
  doByHand(machine, "edit domain of web: <title>Wages</title>");
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), forbidding))), [
    "update domain/web: it was changed on the host after the last apply",
  ]);
});
