import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../src/model/event.ts";
import type { Machine } from "../fake-host/machine.ts";
import { shop } from "./shop.ts";
import { applied, apply, createWorld, planOf, root, runOn, summary } from "./world.ts";

const yaml = shop();

function web(machine: Machine) {
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  return domain;
}

async function destroyed(machine: Machine): Promise<Event[]> {
  const events: Event[] = [];
  const result = await apply(await runOn(machine.boot(), yaml, { destroy: true }), (event) => void events.push(event));
  assert.equal(result.verdict, "done", JSON.stringify(result.outcomes));
  return events;
}

test("a guest with a snapshot and a checkpoint is destroyed", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  web(machine).snapshots.push("s1");
  web(machine).checkpoints.push("c1");
  await destroyed(machine);
  assert.equal(machine.libvirtd.find("web"), undefined);
});

test("files that virtform did not create stay after destroy, are named, and do not block the next apply", async () => {
  const machine = createWorld();
  await applied(machine, yaml);
  const directory = `${root}/${web(machine).uuid}`;
  machine.put(`${directory}/disk.s1`, "a layer that no definition names");
  const events = await destroyed(machine);
  const warnings = events.flatMap((event) => (event.type === "diagnostic" ? [event.diagnostic] : []));
  assert.deepEqual(
    warnings.map(({ code, severity }) => [code, severity]),
    [["directory-kept", "warning"]],
  );
  assert.match(`${warnings[0]?.summary} ${warnings[0]?.detail}`, new RegExp(`${directory} .*disk\\.s1`));
  assert.ok(machine.files.find(`${directory}/disk.s1`));
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml, { destroy: true }))), []);
  await applied(machine, yaml);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml))), []);
  await destroyed(machine);
  machine.files.unlink(`${directory}/disk.s1`);
  await applied(machine, yaml);
  await destroyed(machine);
  assert.equal(machine.files.find(directory), undefined);
});
