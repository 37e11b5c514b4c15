import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { after, type TestContext, test } from "node:test";
import { downloadWithCurl, parseHead } from "../../../src/host/ssh/download.ts";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { downloadHereAndPush } from "../../../src/host/ssh/transfer.ts";
import { RefusedError, UserError } from "../../../src/model/errors.ts";
import type { Download } from "../../../src/model/host.ts";
import { testDirectory } from "../../unit/host/directory.ts";
import { broken, rest, startServer, status, whole } from "../../unit/host/web-server.ts";
import { startSshd } from "./sshd.ts";

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const host = createSshHost(sshd.target);
after(() => host.close());
const content = randomBytes(3 * 2 ** 20 + 77);
const half = 1_500_000;
const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");
const codeOf = (error: unknown) =>
  error instanceof RefusedError ? error.code : error instanceof UserError ? error.diagnostics[0]?.code : error;

test("a file of this machine is pushed whole, with holes for zeros, digested on the way", async (context) => {
  const directory = await testDirectory(context);
  const sparse = Buffer.alloc(20 * 2 ** 20);
  content.copy(sparse, 7 * 2 ** 20);
  writeFileSync(`${directory}/a`, sparse);
  symlinkSync("a", `${directory}/link`);
  writeFileSync(`${directory}/part`, "of an earlier attempt");
  const steps: number[] = [];
  const pushed = await host.upload({
    from: `${directory}/link`,
    to: `${directory}/part`,
    digests: ["sha256"],
    onProgress: (done) => steps.push(done),
  });
  assert.deepEqual(pushed, { bytes: sparse.length, digests: { sha256: sha256(sparse) } });
  assert.ok(readFileSync(`${directory}/part`).equals(sparse));
  const { blocks, mode } = statSync(`${directory}/part`);
  assert.ok(blocks * 512 < 4 * 2 ** 20, "holes");
  assert.equal(mode & 0o777, 0o600);
  assert.equal(steps.at(-1), sparse.length);
  assert.equal(await host.upload({ from: `${directory}/none`, to: `${directory}/part`, digests: [] }), undefined);
  writeFileSync(`${directory}/empty`, "");
  assert.equal((await host.upload({ from: `${directory}/empty`, to: `${directory}/part`, digests: [] }))?.bytes, 0);
});

test("a push that is stopped or has no room leaves nothing", async (context) => {
  const directory = await testDirectory(context);
  writeFileSync(`${directory}/a`, content);
  const controller = new AbortController();
  const stopped = host.upload({
    from: `${directory}/a`,
    to: `${directory}/b`,
    digests: [],
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await assert.rejects(stopped, (error: unknown) => codeOf(error) === "interrupted");
  assert.equal(existsSync(`${directory}/b`), false);
  await assert.rejects(
    host.upload({ from: `${directory}/a`, to: `${directory}/b`, digests: [], maxBytes: 1000 }),
    (error: unknown) => codeOf(error) === "image-too-large",
  );
  await assert.rejects(
    host.upload({ from: `${directory}/a`, to: `${directory}/none/b`, digests: [] }),
    (error: unknown) => codeOf(error) === "no-such-file",
  );
});

async function fetchThere(context: TestContext, answers: RequestListener[], more: Partial<Download> = {}) {
  const to = `${await testDirectory(context)}/image.part`;
  const { origin, seen } = await startServer(context, ...answers);
  const request = { url: `${origin}/image.raw`, to, digests: ["sha256"] as const, ...more };
  const work = downloadWithCurl(host.run, host.files, request, { retries: 3, pauseMs: 1 });
  const outcome = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return { to, seen, outcome };
}

test("the host fetches by itself, and continues what broke off in the same version of the file", async (context) => {
  const expected = { value: { bytes: content.length, digests: { sha256: sha256(content) } } };
  const plain = await fetchThere(context, [whole(content)]);
  assert.deepEqual(plain.outcome, expected);
  assert.match(plain.seen[0]?.headers["user-agent"] ?? "", /^virtform$/);
  const resumed = await fetchThere(context, [broken(content, half), rest(content, {}, 500_000), rest(content)]);
  assert.deepEqual(resumed.outcome, expected);
  assert.deepEqual(
    resumed.seen.map(({ headers }) => headers["if-range"]),
    [undefined, '"v1"', '"v1"'],
  );
  assert.ok(readFileSync(resumed.to).equals(content));
  const next = randomBytes(1_000_000);
  const changed = await fetchThere(context, [broken(content, half), whole(next, { etag: '"v2"' }), whole(next, { etag: '"v2"' })]);
  assert.deepEqual(changed.outcome, { value: { bytes: next.length, digests: { sha256: sha256(next) } } });
});

test("what cannot be fetched or must not be is told, and nothing is left", async (context) => {
  const endless: RequestListener = (_request, response) => {
    const more = () => response.write(content.subarray(0, 65536), (error) => (error ? undefined : more()));
    more();
  };
  const away: RequestListener = (_request, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end();
  for (const [answer, code, more] of [
    [status(404), "download-failed", {}],
    [status(503), "download-failed", {}],
    [whole(content), "image-too-large", { maxBytes: 2 ** 20 }],
    [endless, "image-too-large", { maxBytes: 2 ** 20 }],
    [away, "redirect-insecure", {}],
  ] as const) {
    const { to, outcome } = await fetchThere(context, [answer], more);
    assert.equal(codeOf("error" in outcome ? outcome.error : undefined), code);
    assert.equal(existsSync(to), false, `${code}: nothing is left`);
  }
});

test("for a host that cannot fetch, it is fetched here and pushed", async (context) => {
  const to = `${await testDirectory(context)}/image.part`;
  const { origin } = await startServer(context, whole(content));
  const result = await downloadHereAndPush(host.upload, { url: `${origin}/x`, to, digests: ["sha256"] });
  assert.deepEqual(result, { bytes: content.length, digests: { sha256: sha256(content) } });
  assert.ok(readFileSync(to).equals(content));
});

test("the last head counts, and weak tags do not", () => {
  assert.equal(parseHead([]), undefined);
  assert.deepEqual(parseHead(["HTTP/2 206", 'ETag: W/"x"', "Last-Modified: yesterday", "Content-Length: 12"]), {
    status: 206,
    length: 12,
    validator: "yesterday",
  });
});
