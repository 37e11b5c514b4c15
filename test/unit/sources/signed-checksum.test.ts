import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "../../../src/model/context.ts";
import { CommandError } from "../../../src/model/errors.ts";
import type { PublisherDoor } from "../../../src/model/publisher-door.ts";
import type { WebAccess } from "../../../src/model/web-access.ts";
import { lookUpSignedChecksum } from "../../../src/sources/signed-checksum.ts";

const hex = "a".repeat(64);
const good = `[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1 Publisher\n[GNUPG:] VALIDSIG AB 2026-11-29 1 0 4 0 22 8 00 AB\n`;
const bad = "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG 1 Publisher\n";
const signed = { file: "https://images.test/x/SHA256SUMS", signature: "https://images.test/x/SHA256SUMS.gpg", key: "/keys" };

/** A publisher whose files have this text, and of which gpgv says this, one report after the other. */
function publisher(text: string, reports: readonly string[]) {
  const asked: { url: string; again: boolean; access: WebAccess | undefined }[] = [];
  let calls = 0;
  const door: PublisherDoor = {
    readFile: () => Buffer.from([0x98, 1, 2]),
    fetch: async (url, { again = false, access }) => {
      asked.push({ url, again, access });
      return { bytes: Buffer.from(text) };
    },
    gpgv: async ({ content }) => ({ report: reports[Math.min(calls++, reports.length - 1)] ?? "", content }),
  };
  const context = { publishers: door, secret: () => "token", signal: new AbortController().signal } as unknown as Context;
  return { context, asked };
}

test("files that do not fit together are asked for once more, in full", async () => {
  const { context, asked } = publisher(`${hex}  disk.img\n`, [bad, good]);
  const found = await lookUpSignedChecksum(context, "https://images.test/x/disk.img", signed, null);
  assert.deepEqual(found, { digest: { algorithm: "sha256", hex }, signer: "AB (Publisher)" });
  assert.deepEqual(
    asked.map(({ again }) => again),
    [false, false, true, true],
  );
  const forged = publisher("", [bad]);
  const refused = await lookUpSignedChecksum(forged.context, "https://images.test/x/disk.img", signed, null);
  assert.equal(refused.problem?.code, "checksum-file-forged");
  assert.equal(forged.asked.length, 4);
});

test("an image is looked for by its path below the file of checksums, without query and percent signs", async () => {
  const text = `${"b".repeat(64)}  my disk.img\n${hex}  amd64/my disk.img\n`;
  const { context } = publisher(text, [good]);
  const found = await lookUpSignedChecksum(context, "https://images.test/x/amd64/my%20disk.img?download=1", signed, null);
  assert.equal(found.digest?.hex, hex);
  const other = await lookUpSignedChecksum(context, "https://mirror.test/elsewhere/my%20disk.img", signed, null);
  assert.equal(other.digest?.hex, "b".repeat(64));
  const missing = await lookUpSignedChecksum(context, "https://images.test/x/other.img", signed, null);
  assert.equal(missing.problem?.code, "checksum-file-unlisted");
});

test("only the server of the image is shown what the image's server asks for", async () => {
  const access = { bearer: { env: "TOKEN" }, ca: { file: "/ca" } };
  const { context, asked } = publisher(`${hex}  disk.img\n`, [good]);
  await lookUpSignedChecksum(context, "https://images.test/x/disk.img", signed, access);
  await lookUpSignedChecksum(context, "https://mirror.test/disk.img", signed, access);
  assert.deepEqual(asked[0]?.access, { headers: { authorization: "Bearer token" }, authorities: "token" });
  assert.deepEqual(asked[2]?.access, { headers: {}, authorities: "token" });
});

test("files that gpgv cannot handle are named, with what to do, and an interrupted plan is not blamed on them", async () => {
  const stop = new AbortController();
  const fails = (reason: "signal" | "aborted"): Context => {
    const { context } = publisher("", [good]);
    const failure = new CommandError({
      commandLine: "gpgv",
      exitCode: undefined,
      stderr: "",
      reason,
      detail: "",
      summary: "gpgv was ended by SIGXFSZ",
    });
    const gpgv = async () => {
      if (reason === "aborted") stop.abort(new Error("stopped"));
      throw failure;
    };
    return { ...context, signal: stop.signal, publishers: { ...context.publishers, gpgv } } as Context;
  };
  const { problem } = await lookUpSignedChecksum(fails("signal"), "https://images.test/x/disk.img", signed, null);
  assert.equal(problem?.code, "checksum-file-unavailable");
  assert.match(problem?.summary ?? "", /^The signature of https:..images.test.x.SHA256SUMS cannot be checked/);
  assert.match(problem?.detail ?? "", /Get both from the publisher again.*SIGXFSZ/);
  await assert.rejects(lookUpSignedChecksum(fails("aborted"), "https://images.test/x/disk.img", signed, null), /stopped/);
});

test("a signed message in place of a signature, and a signature in place of a signed message, are refused", async () => {
  const inline = `[GNUPG:] PLAINTEXT 74 0\n${good}`;
  const code = async (report: string, what: Partial<typeof signed>) => {
    const { signature, ...rest } = { ...signed, ...what };
    const { context } = publisher(`${hex}  disk.img\n`, [report]);
    const found = await lookUpSignedChecksum(
      context,
      "https://images.test/x/disk.img",
      { ...rest, ...(what.signature === "" ? {} : { signature }) },
      null,
    );
    return found.problem?.code;
  };
  assert.equal(await code(inline, {}), "checksum-file-unsigned");
  assert.equal(await code(good, { signature: "" }), "checksum-file-unsigned");
  assert.equal(await code(inline, { signature: "" }), undefined);
});
