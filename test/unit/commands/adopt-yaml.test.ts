import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { adoptYaml } from "../../../src/commands/adopt-yaml.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { AdoptedEntry } from "../../../src/kinds/instance/adopt/entry.ts";

test("names and paths of a guest that look like expressions are written as text", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-adopt-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const secret = join(directory, "secret");
  writeFileSync(secret, "sesame");
  const networks = [`\${file("${secret}")}`, "$${x}", "$${x", "a$b{c}"].map((network) => ({ network }));
  const entry = { name: "web", domain: "web", instance: { networks }, flavor: null, left: [], remarks: [] } as unknown as AdoptedEntry;
  const path = join(directory, "virtform.yaml");
  writeFileSync(path, adoptYaml([entry]));
  const { config, diagnostics } = await loadConfig([path], { schema: { type: "object" } as never, env: {} });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual((config as { instances: { web: { networks: unknown } } }).instances.web.networks, networks);
});
