import assert from "node:assert/strict";
import { test } from "node:test";
import { definitionDigest } from "../../../../src/kinds/guest/definition-digest.ts";

const graphics = (attributes: string) => `<domain><devices><graphics type='vnc' port='-1'${attributes}/></devices></domain>`;

test("the password of a display does not count, and anything else does", () => {
  const plain = definitionDigest(graphics(""));
  for (const secret of [" passwd='*****'", " passwd='x' passwdValidTo='2030-01-01T00:00:00'", " passwd='y' connected='keep'"])
    assert.equal(definitionDigest(graphics(secret)), plain, secret);
  assert.notEqual(definitionDigest(graphics(" listen='127.0.0.1'")), plain);
});
