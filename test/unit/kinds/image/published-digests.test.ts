import assert from "node:assert/strict";
import { test } from "node:test";
import { publishedDigests } from "../../../../src/kinds/image/published-digests.ts";
import type { Context } from "../../../../src/model/context.ts";
import type { Files } from "../../../../src/model/host.ts";

const place = { path: "/srv/image.qcow2", size: 3, mtimeMs: 0, inode: 1 };

function contextOf(digest: Files["digest"]): Context {
  return { host: { files: { digest } }, signal: new AbortController().signal } as unknown as Context;
}

test("digests of a transfer are known", async () => {
  const context = contextOf(() => assert.fail("the file is read again"));
  using digests = publishedDigests(context, { bytes: 3, digests: { sha256: "aa" }, place });
  assert.equal(digests.isKnown, true);
  assert.deepEqual(await digests.get(), { sha256: "aa" });
});

test("a file in its place without digests is digested once", async () => {
  const asked: string[] = [];
  const context = contextOf(async (path) => {
    asked.push(path);
    return { sha256: "bb" };
  });
  using digests = publishedDigests(context, { bytes: 3, digests: {}, place });
  assert.equal(digests.isKnown, false);
  assert.deepEqual([await digests.get(), await digests.get()], [{ sha256: "bb" }, { sha256: "bb" }]);
  assert.deepEqual(asked, [place.path]);
});

test("a digest that is not needed any more stops, and its end is no unhandled error", async () => {
  const stopped = Promise.withResolvers<void>();
  const context = contextOf(
    (_path, _algorithms, _onProgress, signal) =>
      new Promise((_resolve, reject) =>
        signal?.addEventListener("abort", () => {
          stopped.resolve();
          reject(new Error("stopped"));
        }),
      ),
  );
  publishedDigests(context, { bytes: 3, digests: {}, place })[Symbol.dispose]();
  await stopped.promise;
});
