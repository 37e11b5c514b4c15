import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { pauseBefore } from "../../../src/host/persist.ts";
import { type DownloadPatience, download } from "../../../src/host/web/download.ts";
import { RefusedError, UserError } from "../../../src/model/errors.ts";
import type { Download } from "../../../src/model/host.ts";
import { testDirectory } from "./directory.ts";
import { broken, rest, startServer, status, whole } from "./web-server.ts";

const hurried: DownloadPatience = { connectMs: 5000, idleMs: 5000, retries: 3, pauseMs: 1, maxPauseMs: 50 };
const content = randomBytes(3 * 2 ** 20 + 77);
const half = 1_500_000;
const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");

async function run(
  context: TestContext,
  answers: RequestListener[],
  more: Partial<Download> & { path?: string; patience?: Partial<DownloadPatience> } = {},
) {
  const { path = "/image.raw", patience = {}, ...request } = more;
  const directory = await testDirectory(context);
  const { origin, seen } = await startServer(context, ...answers);
  const to = `${directory}/image.part`;
  const done = download({ url: `${origin}${path}`, to, digests: ["sha256"], ...request }, { ...hurried, ...patience });
  return {
    to,
    seen,
    origin,
    outcome: done.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
  };
}

async function expectContent(context: TestContext, answers: RequestListener[], expected = content, more: Parameters<typeof run>[2] = {}) {
  const { to, seen, outcome } = await run(context, answers, more);
  const result = await outcome;
  if (!("value" in result)) throw result.error;
  assert.deepEqual([result.value.bytes, result.value.digests], [expected.length, { sha256: sha256(expected) }]);
  assert.ok(readFileSync(to).equals(expected));
  return seen;
}

async function expectFailure(
  context: TestContext,
  answers: RequestListener[],
  code: string,
  pattern: RegExp,
  more: Parameters<typeof run>[2] = {},
) {
  const { to, seen, outcome } = await run(context, answers, more);
  const result = await outcome;
  assert.ok("error" in result, "it fails");
  const { error } = result;
  if (error instanceof RefusedError) assert.equal(error.code, code);
  else if (error instanceof UserError) assert.equal(error.diagnostics[0]?.code, code);
  else throw error;
  const text = error instanceof UserError ? `${error.summary} ${error.detail}` : error.message;
  assert.match(text, pattern);
  assert.equal(existsSync(to), false, "nothing is left");
  return seen;
}

test("a file arrives whole and not unpacked, with digest and progress", async (context) => {
  const steps: [number, number | undefined][] = [];
  const [request] = await expectContent(context, [whole(content)], content, { onProgress: (done, total) => steps.push([done, total]) });
  assert.equal(request?.headers["accept-encoding"], "identity");
  assert.equal(request?.headers.range, undefined);
  assert.deepEqual(steps[0], [0, content.length]);
  assert.deepEqual(steps.at(-1), [content.length, content.length]);
});

test("bytes that a server packs unasked are refused; a .gz file that it calls an encoding is the file itself", async (context) => {
  const packed = gzipSync("an image");
  for (const encoding of ["gzip", "br", "deflate, gzip"]) {
    await expectFailure(
      context,
      [whole(packed, { "content-encoding": encoding })],
      "image-encoded",
      /Content-Encoding: .*not those that were/,
    );
  }
  await expectContent(context, [whole(packed, { "content-encoding": "identity" })], packed);
  await expectContent(context, [whole(packed, { "content-encoding": "x-gzip" })], packed, { path: "/image.raw.gz" });
});

test("without a length the end of the answer is the end", async (context) => {
  const answer: RequestListener = (_request, response) => {
    response.write(content.subarray(0, half));
    response.end(content.subarray(half));
  };
  await expectContent(context, [answer]);
});

test("runs of zeros become holes", async (context) => {
  const sparse = Buffer.alloc(8 * 2 ** 20);
  sparse.write("start");
  const { to, outcome } = await run(context, [whole(sparse)]);
  assert.ok("value" in (await outcome));
  const { size, blocks, mode } = statSync(to);
  assert.deepEqual([size, blocks * 512, mode & 0o777], [sparse.length, 4096, 0o600]);
});

