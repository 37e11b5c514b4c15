import assert from "node:assert/strict";
import { test } from "node:test";
import { compareVersions } from "../../../../src/kinds/image/compare-versions.ts";

const then = { etag: '"1"', lastModified: "Mon, 02 Nov 2026 10:00:00 GMT", length: 10 };

test("any difference between what a server said and says is a new version", () => {
  assert.deepEqual(compareVersions(then, then), { outcome: "current", reason: "same ETag and Last-Modified" });
  assert.deepEqual(compareVersions(then, { ...then, length: 11 }), { outcome: "outdated", reason: "its length was 10 and is 11" });
  assert.equal(compareVersions(then, { ...then, etag: 'W/"2"' }).outcome, "outdated");
  assert.equal(compareVersions({ lastModified: then.lastModified }, { lastModified: "Tue, 03 Nov 2026 10:00:00 GMT" }).outcome, "outdated");
});

test("versions are not comparable by their length alone or without a record", () => {
  assert.equal(compareVersions({ length: 10 }, { length: 10 }).outcome, "unknown");
  assert.equal(compareVersions(then, {}).outcome, "unknown");
  assert.equal(compareVersions(undefined, then).outcome, "unknown");
});
