import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSigned } from "../../../../src/kinds/image/signed-check.ts";
import type { ImageSidecar, ImageSpec } from "../../../../src/kinds/image/spec.ts";
import type { Observed } from "../../../../src/model/observed.ts";

test("an image whose signature was never checked is not used while its signed checksum is unavailable", () => {
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

test("a base image that was signed with another key than the one that is trusted now is a warning, unless that key signs it too", () => {
  const spec = {
    name: "debian",
    entry: "e",
    checksum: { algorithm: "sha256", hex: "bb" },
    cloneSize: null,
    signed: { file: "https://images.test/SHA256SUMS", pinned: false, signer: "NEW (Publisher)" },
  } as unknown as ImageSpec;
  const codes = (signer: string, hex = "bb") => {
    const facts = { signed: { debian: { digest: { algorithm: "sha256", hex }, signer: "NEW (Publisher)" } } };
    const signed = { file: "https://images.test/SHA256SUMS", signer };
    const observed = { facts, get: () => ({ sidecar: { digests: { sha256: "aa" }, signed } }) } as unknown as Observed;
    return checkSigned({ address: "image/debian", spec }, observed).map(({ severity, code }) => `${severity} ${code}`);
  };
  assert.deepEqual(codes("OLD (Publisher)"), ["warning image-signer-changed"]);
  assert.deepEqual(codes("NEW (Earlier name)"), ["note image-behind-publisher"]);
  assert.deepEqual(codes(""), ["note image-behind-publisher"]);
  assert.deepEqual(codes("OLD (Publisher)", "aa"), []);
});