test("a broken download is resumed at its offset, and the digest continues", async (context) => {
  const seen = await expectContent(context, [broken(content, half), rest(content, {}, 500_000), rest(content)]);
  assert.deepEqual(
    seen.map(({ headers }) => [headers.range, headers["if-range"]]),
    [
      [undefined, undefined],
      [`bytes=${half}-`, '"v1"'],
      [`bytes=${half + 500_000}-`, '"v1"'],
    ],
  );
});

test("a date serves to continue where there is no strong tag", async (context) => {
  const dated = { etag: 'W/"weak"', "last-modified": "Sat, 21 Nov 2026 10:00:00 GMT" };
  const seen = await expectContent(context, [broken(content, half, dated), rest(content, dated)]);
  assert.equal(seen[1]?.headers["if-range"], dated["last-modified"]);
});

test("with nothing to tell versions apart it begins again", async (context) => {
  const plain: RequestListener = (_request, response) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, half), () => setImmediate(() => response.destroy()));
  };
  const seen = await expectContent(context, [plain, whole(content)]);
  assert.equal(seen[1]?.headers.range, undefined);
});

test("a file that changed in between is read again, with new digests", async (context) => {
  const next = randomBytes(1_000_000);
  const seen = await expectContent(context, [broken(content, half), whole(next, { etag: '"v2"' })], next);
  assert.equal(seen.length, 2);
});

test("a partial answer from another version is not appended", async (context) => {
  const next = randomBytes(2_000_000);
  await expectContent(context, [broken(content, half), rest(next, { etag: '"v2"' }), whole(next, { etag: '"v2"' })], next);
});

test("a partial answer from another place is not appended", async (context) => {
  const misplaced: RequestListener = (_request, response) => {
    const length = content.length - half;
    response.writeHead(206, { "content-length": length, "content-range": `bytes 0-${length - 1}/${content.length}`, etag: '"v1"' });
    response.end(content.subarray(0, length));
  };
  await expectContent(context, [broken(content, half), misplaced, whole(content)]);
  await expectContent(context, [broken(content, half), status(416), whole(content)]);
});

test("a server that sends less than the rest is asked for what is missing", async (context) => {
  const short: RequestListener = (_request, response) => {
    const range = `bytes ${half}-${half + 999}/${content.length}`;
    response.writeHead(206, { "content-length": 1000, "content-range": range, etag: '"v1"' });
    response.end(content.subarray(half, half + 1000));
  };
  const seen = await expectContent(context, [broken(content, half), short, rest(content)]);
  assert.equal(seen[2]?.headers.range, `bytes=${half + 1000}-`);
});

test("a server that ignores what was asked for is read from the beginning", async (context) => {
  const seen = await expectContent(context, [broken(content, half), whole(content)]);
  assert.equal(seen[1]?.headers.range, `bytes=${half}-`);
});

test("a server that never gets further is given up after four times, one that gets further is not", async (context) => {
  const stuck = await expectFailure(context, [broken(content, half)], "download-failed", /Tried 4 times in a row without getting further/);
  // Once with something new, then three more without.
  assert.equal(stuck.length, 4);
  const steps = Array.from({ length: 10 }, () => rest(content, {}, 200_000));
  const seen = await expectContent(context, [broken(content, half), ...steps]);
  assert.ok(seen.length > 8);
});

test("the retries of a request limit its attempts, whatever the number of its addresses", async (context) => {
  for (const [retries, alternatives, attempts] of [
    [0, [], 1],
    [0, ["/other"], 1],
    [2, [], 3],
  ] as const) {
    const directory = await testDirectory(context);
    const { origin, seen } = await startServer(context, broken(content, half));
    const more = { retries, alternatives: alternatives.map((path) => `${origin}${path}`) };
    await assert.rejects(download({ url: origin, to: `${directory}/x`, digests: [], ...more }, hurried));
    assert.equal(seen.length, attempts, JSON.stringify(more));
  }
});

test("the length that a server announces is not trusted", async (context) => {
  const liar: RequestListener = (_request, response) => {
    response.writeHead(200, { "content-length": content.length + 10 });
    response.end(content);
  };
  await expectFailure(context, [liar], "download-failed", /connection/);
});

