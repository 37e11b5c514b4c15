import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { after, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
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
  const args: string[] = [];
  const run: typeof host.run = (command) => {
    args.push(command.program, ...command.args);
    return host.run(command);
  };
  const work = downloadWithCurl(run, host.files, request, { retries: 3, pauseMs: 1, maxPauseMs: 10 });
  const outcome = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return { to, seen, outcome, args };
}

test("the host fetches by itself, and continues what broke off in the same version of the file", async (context) => {
  const expected = (data: Buffer, etag: string) => ({
    value: { bytes: data.length, digests: { sha256: sha256(data) }, validators: { etag, length: data.length } },
  });
  const plain = await fetchThere(context, [whole(content)]);
  assert.deepEqual(plain.outcome, expected(content, '"v1"'));
  assert.match(plain.seen[0]?.headers["user-agent"] ?? "", /^virtform$/);
  const resumed = await fetchThere(context, [broken(content, half), rest(content, {}, 500_000), rest(content)]);
  assert.deepEqual(resumed.outcome, expected(content, '"v1"'));
  assert.deepEqual(
    resumed.seen.map(({ headers }) => headers["if-range"]),
    [undefined, '"v1"', '"v1"'],
  );
  assert.ok(readFileSync(resumed.to).equals(content));
  const next = randomBytes(1_000_000);
  const changed = await fetchThere(context, [broken(content, half), whole(next, { etag: '"v2"' }), whole(next, { etag: '"v2"' })]);
  assert.deepEqual(changed.outcome, expected(next, '"v2"'));
});

test("on the host too, every validator is compared, and what a kill left is continued with its record", async (context) => {
  const next = randomBytes(content.length);
  const [old, later] = ["Mon, 01 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT"].map((date) => ({
    etag: undefined as unknown as string,
    "last-modified": date,
  }));
  const spliced = await fetchThere(context, [broken(content, half, old), rest(next, later), whole(next, later)]);
  assert.ok("value" in spliced.outcome && spliced.outcome.value.digests.sha256 === sha256(next), "restarted");

  const directory = await testDirectory(context);
  const { origin, seen } = await startServer(context, broken(content, half), status(404), rest(content));
  const request = { url: `${origin}/x`, to: `${directory}/x.part`, digests: ["sha256" as const], record: `${directory}/x.part.json` };
  const get = () => downloadWithCurl(host.run, host.files, request, { retries: 0, pauseMs: 1, maxPauseMs: 10 });
  await assert.rejects(get());
  assert.equal(statSync(request.to).size, half);
  await assert.rejects(get());
  assert.equal((await get()).digests.sha256, sha256(content));
  assert.equal(seen[2]?.headers.range, `bytes=${half}-`);
});

test("headers of an image are for the server of its address alone, also with curl, and are not in its arguments", async (context) => {
  const target = await startServer(context, whole(content));
  const access = { headers: { authorization: "Bearer hunter2", "x-key": "hunter3" } };
  const away = status(302, { location: `${target.origin}/image` });
  const { seen, outcome, args } = await fetchThere(context, [status(302, { location: "/moved" }), away], { access });
  assert.ok("value" in outcome && outcome.value.digests.sha256 === sha256(content));
  assert.deepEqual(
    seen.map(({ headers }) => [headers.authorization, headers["x-key"]]),
    [
      ["Bearer hunter2", "hunter3"],
      ["Bearer hunter2", "hunter3"],
    ],
  );
  assert.deepEqual([target.seen[0]?.headers.authorization, target.seen[0]?.headers["x-key"]], [undefined, undefined]);
  assert.ok(args.includes("curl"));
  assert.doesNotMatch(args.join("\n"), /hunter/);
});

test("a fetch that fails or is refused names the reason, and leaves no file", async (context) => {
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
    [away, "redirect-unusable", {}],
    [whole(content, { "content-encoding": "gzip" }), "image-encoded", {}],
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
  assert.deepEqual([result.bytes, result.digests.sha256], [content.length, sha256(content)]);
  assert.ok(readFileSync(to).equals(content));
});

test("the last head counts", () => {
  assert.equal(parseHead([]), undefined);
  assert.deepEqual(parseHead(["HTTP/2 206", 'ETag: W/"x"', "Last-Modified: yesterday: noon", "Content-Length: 12", "etag: second"]), {
    status: 206,
    headers: { etag: 'W/"x"', "last-modified": "yesterday: noon", "content-length": "12" },
  });
});

test("a file is unpacked on the host, with holes and digests; what is damaged, a bomb or too large is refused, and nothing is left", async (context) => {
  const directory = await testDirectory(context);
  const to = `${directory}/out`;
  const data = Buffer.alloc(3 * 2 ** 20);
  content.copy(data, 2 ** 20, 0, 2 ** 20);
  writeFileSync(`${directory}/a.gz`, gzipSync(data));
  const packed = readFileSync(`${directory}/a.gz`);
  const request = {
    from: `${directory}/a.gz`,
    to,
    compression: "gz" as const,
    digests: ["sha256" as const],
    packedDigests: ["sha256" as const],
  };
  assert.deepEqual(await host.unpack(request), {
    bytes: packed.length,
    digests: { sha256: sha256(packed) },
    content: { bytes: data.length, digests: { sha256: sha256(data) } },
  });
  assert.ok(readFileSync(to).equals(data));
  assert.ok(statSync(to).blocks * 512 < 2 * 2 ** 20, "holes");
  const part = await host.unpack({ ...request, compression: null, parts: [{ offset: 10, length: 1000 }] });
  assert.deepEqual(part.content, { bytes: 1000, digests: { sha256: sha256(packed.subarray(10, 1010)) } });
  const parts = [
    { offset: 10, length: 1000 },
    { offset: null, length: 3 * 2 ** 20 },
    { offset: 0, length: 5 },
  ];
  const pieces = await host.unpack({ ...request, compression: null, parts });
  const joined = Buffer.concat([packed.subarray(10, 1010), Buffer.alloc(3 * 2 ** 20), packed.subarray(0, 5)]);
  assert.deepEqual(pieces.content, { bytes: joined.length, digests: { sha256: sha256(joined) } });
  assert.ok(readFileSync(to).equals(joined) && statSync(to).blocks * 512 < 2 ** 20);
  writeFileSync(`${directory}/cut.gz`, packed.subarray(0, packed.length - 100));
  writeFileSync(`${directory}/bomb.gz`, gzipSync(Buffer.alloc(400 * 2 ** 20, "A")));
  for (const [more, code] of [
    [{ from: `${directory}/cut.gz` }, "image-unpack"],
    [{ compression: "xz" as const }, "image-unpack"],
    [{ maxBytes: 1000 }, "image-too-large"],
    [{ from: `${directory}/bomb.gz` }, "image-bomb"],
  ] as const) {
    await assert.rejects(host.unpack({ ...request, ...more }), (error: unknown) => {
      assert.equal(codeOf(error), code, String(error));
      return true;
    });
    assert.equal(existsSync(to), false, `${code}: nothing is left`);
  }
});
