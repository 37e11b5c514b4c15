import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { configurationPage } from "../../../bin/lib/configuration-page.ts";
import { schema } from "../../../src/kinds/schema.ts";

const page = configurationPage();

test("docs/configuration.md is current (npm run schema writes it)", () => {
  assert.equal(readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8"), page);
});

test("the page has a section for each section of a configuration, and each key has an example", () => {
  for (const section of Object.keys(schema.properties)) assert.ok(page.includes(`\n## \`${section}\`\n`), section);
  const keys = page.split("\n").filter((line) => /^ *- \*\*`/.test(line));
  assert.ok(keys.length > 200);
  assert.deepEqual(
    keys.filter((line) => !/ Example: `+ ?\S.*`$/.test(line)),
    [],
  );
});

test("the page says about a key what it takes", () => {
  const line = (key: string) => page.split("\n").find((one) => one.trimStart().startsWith(`- **\`${key}\`**`)) ?? "";
  assert.match(
    line("power_state"),
    /^- \*\*`power_state`\*\* \(`running`, `stopped`, `ignore`; default `running`\): .* Example: `power_state: stopped`$/,
  );
  assert.match(line("volume_group"), /required\)/);
  assert.match(line("key_pair"), /a name from `key_pairs`/);
  assert.ok(page.includes("\n  - `ignore`: The power state is not managed.\n"));
  assert.match(line("virt_type"), /`lxc`/);
});
