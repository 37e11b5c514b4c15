import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { uncachedDigest } from "../../../src/commands/uncached-digest.ts";
import type { Context } from "../../../src/model/context.ts";
import type { Download, Host } from "../../../src/model/host.ts";
import { requireSource } from "../../../src/sources/index.ts";
import { createWorld, layout } from "../../crash/world.ts";

const url = "https://images.test/debian.qcow2";
const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

function elsewhere() {
  const machine = createWorld();
  const host = machine.boot();
  const upload = async () => undefined;
  const context = { host: { ...host, upload }, layout, signal: new AbortController().signal } as unknown as Context;
  return { machine, host, digestOf: (source: string) => uncachedDigest(context, requireSource(source), { source }) };
}

test("what a source gives to a host elsewhere is digested there, and nothing of it stays", async () => {
  const { machine, digestOf } = elsewhere();
  const bytes = machine.urls.get(url) as Buffer;
  machine.put("/var/tmp/other", "foreign");
  const before = machine.snapshot();
  assert.deepEqual(await digestOf(url), { digest: sha256(bytes), bytes: bytes.length });
  machine.put("/srv/there.img", "only on the host");
  assert.equal((await digestOf("/srv/there.img")).digest, sha256(Buffer.from("only on the host")));
  machine.files.unlink("/srv/there.img");
  await assert.rejects(digestOf("https://images.test/none"));
  assert.deepEqual(machine.snapshot(), before);
});

test("a file of this machine is digested here and not sent to a host elsewhere", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-digest-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "image");
  writeFileSync(path, "here");
  const { host, digestOf } = elsewhere();
  assert.deepEqual(await digestOf(path), { digest: sha256(Buffer.from("here")), bytes: 4 });
  assert.equal(host.effects, 0);
});

test("what an image presents to its server is presented for its digest as well", async () => {
  const host = createWorld().boot();
  const requests: Download[] = [];
  const download: Host["download"] = async (request) => {
    requests.push(request);
    return { bytes: 1, digests: { sha256: "ab" } };
  };
  const signal = new AbortController().signal;
  const context = { host: { ...host, download }, layout, signal, secret: () => "T0K3N" } as unknown as Context;
  await uncachedDigest(context, requireSource(url), { source: url, access: { bearer: { env: "TOKEN" } } });
  assert.equal(requests[0]?.access?.headers?.["authorization"], "Bearer T0K3N");
  assert.ok((requests[0]?.maxBytes ?? Number.POSITIVE_INFINITY) < 2 ** 50, "without a bound");
});
