import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { hostSettings } from "../../../../../src/kinds/host/settings.ts";
import { desiredInstances } from "../../../../../src/kinds/instance/desired.ts";
import { configOf } from "../../../../crash/world.ts";
import { hostFacts } from "../../../../support/host-facts.ts";

// UPDATE_GOLDEN=1 rewrites the specs: look at the difference before committing it.
const cases = new URL("./", import.meta.url);

const facts = hostFacts({
  hostname: "kvm1",
  cpus: 8,
  drivers: {
    rbd: { fsid: "0c1d", monitors: ["10.0.0.1:6789"], pool: true, secret: true, cloneable: { "rbd://0c1d/images/debian/snap": 2 ** 29 } },
  },
});

for (const file of readdirSync(cases).filter((name) => name.endsWith(".yaml"))) {
  const golden = new URL(file.replace(/yaml$/, "json"), cases);

  test(`the specs of ${file}`, async () => {
    const { config } = await configOf(readFileSync(new URL(file, cases), "utf8"));
    const resources = desiredInstances({ config, settings: hostSettings(config, { root: true, dataHome: "/root" }), facts });
    const domains = new Map(resources.flatMap(({ spec }) => (spec.kind === "domain" ? [[spec.domain.instance, spec.domain]] : [])));
    const shown = resources.map(({ address, spec }) => {
      if (spec.kind === "domain") return { address, spec: { ...spec, disks: spec.disks.map(({ disk }) => disk.name) } };
      if (spec.kind !== "disk") return { address, spec };
      assert.equal(spec.domain, domains.get(spec.disk.owner.label), `${address} comes with another guest`);
      return { address, spec: { ...spec, domain: "of the guest" } };
    });
    const text = `${JSON.stringify(shown, null, 2)}\n`;
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, text);
    assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(golden, "utf8")));
  });
}
