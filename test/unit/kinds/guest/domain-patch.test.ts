import assert from "node:assert/strict";
import { test } from "node:test";
import { patchValues } from "../../../../src/kinds/guest/domain-patch.ts";
import { foreignParts } from "../../../../src/kinds/guest/foreign.ts";
import { mergedXml } from "../../../../src/kinds/guest/merged-xml.ts";
import { domainFields } from "../../../../src/kinds/guest/state.ts";
import { wantedFields } from "../../../../src/kinds/guest/wanted-fields.ts";
import { domainXml } from "../../../../src/kinds/guest/xml.ts";
import { parseXml } from "../../../../src/tools/xml.ts";
import { storedDomain } from "../../../fake-host/stored-domain.ts";
import { printXml, readXml } from "../../../fake-host/xml.ts";
import { plainSpec } from "./specs.ts";

const stored = (xml: string) => printXml(storedDomain(readXml(xml)));
const patched = (merge: string, remove: readonly string[] = []) => plainSpec({ domainXml: patchValues({ merge, remove }) });

/** A definition has what a spec says, and nothing foreign. */
function assertApplied(xml: string, spec: ReturnType<typeof plainSpec>): void {
  const [fields, wanted] = [domainFields(xml), wantedFields(spec, "xml")];
  for (const path of Object.keys(fields).filter((one) => one.startsWith("domain_xml."))) assert.equal(fields[path], wanted[path], path);
  for (const path of Object.keys(spec.domainXml)) assert.equal(fields[path], spec.domainXml[path], path);
  assert.deepEqual(foreignParts(parseXml(xml)), []);
}

const channel = '<channel type="unix"><target type="virtio" name="org.backup.agent.0"/></channel>';

test("a patch is written with the first definition, and into one that exists", () => {
  const spec = patched(`<features><pae/></features><cputune><global_period>1000</global_period></cputune><devices>${channel}</devices>`);
  const fresh = stored(domainXml(spec));
  assertApplied(fresh, spec);
  const later = stored(mergedXml(stored(domainXml(plainSpec())), spec));
  assertApplied(later, spec);
  assert.match(later, /<pae\/>/);
  assert.equal(stored(mergedXml(later, spec)), later);
});

test("what leaves the patch leaves the definition, devices as a whole, and nothing else", () => {
  const first = patched(`<title>one</title><devices>${channel}<watchdog model="i6300esb" action="reset"/></devices>`);
  const held = stored(domainXml(first)).replace("</devices>", '<panic model="isa"/></devices>');
  const second = patched("<title>two</title>");
  const after = stored(mergedXml(held, second));
  assert.doesNotMatch(after, /backup|watchdog/);
  assert.equal(after.match(/<channel/g)?.length, 1);
  assert.match(after, /<title>two<\/title>/);
  assert.deepEqual(
    foreignParts(parseXml(after)).map(({ path }) => path),
    ["panic"],
  );
  assert.doesNotMatch(stored(mergedXml(after, plainSpec())), /<title>/);
});

test("an attribute beside those of a field, in the element of the field", () => {
  const spec = patched('<devices><disk><target dev="vda"/><driver queues="4"/></disk></devices>');
  const after = stored(mergedXml(stored(domainXml(plainSpec())), spec));
  assertApplied(after, spec);
  assert.equal(after.match(/<disk /g)?.length, 2);
  const without = stored(mergedXml(after, plainSpec()));
  assert.doesNotMatch(without, /queues/);
  assert.deepEqual(domainFields(without), domainFields(stored(domainXml(plainSpec()))));
});

test("what is removed stays removed, and what comes back is seen", () => {
  const spec = patched("", ["devices/panic", "features/pae"]);
  const held = stored(domainXml(plainSpec())).replace("</features>", "<pae/></features>");
  const after = stored(mergedXml(held, spec));
  assert.doesNotMatch(after, /<pae/);
  assertApplied(after, spec);
  assert.equal(domainFields(after.replace("</features>", "<pae/></features>"))["domain_xml.features/pae"], true);
});

test("XML that is malformed gives nothing", () => {
  assert.deepEqual(patchValues({ merge: "<title>" }), {});
});
