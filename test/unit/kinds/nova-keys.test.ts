import assert from "node:assert/strict";
import { test } from "node:test";
import { extraSpecs } from "../../../src/kinds/config/hardware/extra-specs.ts";
import { imageProperties } from "../../../src/kinds/config/hardware/image-properties.ts";
import type { NovaKeys } from "../../../src/kinds/config/hardware/nova-key.ts";
import { hardwareKeys, powerKeys } from "../../../src/kinds/config/hardware/schema.ts";
import { assertGolden } from "../../support/golden.ts";

const head = `# Extra specs and image properties

OpenStack describes the hardware of a guest by extra specs of its flavor and by properties of its image. virtform knows those that Nova documents
for libvirt: each one has an effect or is rejected with the reason. An unknown one is an error, because no guest would have what it asks for.

- The hardware of a guest can also be written as keys of the instance or of the flavor, such as \`tpm: { version: "2.0" }\`; below, "key" names
  them. The same setting may be written at several places with one value. Different values are an error that names both places.
- Values are strings: \`hw_boot_menu: "true"\`.
- Metadata of your own needs a namespace of its own, such as \`acme:tier\` or \`com.example.build\`, and has no effect. Namespaces and prefixes of
  OpenStack (\`hw\`, \`os\`, \`img\`, \`quota\` and the like) are not free.
- "information": the property is accepted, and no guest depends on it.

This page is made from the tables in \`src/kinds/config/hardware\`.
`;

function list({ known, refused }: NovaKeys, noun: string): string {
  const rows = known.map(({ name, about, value, sets, information }) => {
    const key = information === true ? "; information" : sets === null ? "" : `; key \`${sets}\``;
    return `- \`${name}\` (${value.words}${key}): ${about}`;
  });
  const rejected = refused.map(({ name, why, instead }) => `- \`${name}\`: ${why} ${instead}`);
  return `## ${noun}\n\n${rows.join("\n")}\n\n### Rejected ${noun.toLowerCase()}\n\nA \`*\` stands for any rest.\n\n${rejected.join("\n")}\n`;
}

test("docs/nova-keys.md is current", () => {
  const text = [head, list(extraSpecs, "Extra specs of flavors"), list(imageProperties, "Properties of images")].join("\n");
  assertGolden(new URL("../../../docs/nova-keys.md", import.meta.url), text);
});

/** Settings that only extra specs or properties make. */
const withoutKey = new Set(["arch", "video.max_memory"]);

test("what a key of Nova sets is a key of an instance, and each key of an instance is read by a field", () => {
  const keys = Object.keys({ ...hardwareKeys, ...powerKeys });
  for (const { name, sets } of [...extraSpecs.known, ...imageProperties.known]) {
    if (sets === null || withoutKey.has(sets)) continue;
    assert.ok(keys.includes(sets.split(".")[0] ?? ""), `${name} sets ${sets}`);
  }
});

test("no name is in a table twice, and none is both known and rejected", () => {
  for (const { known, refused } of [extraSpecs, imageProperties]) {
    const names = [...known, ...refused].map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  }
});
