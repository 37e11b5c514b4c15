import assert from "node:assert/strict";
import { test } from "node:test";
import { imageId } from "../../../../src/kinds/image/desired.ts";
import { uuidV5 } from "../../../../src/model/uuid.ts";

test("uuids are those of RFC 9562, version 5", () => {
  assert.equal(uuidV5("www.example.com", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
});

test("an image's id follows its content where that is declared, else its source, and is Glance's own from there", () => {
  const checksum = `sha256:${"a".repeat(64)}`;
  assert.equal(imageId({ source: "/a", checksum }), imageId({ source: "/b", checksum }));
  assert.notEqual(imageId({ source: "/a" }), imageId({ source: "/b" }));
  assert.match(imageId({ source: "/a" }), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(imageId({ source: "glance://host:9292/fd0cb2f1-8375-44c9-b1f4-3e1f4c4a8ef0" }), "fd0cb2f1-8375-44c9-b1f4-3e1f4c4a8ef0");
});
