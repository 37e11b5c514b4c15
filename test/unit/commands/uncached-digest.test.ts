import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { uncachedDigest } from "../../../src/commands/uncached-digest.ts";
import type { Context } from "../../../src/model/context.ts";
import type { Download } from "../../../src/model/host.ts";
import { requireSource } from "../../../src/sources/index.ts";
import { createWorld, layout } from "../../crash/world.ts";

const url = "https://images.test/debian.qcow2";
const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

function elsewhere() {
  const machine = createWorld();
  const host = machine.boot();
  const upload = async () => undefined;
  const context = { host: { ...host, upload }, layout, signal: new AbortController().signal } as unknown as Context;
  return { machine, host, digestOf: (source: string) => uncachedDigest(context, requireSource(source), source) };
}

test("what a source gives to a host elsewhere is digested there, and nothing of it stays", async () => {
  const { machine, digestOf } = elsewhere();
  const bytes = machine.urls.get(url) as Buffer;
  machine.put("/var/tmp/other", "somebody's");
  const before = machine.snapshot();
  assert.deepEqual(await digestOf(url), { digest: sha256(bytes), bytes: bytes.length });
  machine.put("/srv/there.img", "only on the host");
  assert.equal((await digestOf("/srv/there.img")).digest, sha256(Buffer.from("only on the host")));
  machine.files.unlink("/srv/there.img");
  await assert.rejects(digestOf("https://images.test/none"));
  assert.deepEqual(machine.snapshot(), before);
});

test("the credentials of an image are presented to its server", async () => {
  const { host } = elsewhere();
  const presented: Download["access"][] = [];
  const download: typeof host.download = (request) => {
    presented.push(request.access);
    return host.download(request);
  };
  const secret = () => "letter-42";
  const context = { host: { ...host, download }, layout, secret, signal: new AbortController().signal } as unknown as Context;
  await uncachedDigest(context, requireSource(url), url, { bearer: { env: "TOKEN" } });
  assert.deepEqual(
    presented.map((access) => access?.headers),
    [{ authorization: "Bearer letter-42" }],
  );
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
