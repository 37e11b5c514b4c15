import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { domainFields, domainState } from "../../../../src/kinds/guest/state.ts";
import { listedFields } from "../../../../src/kinds/guest/traits.ts";
import { wantedFields } from "../../../../src/kinds/guest/wanted-fields.ts";
import { domainXml } from "../../../../src/kinds/guest/xml.ts";
import type { DomainSpec } from "../../../../src/kinds/terms/spec.ts";
import { storedRecord } from "./stored-record.ts";

// UPDATE_GOLDEN=1 rewrites the documents: look at the difference before committing it.
const cases = new URL("cases/", import.meta.url);

for (const name of readdirSync(cases).sort()) {
  const golden = new URL(`${name}/domain.xml`, cases);
  const spec = JSON.parse(readFileSync(new URL(`${name}/instance.json`, cases), "utf8")) as DomainSpec;
  const xml = domainXml(spec);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, xml);

  test(`${name}: the document`, () => {
    assert.equal(xml, readFileSync(golden, "utf8"));
  });

  test(`${name}: it reads back as what was wanted, and as whose it is`, () => {
    const state = domainState(storedRecord({ uuid: spec.uuid, name: spec.instance, xml }));
    assert.deepEqual(state.fields, wantedFields(spec));
    assert.deepEqual(domainFields(xml), wantedFields(spec, "xml"));
    const { applied, ...label } = state.label ?? { applied: null };
    assert.deepEqual(label, {
      project: spec.project,
      instance: spec.instance,
      preventDestroy: spec.preventDestroy,
      adopted: null,
      powerState: spec.powerState,
    });
    assert.deepEqual(JSON.parse(applied ?? "null"), listedFields(state.fields));
    assert.deepEqual(
      Object.keys(state.disks),
      spec.disks.map(({ target }) => target),
    );
  });
}
