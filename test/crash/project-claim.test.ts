import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, openSession, plan } from "../../src/index.ts";
import type { Machine } from "../fake-host/machine.ts";
import { guests } from "./guests.ts";
import { configOf, createWorld, layout } from "./world.ts";

const everything = { autoApprove: true, allowDestroy: "all" } as const;

async function open(machine: Machine, origin: string, options: { readonly guest?: string; readonly takeOverProject?: boolean } = {}) {
  const { config, warnings } = await configOf(guests().replace("  web:", `  ${options.guest ?? "web"}:`));
  const surroundings = { runner: { root: true, dataHome: "/root/.local/share" }, lookUpSecret: () => undefined };
  const { takeOverProject = false } = options;
  return openSession({ config, diagnostics: warnings, origin }, { ...surroundings, takeOverProject, openHost: async () => machine.boot() });
}

const codes = (diagnostics: readonly { readonly severity: string; readonly code: string }[]) =>
  diagnostics.flatMap(({ severity, code }) => (severity === "error" ? [code] : []));

test("a project that was applied from one directory is refused to another, which would remove its guests", async () => {
  const machine = createWorld();
  await using first = await open(machine, "ci:/pa");
  assert.equal((await apply(first, everything)).verdict, "done");
  assert.deepEqual(codes((await plan(first)).diagnostics), []);

  await using second = await open(machine, "ci:/pb", { guest: "db" });
  const made = await plan(second);
  assert.deepEqual(codes(made.diagnostics), ["project-claimed"]);
  assert.match(
    made.diagnostics.find(({ code }) => code === "project-claimed")?.detail ?? "",
    /ci:\/pa[\s\S]*ci:\/pb[\s\S]*--take-over-project/,
  );
  for (const destroy of [false, true]) assert.equal((await apply(second, { ...everything, destroy })).verdict, "refused");
  assert.notEqual(machine.libvirtd.find("web"), undefined);
});

test("--take-over-project moves the project, and the first directory is refused then", async () => {
  const machine = createWorld();
  await using first = await open(machine, "ci:/pa");
  await apply(first, everything);
  await using moved = await open(machine, "ci:/pb", { takeOverProject: true });
  assert.equal((await apply(moved, everything)).verdict, "nothing-to-do");
  await using later = await open(machine, "ci:/pb");
  assert.deepEqual(codes((await plan(later)).diagnostics), []);
  assert.deepEqual(codes((await plan(first)).diagnostics), ["project-claimed"]);
});

test("a project that is destroyed is free for another directory; a damaged record counts as none", async () => {
  const machine = createWorld();
  await using first = await open(machine, "ci:/pa");
  await apply(first, everything);
  machine.put(layout.projectClaim("shop"), "{");
  assert.deepEqual(codes((await plan(first)).diagnostics), []);
  assert.equal((await apply(first, { ...everything, destroy: true })).verdict, "done");
  assert.equal(machine.files.find(layout.projectClaim("shop")), undefined);
  await using second = await open(machine, "ci:/pb");
  assert.equal((await apply(second, everything)).verdict, "done");
});
