import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../../src/kinds/config.ts";
import { hostSettings } from "../../../../src/kinds/host/settings.ts";
import { factsWith, observedOf, planFor, runner } from "../../drivers/planning.ts";

test("access of an image that comes from no web server is a warning", () => {
  const codesFor = (source: string) => {
    const config: Config = { project: "shop", images: { debian: { source, disk_format: "raw", access: { bearer: { env: "TOKEN" } } } } };
    const { diagnostics } = planFor(config, hostSettings(config, runner), observedOf(factsWith()));
    return diagnostics.map(({ severity, code }) => `${severity} ${code}`).filter((code) => code !== "warning image-without-checksum");
  };
  assert.deepEqual(codesFor("/srv/debian.raw"), ["warning setting-without-effect"]);
  assert.deepEqual(codesFor("https://images.test/debian.raw"), []);
});