test("a server that is busy is asked again, as late as it wants within bounds", async (context) => {
  const seen = await expectContent(context, [status(503), status(429, { "retry-after": "3600" }), whole(content)]);
  assert.equal(seen.length, 3);
  assert.equal(pauseBefore(1, undefined, { ...hurried, pauseMs: 1000, maxPauseMs: 60_000 }, 1), 1000);
  assert.equal(pauseBefore(3, undefined, { ...hurried, pauseMs: 1000, maxPauseMs: 60_000 }, 0), 2000);
  assert.equal(pauseBefore(1, 5000, { ...hurried, pauseMs: 1000, maxPauseMs: 60_000 }, 0), 5000);
  assert.equal(pauseBefore(1, 9e9, { ...hurried, pauseMs: 1000, maxPauseMs: 60_000 }, 0), 60_000);
  const busy = await expectFailure(context, [status(503)], "download-failed", /the server answers 503.*Tried 4 times/);
  assert.equal(busy.length, 4);
});

test("what will not change is not asked for again, and credentials are not shown", async (context) => {
  for (const [code, hint] of [
    [404, /answers 404 Check the address: publishers move/],
    [403, /answers 403 The server refuses it/],
    [401, /answers 401 The server asks for credentials\. Name them in access of the image/],
    [501, /answers 501/],
  ] as const) {
    const seen = await expectFailure(context, [status(code)], "download-failed", hint);
    assert.equal(seen.length, 1);
  }
  const directory = await testDirectory(context);
  const { origin, seen } = await startServer(context, status(404));
  const url = `${origin.replace("//", "//ops:hunter2@")}/x?X-Amz-Signature=abcdef&a=b`;
  await assert.rejects(download({ url, to: `${directory}/x`, digests: [] }, hurried), (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.diagnostics[0]?.summary, `Cannot download ${origin}/x?X-Amz-Signature=***&a=b: the server answers 404`);
    assert.doesNotMatch(JSON.stringify(error.diagnostics), /hunter2|abcdef/);
    return true;
  });
  assert.equal(seen[0]?.headers.authorization, `Basic ${Buffer.from("ops:hunter2").toString("base64")}`);
});

test("too large a file is refused by what the server says, and by what comes", async (context) => {
  const maxBytes = 2 ** 20;
  const told = await expectFailure(context, [whole(content)], "image-too-large", /1MiB may be used/, { maxBytes });
  assert.equal(told.length, 1);
  const endless: RequestListener = (_request, response) => {
    const more = () => response.write(content.subarray(0, 65536), (error) => (error ? undefined : more()));
    more();
  };
  await expectFailure(context, [endless], "image-too-large", /1MiB may be used/, { maxBytes });
  const unmeasured = broken(content, 1000, clean({ "content-length": undefined }));
  await expectFailure(context, [unmeasured, rest(content)], "image-too-large", /1MiB may be used/, { maxBytes });
  await expectContent(context, [whole(content)], content, { maxBytes: content.length });
});

test("silence is broken off: before the answer, and in the middle of it", async (context) => {
  const silent: RequestListener = () => undefined;
  await expectFailure(context, [silent], "download-failed", /did not answer within 0\.05 s/, { patience: { connectMs: 50, retries: 1 } });
  const halting: RequestListener = (_request, response) => {
    response.writeHead(200, { "content-length": content.length, etag: '"v1"' });
    response.write(content.subarray(0, half));
  };
  const seen = await expectContent(context, [halting, rest(content)], content, { patience: { idleMs: 100 } });
  assert.equal(seen.length, 2);
});

test("a server that refuses connections is tried again, and an unknown name is not", async (context) => {
  const directory = await testDirectory(context);
  const refused = download({ url: "http://127.0.0.1:1/x", to: `${directory}/x`, digests: [] }, hurried);
  await assert.rejects(
    refused,
    (error: unknown) =>
      error instanceof UserError && /ECONNREFUSED/.test(error.message) && /Tried 4 times/.test(error.diagnostics[0]?.detail ?? ""),
  );
  const nameless = download({ url: "http://virtform.invalid/x", to: `${directory}/x`, digests: [] }, hurried);
  await assert.rejects(nameless, (error: unknown) => error instanceof UserError && !/Tried/.test(error.diagnostics[0]?.detail ?? ""));
});

test("a download that is stopped leaves nothing, also while it waits to try again", async (context) => {
  const controller = new AbortController();
  const halting: RequestListener = (_request, response) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, half));
  };
  await expectFailure(context, [halting], "interrupted", /was stopped/, {
    signal: controller.signal,
    onProgress: (done) => (done > 0 ? controller.abort() : undefined),
  });
  const second = new AbortController();
  const refuse: RequestListener = (_request, response) => {
    response.writeHead(503).end(() => setImmediate(() => second.abort()));
  };
  const seen = await expectFailure(context, [refuse], "interrupted", /was stopped/, {
    signal: second.signal,
    patience: { pauseMs: 60_000, maxPauseMs: 60_000 },
  });
  assert.equal(seen.length, 1);
});

