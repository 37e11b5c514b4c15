import assert from "node:assert/strict";
import { test } from "node:test";
import { createAssembled } from "../../../src/host/assembled.ts";
import { persist } from "../../../src/host/persist.ts";
import { TransferError } from "../../../src/host/web/transfer-error.ts";
import { RefusedError } from "../../../src/model/errors.ts";
import type { Download } from "../../../src/model/host.ts";

const addresses = [new URL("http://source/x"), new URL("http://mirror/x")];
const expected = { algorithm: "sha256", hex: "aa" } as const;
const quick = { retries: 2, pauseMs: 1, maxPauseMs: 2 };

/** Tries a transfer whose attempts end so: a digest, or an error. Gives what was asked, what was removed, and how it ended. */
async function tried(ends: readonly (string | Error)[], { urls = addresses, more = {} as Partial<Download> } = {}) {
  const request = { url: urls[0]?.href ?? "", to: "/x.part", digests: ["sha256"], expected, ...more } as Download;
  const asked: string[] = [];
  let [cleared, sha256] = [0, ""];
  const transport = {
    cannot: "Cannot download",
    bytes: () => 0,
    attempt: async ({ host }: URL) => {
      const end = ends[asked.push(host) - 1] ?? assert.fail("one attempt more than expected");
      if (end instanceof Error) throw end;
      sha256 = end;
    },
    finish: async () => ({ bytes: 3, digests: { sha256 } }),
    clear: async () => {
      cleared += 1;
    },
  };
  const outcome = await persist(request, urls, createAssembled(request, urls, {}), transport, quick).catch((error: Error) => error);
  return { asked, cleared, outcome };
}

const busy = new TransferError("the server answers 503", { again: true });

test("addresses are asked in turn, and the one that gives the file is named", async () => {
  const { asked, cleared, outcome } = await tried([busy, busy, busy, "aa"]);
  assert.deepEqual(asked, ["source", "mirror", "source", "mirror"]);
  assert.deepEqual([cleared, outcome], [0, { bytes: 3, digests: { sha256: "aa" }, mirror: "http://mirror/x" }]);
});

test("bytes with another digest are removed before the next address is asked", async () => {
  const { asked, cleared, outcome } = await tried(["bb", "aa"]);
  assert.deepEqual(asked, ["source", "mirror"]);
  assert.deepEqual([cleared, outcome instanceof Error], [1, false]);
});

test("content that must not be used is removed, and an answer that must not be used leaves what is there", async () => {
  const large = await tried([new RefusedError("image-too-large", "too large", "Use less."), "aa"]);
  assert.equal(large.cleared, 1);
  const encoded = await tried([new RefusedError("image-encoded", "encoded", "Ask another."), "aa"]);
  assert.equal(encoded.cleared, 0);
});

test("a refusal of the only address, and an error of another kind, end it as they are", async () => {
  const refused = new RefusedError("image-encoded", "encoded", "Ask another.");
  assert.equal((await tried([refused], { urls: addresses.slice(0, 1) })).outcome, refused);
  const other = new Error("disk");
  assert.equal((await tried([other])).outcome, other);
});

test("attempts are counted, and a stop is an error of its own", async () => {
  const few = await tried([busy, busy], { more: { retries: 1 } });
  assert.match((few.outcome as Error).message, /Cannot download http:\/\/mirror\/x: the server answers 503/);
  const stop = new AbortController();
  stop.abort();
  const stopped = await tried([busy], { more: { signal: stop.signal } });
  assert.equal((stopped.outcome as { code?: string }).code, "interrupted");
});
