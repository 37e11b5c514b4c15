import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { domainXml } from "../../../../src/kinds/guest/xml.ts";
import { plainSpec } from "../../../unit/kinds/guest/specs.ts";

const cases = new URL("../../../unit/kinds/guest/cases/", import.meta.url);

/** What libvirt's own checker says about the document. */
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
  test(`${name}: libvirt's schema accepts it`, () => {
    const { status, said } = validate(readFileSync(new URL(`${name}/domain.xml`, cases), "utf8"));
    assert.equal(status, 0, said);
  });
}
