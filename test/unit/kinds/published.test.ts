import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../src/kinds/config.ts";
import { hostSettings } from "../../../src/kinds/host/settings.ts";
import type { PublishedState } from "../../../src/kinds/published/spec.ts";
import { factsWith, observedOf, planFor, runner } from "../drivers/planning.ts";

const config: Config = {
  project: "shop",
  images: { golden: { source: "/srv/golden.raw", disk_format: "raw", publish: { glance: { tags: ["a"] } } } },
};

function planned(status: string) {
  const state: PublishedState = {
    id: "8d66f1b2-0000-4000-8000-000000000001",
    status,
    size: 1,
    digest: "sha512:ab",
    uploaded: status === "queued" ? null : "sha512:ab",
    fields: {
      name: "golden",
      visibility: "private",
      protected: false,
      min_disk: 0,
      min_ram: 0,
      tags: status === "active" ? ["by hand"] : ["a"],
      members: [],
      properties: {},
    },
    owned: [],
  };
  const plan = planFor(config, hostSettings(config, runner), observedOf(factsWith(), new Map([["published/golden", state]])));
  const change = plan.changes.find(({ address }) => address === "published/golden");
  return [change?.reason, ...plan.diagnostics.flatMap(({ severity, code }) => (severity === "error" ? [code] : []))];
}

test("an image that was deactivated in Glance is an error of the plan, and not an upload that did not end", () => {
  assert.deepEqual(planned("active"), ["it differs in Glance"]);
  assert.deepEqual(planned("queued"), ["its upload did not end"]);
  assert.deepEqual(planned("deactivated"), [undefined, "glance-image-not-active"]);
});
