import assert from "node:assert/strict";
import { test } from "node:test";
import { baseConflict } from "../../../../src/kinds/image/sidecar.ts";
import type { ImageSidecar, ImageSpec } from "../../../../src/kinds/image/spec.ts";

const base = { format: "raw", diskFormat: "raw", digests: { sha256: "aa" } } as unknown as ImageSidecar;
const image = {
  name: "debian",
  format: "raw",
  diskFormat: "raw",
  unpack: "none",
  contentChecksum: null,
  checksum: null,
  signed: null,
} as unknown as ImageSpec;

test("content_checksum is compared with an image that is in the cache already", () => {
  const conflict = (hex: string, algorithm: "sha256" | "sha512" = "sha256") =>
    baseConflict({ ...image, unpack: "xz", contentChecksum: { algorithm, hex } }, { ...base, unpack: "xz", unpacked: { sha256: "bb" } });
  assert.equal(conflict("bb"), undefined);
  assert.match(conflict("cc") ?? "", /content with sha256:bb, and content_checksum says sha256:cc/);
  assert.equal(conflict("cc", "sha512"), undefined);
  assert.equal(baseConflict({ ...image, contentChecksum: { algorithm: "sha256", hex: "aa" } }, base), undefined);
  assert.match(baseConflict({ ...image, contentChecksum: { algorithm: "sha256", hex: "bb" } }, base) ?? "", /sha256:aa/);
  assert.equal(baseConflict(image, base), undefined);
});

test("a checksum is compared with an image that was fetched before it was written, as those of Glance keep their entry", () => {
  const checksum = { algorithm: "sha256", hex: "bb" } as const;
  const signed = { file: "https://images.test/SHA256SUMS", pinned: false, signer: "AB" };
  const verified = { ...base, signed: { file: signed.file, signer: "AB" } };
  assert.match(baseConflict({ ...image, checksum }, base) ?? "", /made from sha256:aa, and its checksum is sha256:bb/);
  assert.match(baseConflict({ ...image, checksum, signed }, base) ?? "", /its checksum is sha256:bb/);
  assert.equal(baseConflict({ ...image, checksum, signed }, verified), undefined, "the publisher replaced it since");
  assert.match(baseConflict({ ...image, checksum, signed: { ...signed, pinned: true } }, verified) ?? "", /its checksum is sha256:bb/);
  assert.equal(baseConflict({ ...image, checksum: { algorithm: "sha512", hex: "bb" } }, base), undefined);
});

test("Nova GLA-28: an id of Glance that was given to another image is a conflict, where the digest was recorded", () => {
  const found = (algorithm: string, hex: string) => ({ ...image, found: { digest: { algorithm, hex } } }) as unknown as ImageSpec;
  const recorded = { ...base, digests: { sha256: "aa", sha512: "bb" } };
  assert.equal(baseConflict(found("sha512", "bb"), recorded), undefined);
  assert.match(baseConflict(found("sha512", "cc"), recorded) ?? "", /made from sha512:bb, and Glance has sha512:cc under the same id/);
  assert.equal(baseConflict(found("sha512", "cc"), base), undefined);
  assert.equal(baseConflict({ ...image, found: null }, recorded), undefined);
});