test("what was there before is replaced", async (context) => {
  const directory = await testDirectory(context);
  const { origin } = await startServer(context, whole(Buffer.from("new")));
  writeFileSync(`${directory}/x`, "something longer");
  await download({ url: origin, to: `${directory}/x`, digests: [] }, hurried);
  assert.equal(readFileSync(`${directory}/x`, "utf8"), "new");
});

const monday = "Mon, 01 Jan 2024 00:00:00 GMT";
const tuesday = "Tue, 02 Jan 2024 00:00:00 GMT";

test("every validator is compared, also with a server that ignores If-Range; without a match the download starts again", async (context) => {
  const next = randomBytes(content.length);
  for (const [old, later, same] of [
    [{ etag: undefined, "last-modified": monday }, { etag: undefined, "last-modified": tuesday }, false],
    [{ etag: undefined, "last-modified": monday }, { etag: undefined }, false],
    [{ etag: 'W/"a"', "last-modified": monday }, { etag: 'W/"b"', "last-modified": monday }, false],
    [{ etag: '"a"', "last-modified": monday }, { etag: '"a"', "last-modified": tuesday }, false],
    [{ etag: '"a"' }, { etag: undefined }, false],
    [{ etag: '"a"' }, { etag: 'W/"a"' }, false],
    [{ etag: '"a"', "last-modified": monday }, { etag: '"a"' }, true],
    [{ etag: 'W/"a"', "last-modified": monday }, { etag: 'W/"a"', "last-modified": monday }, true],
  ] as const) {
    const [from, to] = [broken(content, half, clean(old)), rest(same ? content : next, clean(later))];
    const seen = await expectContent(context, same ? [from, to] : [from, to, whole(next, clean(later))], same ? content : next);
    assert.equal(seen.length, same ? 2 : 3, JSON.stringify([old, later]));
  }
  // A weak tag alone proves nothing, and neither does a date without a length: the rest is not even asked for.
  for (const weak of [{ etag: 'W/"a"' }, { etag: undefined, "last-modified": monday, "content-length": undefined }]) {
    const seen = await expectContent(context, [broken(content, half, clean(weak)), whole(next, clean(weak))], next);
    assert.equal(seen[1]?.headers.range, undefined, JSON.stringify(weak));
  }
  const longer = Buffer.concat([content, randomBytes(10)]);
  await expectContent(context, [broken(content, half), rest(longer), whole(longer)], longer);
});

/** Headers over those that the answers of the server have by themselves: undefined removes one. */
function clean(headers: Readonly<Record<string, string | undefined>>) {
  return headers as Record<string, string>;
}

test("a partial file of an earlier run is continued where its record proves that it is the same", async (context) => {
  const directory = await testDirectory(context);
  const [to, record] = [`${directory}/image.part`, `${directory}/image.part.json`];
  const { origin, seen } = await startServer(context, broken(content, half), status(503), rest(content));
  const get = (patience: Partial<DownloadPatience> = {}, url = `${origin}/x`) =>
    download({ url, to, digests: ["sha256"], record }, { ...hurried, retries: 0, ...patience });
  await assert.rejects(get(), (error: unknown) => error instanceof UserError && error.code === "download-failed");
  assert.equal(statSync(to).size, half, "what had come is kept");
  await assert.rejects(get({ retries: 0 }));
  const done = await get();
  assert.deepEqual([done.bytes, done.digests.sha256], [content.length, sha256(content)]);
  assert.equal(seen[2]?.headers.range, `bytes=${half}-`);
  // A later step was interrupted: the last byte alone is asked for.
  const again = await get();
  assert.equal(again.digests.sha256, sha256(content));
  assert.equal(seen[3]?.headers.range, `bytes=${content.length - 1}-`);
});

