import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSigned } from "../../../../src/kinds/image/signed-check.ts";
import type { ImageSidecar, ImageSpec } from "../../../../src/kinds/image/spec.ts";
import type { Observed } from "../../../../src/model/observed.ts";

test("an image that no signature was ever compared with is not used while its signed checksum is unavailable", () => {
  const spec = {
    name: "debian",
    entry: "e",
    checksum: null,
    cloneSize: null,
    signed: { file: "https://images.test/SHA256SUMS", pinned: false, signer: null },
  } as unknown as ImageSpec;
  const severity = (record: Partial<ImageSidecar>) => {
    const facts = { signed: { debian: { problem: { code: "checksum-file-unavailable", summary: "No answer", detail: "Try again." } } } };
    const observed = { facts, get: () => ({ sidecar: { digests: { sha256: "aa" }, ...record } }) } as unknown as Observed;
    return checkSigned({ address: "image/debian", spec }, observed)[0]?.severity;
  };
  assert.equal(severity({ signed: { file: "https://images.test/SHA256SUMS", signer: "AB" } }), "warning");
  assert.equal(severity({}), "error");
});
