import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheEntryName } from "../../../src/model/layout.ts";
import { formatPlan } from "../../../src/report/plan-text.ts";
import { registerSource, sourceOf } from "../../../src/sources/index.ts";
import type { Source } from "../../../src/sources/source.ts";
import { applied, configOf, createWorld, layout, planOf, runOn, summary } from "../../crash/world.ts";

const id = "11111111-2222-4333-8444-555555555555";

/** Images of zeros: `zeros://SECTORS`. */
const zeros: Source = {
  scheme: "zeros",
  check: (address) =>
    /^zeros:\/\/\d+$/.test(address)
      ? undefined
      : { code: "zeros-invalid", summary: `Not a number of sectors: ${address}`, detail: "Write zeros://8." },
  imageId: () => id,
  look: async (_context, address) => ({ way: "made up", bytes: bytesOf(address) }),
  fetch: async ({ host }, { source, to, digests }) => {
    await host.files.truncate(to, bytesOf(source));
    return { bytes: bytesOf(source), digests: await host.files.digest(to, digests) };
  },
};

const bytesOf = (address: string) => Number(address.slice("zeros://".length)) * 512;
const yaml = (source: string) => `images:\n  blank: { source: "${source}", disk_format: raw }\n`;

test("a registered source passes schema, plan and apply", async () => {
  using _source = registerSource(zeros);
  const machine = createWorld();
  const plan = await planOf(await runOn(machine.boot(), yaml("zeros://8")));
  assert.match(formatPlan(plan, { color: false }), /way +made up\n/);
  assert.equal(plan.actions[0]?.cost?.moves?.download, 4096);
  await applied(machine, yaml("zeros://8"));
  assert.equal((await machine.boot().files.stat(layout.baseImage(cacheEntryName(id))))?.size, 4096);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml("zeros://8")))), []);
  const wrong = await planOf(await runOn(machine.boot(), yaml("zeros://none")));
  assert.ok(wrong.diagnostics.some(({ code, address }) => code === "zeros-invalid" && address === "image/blank"));
});

test("without the registration its scheme is unknown", async () => {
  const registered = registerSource(zeros);
  assert.throws(() => registerSource(zeros), /exists already/);
  assert.equal(sourceOf("zeros://8"), zeros);
  registered[Symbol.dispose]();
  assert.ok("code" in sourceOf("zeros://8"));
  await assert.rejects(configOf(yaml("zeros://9")), /source/);
});
