import assert from "node:assert/strict";
import { test } from "node:test";
import { foreignParts } from "../../../../src/kinds/guest/foreign.ts";
import { mergedXml } from "../../../../src/kinds/guest/merged-xml.ts";
import { domainXml } from "../../../../src/kinds/guest/xml.ts";
import { alikeXmlParser, parseXml } from "../../../../src/tools/xml.ts";
import { plainSpec } from "./specs.ts";

test("what domain_xml gives one guest is foreign in another that has it by hand", () => {
  const withPatch = mergedXml(domainXml(plainSpec()), { ...plainSpec(), domainXml: { "domain_xml.devices/memballoon@deflate": "on" } });
  assert.match(withPatch, /deflate=['"]on['"]/);
  const byHand = withPatch.replace(/,?"domain_xml\.[^,}]*/, "");
  assert.notEqual(byHand, withPatch);
  for (const parse of [parseXml, alikeXmlParser()]) {
    assert.deepEqual(foreignParts(parse(withPatch)), []);
    assert.deepEqual(
      foreignParts(parse(byHand)).map(({ path }) => path),
      ["memballoon.deflate"],
    );
  }
});
