import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../src/config/load.ts";
import { decide, look } from "../../src/decide.ts";
import { explain } from "../../src/engine/explain.ts";
import { pointerOf } from "../../src/kinds/config/pointer-of.ts";
import { configRules } from "../../src/kinds/rules.ts";
import type { Address } from "../../src/model/address.ts";
import { explanationLines } from "../../src/report/explain-text.ts";
import { paint } from "../../src/report/style.ts";
import { applied, createWorld, runOn } from "../crash/world.ts";
import { assertGolden } from "../support/golden.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The explanations of a plan for `after`, on a host on which `before` was applied. */
async function explained(before: string, after: string, addresses: readonly Address[], env: Readonly<Record<string, string>> = {}) {
  const machine = createWorld();
  await applied(machine, before, { env });
  const run = await runOn(machine.boot(), after, { env });
  const observed = await look(run);
  await run.context.host.close();
  const directory = mkdtempSync(join(tmpdir(), "virtform-explain-"));
  try {
    writeFileSync(join(directory, "virtform.yaml"), after);
    const { place } = await loadConfig(["virtform.yaml"], { ...configRules(), cwd: directory, env });
    const places = { place, pointerOf: (address: Address) => pointerOf(address, run.config) };
    const request = { kinds: run.kinds, config: run.config, observed, plan: decide(run, observed), places };
    return addresses.map((address) => explain(address, request));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const shop = readFileSync(`${here}bases/shop.yaml`, "utf8");

test("each field says where its value is written, what was found and where, and why it has its effect", async () => {
  const after = shop
    .replace("ram: 512MiB", "ram: 1GiB")
    .replace("    user_data: |", "    metadata: { role: web }\n    power_state: stopped\n    user_data: |")
    .replace("networks: [{ network: default }]", "networks: []");
  const explanations = await explained(shop, after, ["domain/web", "seed/web", "disk/web.root", "image/debian"]);
  assertGolden(`${here}explained.golden.txt`, paint(explanations.flatMap(explanationLines), false));
});

test("an expression is shown as it is written, and references lead to the entry that has the value", async () => {
  const fleet = readFileSync(`${here}bases/fleet.yaml`, "utf8");
  const env = { FLEET_PASSWORD: "x" };
  const [domain] = await explained(fleet, fleet, ["domain/web-a"], env);
  const written = (path: string) => domain?.fields.find(({ field }) => field.path === path)?.written ?? [];
  assert.equal(domain?.change, undefined);
  assert.deepEqual(
    written("memory").map(({ pointer }) => pointer),
    [["flavors", "small", "ram"]],
  );
  assert.match(written("memory")[0]?.place?.text ?? "", /\$\{var\.ram\}/);
  assert.deepEqual(
    written("image").map(({ pointer }) => pointer),
    [["instances", "web-a", "image"]],
  );
  const name = domain?.fields.find(({ field }) => field.path === "name");
  assert.deepEqual([name?.written, name?.fromName], [[], true]);
});
