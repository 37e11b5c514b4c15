import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { domainFields, domainState } from "../../../../src/kinds/guest/state.ts";
import { listedFields } from "../../../../src/kinds/guest/traits.ts";
import { wantedFields } from "../../../../src/kinds/guest/wanted-fields.ts";
import { domainXml } from "../../../../src/kinds/guest/xml.ts";
import type { DomainSpec } from "../../../../src/kinds/terms/spec.ts";
import { plainSpec } from "./specs.ts";

// UPDATE_GOLDEN=1 writes the documents anew: look at the difference before committing it.
const cases = new URL("cases/", import.meta.url);

/** What libvirt's own checker says of the document. */
function validate(xml: string): { status: number | null; said: string } {
  const directory = mkdtempSync(join(tmpdir(), "virtform-schema-"));
  const path = join(directory, "domain.xml");
  writeFileSync(path, xml);
  const { status, stdout, stderr } = spawnSync("virt-xml-validate", [path, "domain"], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  rmSync(directory, { recursive: true });
  return { status, said: `${stdout}${stderr}` };
}

test("the schema check notices what the schema does not know", () => {
  assert.equal(validate(domainXml(plainSpec()).replace("<devices>", "<devices><flux/>")).status, 3);
});

for (const name of readdirSync(cases).sort()) {
  const golden = new URL(`${name}/domain.xml`, cases);
  const spec = JSON.parse(readFileSync(new URL(`${name}/instance.json`, cases), "utf8")) as DomainSpec;
  const xml = domainXml(spec);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, xml);

  test(`${name}: the document`, () => {
    assert.equal(xml, readFileSync(golden, "utf8"));
  });

  test(`${name}: libvirt's schema accepts it`, () => {
    const { status, said } = validate(xml);
    assert.equal(status, 0, said);
  });

  test(`${name}: it reads back as what was wanted, and as whose it is`, () => {
    const state = domainState({
      uuid: spec.uuid,
      name: spec.instance,
      power: "stopped",
      reason: "unknown",
      persistent: true,
      autostart: false,
      xml,
      active: null,
    });
    assert.deepEqual(state.fields, wantedFields(spec));
    assert.deepEqual(domainFields(xml), wantedFields(spec, "xml"));
    assert.deepEqual(state.label, {
      project: spec.project,
      instance: spec.instance,
      preventDestroy: spec.preventDestroy,
      powerState: spec.powerState,
      applied: listedFields(state.fields),
    });
    assert.deepEqual(
      Object.keys(state.disks),
      spec.disks.map(({ target }) => target),
    );
  });
}
