import assert from "node:assert/strict";
import { test } from "node:test";
import { baseConflict } from "../../../../src/kinds/image/sidecar.ts";
import type { ImageSidecar, ImageSpec } from "../../../../src/kinds/image/spec.ts";

const base = { format: "raw", diskFormat: "raw", digests: { sha256: "aa" } } as unknown as ImageSidecar;
const image = { name: "debian", format: "raw", diskFormat: "raw", unpack: "none", contentChecksum: null } as unknown as ImageSpec;

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
