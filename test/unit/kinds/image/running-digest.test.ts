import assert from "node:assert/strict";
import { test } from "node:test";
import { startDigest, startedDigest, stopDigests } from "../../../../src/kinds/image/running-digest.ts";
import type { ImageSidecar } from "../../../../src/kinds/image/spec.ts";
import type { Context } from "../../../../src/model/context.ts";
import type { Files } from "../../../../src/model/host.ts";

test("a digest that no action took is stopped at the end of an apply", async () => {
  let stopped = false;
  const digest: Files["digest"] = (_path, _algorithms, _onProgress, signal) =>
    new Promise((_, reject) =>
      signal?.addEventListener("abort", () => {
        stopped = true;
        reject(new Error("stopped"));
      }),
    );
  const context = { host: { files: { digest } }, signal: new AbortController().signal } as unknown as Context;
  const sidecar = { fetchedAt: "2026-11-30T05:00:00Z", diskFormat: "qcow2", format: "raw", digests: {} } as unknown as ImageSidecar;
  await startDigest(context, "entry", "/base/entry", sidecar);
  await stopDigests(context);
  assert.equal(stopped, true);
  assert.equal(await startedDigest(context, "entry", sidecar, () => undefined), undefined);
});