test("a download restarts when its record is of another address, another start of the machine, or damaged", async (context) => {
  const directory = await testDirectory(context);
  const [to, record] = [`${directory}/image.part`, `${directory}/image.part.json`];
  const { origin, seen } = await startServer(context, whole(content));
  const get = (url = `${origin}/x`) => download({ url, to, digests: ["sha256"], record }, hurried);
  await get();
  const good = readFileSync(record, "utf8");
  const parsed = JSON.parse(good) as { boot: string; validators: object };
  for (const damaged of [
    "",
    "null",
    "{}",
    JSON.stringify({ ...parsed, boot: "another" }),
    JSON.stringify({ ...parsed, validators: { length: -1 } }),
  ]) {
    writeFileSync(record, damaged);
    writeFileSync(to, "of an earlier attempt");
    assert.equal((await get()).digests.sha256, sha256(content), damaged);
    assert.equal(seen.at(-1)?.headers.range, undefined, damaged);
  }
  writeFileSync(record, good);
  await get(`${origin}/y`);
  assert.equal(seen.at(-1)?.headers.range, undefined);
  const next = randomBytes(1000);
  const other = await startServer(context, whole(content), rest(next, { etag: '"v2"' }), whole(next, { etag: '"v2"' }));
  await get(other.origin);
  assert.equal((await get(other.origin)).digests.sha256, sha256(next), "replaced between two runs");
});

test("what no later run can continue is not kept", async (context) => {
  const directory = await testDirectory(context);
  const [to, record] = [`${directory}/image.part`, `${directory}/image.part.json`];
  const cutOff: RequestListener = (_request, response) => {
    response.writeHead(200, { etag: 'W/"weak"', "content-length": content.length });
    response.write(content.subarray(0, half), () => setImmediate(() => response.destroy()));
  };
  const { origin } = await startServer(context, cutOff);
  const get = (more: Partial<Download> = {}) =>
    download({ url: origin, to, digests: ["sha256"], record, ...more }, { ...hurried, retries: 0 });
  await assert.rejects(get(), (error: unknown) => error instanceof UserError && error.code === "download-failed");
  assert.deepEqual([existsSync(to), existsSync(record)], [false, false]);
  await assert.rejects(get({ immutable: true }));
  assert.deepEqual([statSync(to).size, existsSync(record)], [half, true], "a file that never changes needs no validators");
});

test("what must not be used is not kept for the next run", async (context) => {
  const directory = await testDirectory(context);
  const [to, record] = [`${directory}/image.part`, `${directory}/image.part.json`];
  const { origin } = await startServer(context, broken(content, half), rest(content));
  await assert.rejects(download({ url: origin, to, digests: [], record, maxBytes: half + 10 }, hurried), RefusedError);
  assert.deepEqual([existsSync(to), existsSync(record)], [false, false]);
});

test("a server that trickles is given up, and so is one that breaks off after every few bytes", async (context) => {
  const trickle: RequestListener = (_request, response) => {
    response.writeHead(200, { "content-length": content.length, etag: '"v1"' });
    const timer = setInterval(() => response.write("x"), 20);
    response.on("close", () => clearInterval(timer));
  };
  await expectFailure(context, [trickle], "download-failed", /sent less than 64KiB in 0\.3 s/, { patience: { slowMs: 300 } });
  const crumbs = await expectFailure(context, [broken(content, 100), rest(content, {}, 100)], "download-failed", /Tried 4 times/);
  assert.equal(crumbs.length, 4);
});

test("alternatives are asked in turn, and an image that never changes is continued from another of them", async (context) => {
  const directory = await testDirectory(context);
  const first = await startServer(context, broken(content, half, clean({ etag: undefined })));
  const second = await startServer(context, rest(content, clean({ etag: undefined })));
  const gone = await startServer(context, status(404));
  const request = {
    url: `${gone.origin}/x`,
    alternatives: [`${first.origin}/x`, `${second.origin}/x`],
    digests: ["sha256" as const],
    immutable: true,
  };
  const done = await download({ ...request, to: `${directory}/x` }, hurried);
  assert.equal(done.digests.sha256, sha256(content));
  assert.equal(second.seen[0]?.headers.range, `bytes=${half}-`);
  const explain = (code: number) =>
    code === 404 ? { code: "image-source-missing", summary: "no such image", detail: "Check its id." } : undefined;
  await assert.rejects(
    download({ url: gone.origin, to: `${directory}/y`, digests: [], explain }, hurried),
    (error: unknown) =>
      error instanceof UserError && error.code === "image-source-missing" && error.diagnostics[0]?.summary === "no such image",
  );
});
