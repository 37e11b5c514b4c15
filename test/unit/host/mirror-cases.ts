import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import { isGone } from "../../../src/kinds/image/is-gone.ts";
import { CodedError } from "../../../src/model/errors.ts";
import type { Download, Transferred } from "../../../src/model/host.ts";
import { testDirectory } from "./directory.ts";
import { broken, rest, type Seen, startServer, status, whole } from "./web-server.ts";

const content = randomBytes(3 * 2 ** 20 + 77);
const other = randomBytes(content.length);
const half = 1_500_000;
const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");
const expected = { algorithm: "sha256", hex: sha256(content) } as const;
const page: RequestListener = (_request, response) => void response.end("<html>log in</html>");
const noTag = { etag: undefined as unknown as string };

interface Outcome {
  readonly done?: Transferred;
  readonly error?: CodedError;
  /** What each server was asked, the source first. */
  readonly seen: readonly (readonly Seen[])[];
  readonly origins: readonly string[];
  readonly reasons: readonly string[];
}

/** What downloads of every machine have to do with mirrors, as tests. `download` tries again three times, after short pauses. */
export function mirrorCases(machine: string, download: (request: Download) => Promise<Transferred>): void {
  /** Downloads from servers with these answers, the first of which is the source. */
  async function fetch(context: TestContext, servers: readonly RequestListener[][], more: Partial<Download> = {}): Promise<Outcome> {
    const started = [];
    for (const answers of servers) started.push(await startServer(context, ...answers));
    const [url = "", ...alternatives] = started.map(({ origin }) => `${origin}/image.raw`);
    const to = `${await testDirectory(context)}/image.part`;
    const reasons: string[] = [];
    const request = {
      url,
      alternatives,
      to,
      digests: ["sha256"],
      expected,
      onRetry: ({ because }: { because: string }) => reasons.push(because),
    };
    const found = { seen: started.map(({ seen }) => seen), origins: started.map(({ origin }) => origin), reasons };
    try {
      const done = await download({ ...request, ...more } as Download);
      assert.ok(readFileSync(to).equals(content), "the bytes are those of the checksum");
      return { ...found, done };
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      assert.equal(existsSync(to), false, "nothing is left");
      return { ...found, error };
    }
  }
  const detailOf = ({ error }: Outcome) => `${error?.diagnostics[0]?.summary} ${error?.diagnostics[0]?.detail ?? ""}`;

  test(`${machine}: the first mirror that has the file gives it, and is named; without a failure none is asked`, async (context) => {
    const direct = await fetch(context, [[whole(content)], [whole(content)]]);
    assert.deepEqual([direct.done?.mirror, direct.done?.validators?.etag, direct.seen[1]?.length], [undefined, '"v1"', 0]);
    const second = await fetch(context, [[status(404)], [status(403)], [whole(content)]]);
    assert.equal(second.done?.mirror, `${second.origins[2]}/image.raw`);
    assert.equal(second.done?.validators, undefined, "they are not those of the source");
    assert.deepEqual(
      second.reasons.map((because) => because.replace(/^127[\d.]+:\d+/, "SERVER")),
      ["SERVER: the server answers 404", "SERVER: the server answers 403"],
    );
  });

  test(`${machine}: a page that comes with another status than 200 is no part of the file, and the status is the reason`, async (context) => {
    for (const code of [202, 203, 300]) {
      const later: RequestListener = (_request, response) => void response.writeHead(code).end("<html>come back later</html>");
      const first = await fetch(context, [[later], [whole(content)]]);
      assert.deepEqual(
        first.reasons.map((because) => because.replace(/^127[\d.]+:\d+/, "SERVER")),
        [`SERVER: the server answers ${code}`],
      );
      assert.equal(first.seen[1]?.[0]?.headers.range, undefined, "nothing of it is continued");
      const between = await fetch(context, [[broken(content, half)], [later], [rest(content)]]);
      assert.equal(between.done?.mirror, `${between.origins[2]}/image.raw`);
    }
  });

  test(`${machine}: a mirror with other content is left for the next one, whatever it sends`, async (context) => {
    for (const wrong of [whole(other), page, whole(content.subarray(0, half)), whole(content, { "content-encoding": "br" })]) {
      const { done, seen, origins } = await fetch(context, [[status(503), wrong], [wrong], [whole(content)]]);
      assert.equal(done?.mirror, `${origins[2]}/image.raw`);
      assert.equal(seen[1]?.length, 1);
    }
    const away = (_request: unknown, response: { writeHead: (code: number, headers: object) => { end: () => void } }) =>
      response.writeHead(302, { location: "file:///etc/passwd" }).end();
    const redirected = await fetch(context, [[away as RequestListener], [whole(content)]]);
    assert.equal(redirected.done?.mirror, `${redirected.origins[1]}/image.raw`);
    const large = await fetch(context, [[whole(Buffer.alloc(5 * 2 ** 20))], [whole(content)]], { maxBytes: 4 * 2 ** 20 });
    assert.equal(large.done?.mirror, `${large.origins[1]}/image.raw`);
  });

  test(`${machine}: a broken download is continued at the next mirror, though its tags differ`, async (context) => {
    const { done, seen } = await fetch(context, [[broken(content, half)], [rest(content, { etag: '"other"' })]]);
    assert.equal(done?.digests.sha256, expected.hex);
    assert.deepEqual([seen[1]?.[0]?.headers.range, seen[1]?.[0]?.headers["if-range"]], [`bytes=${half}-`, undefined]);
    const without = await fetch(context, [[broken(content, half, noTag)], [rest(content, noTag)]]);
    assert.equal(without.seen[1]?.[0]?.headers.range, `bytes=${half}-`);
    const longer = Buffer.concat([other, Buffer.alloc(10)]);
    const length = await fetch(context, [
      [broken(content, half), status(404)],
      [rest(longer), whole(content)],
    ]);
    assert.equal(length.done?.digests.sha256, expected.hex, "a file of another length is not continued");
  });

  test(`${machine}: where two mirrors together do not have the checksum, each is read alone`, async (context) => {
    // The second one has other bytes of the same length.
    const answersOf: RequestListener = (request, response) =>
      request.headers.range === undefined ? whole(other)(request, response) : rest(other)(request, response);
    const { done, seen, reasons } = await fetch(context, [[broken(content, half), whole(content)], [answersOf]]);
    assert.equal(done?.digests.sha256, expected.hex);
    assert.ok(reasons.some((because) => /several servers/.test(because)));
    assert.equal(seen[0]?.at(-1)?.headers.range, undefined);
  });

  test(`${machine}: a mirror that is busy is asked again, one that does not have the file is not`, async (context) => {
    const { done, seen } = await fetch(context, [[status(503), status(503), whole(content)], [status(404)]]);
    assert.equal(done?.mirror, undefined);
    assert.deepEqual(
      seen.map((requests) => requests.length),
      [3, 1],
    );
  });

  test(`${machine}: each address is named with its reason when none gives the file`, async (context) => {
    const gone = await fetch(context, [[status(404)], [status(410)]]);
    assert.match(
      detailOf(gone),
      /\/image\.raw: the server answers 410 .* The other addresses failed as well: http:\S+\/image\.raw: the server answers 404\./,
    );
    assert.ok(isGone(gone.error), "a peer is asked");
    const busy = await fetch(context, [[status(503)], [status(404)]]);
    assert.match(detailOf(busy), /answers 503.*The other addresses failed as well: .*answers 404/);
    assert.equal(busy.seen[0]?.length, 4);
    assert.ok(!isGone(busy.error), "the file may be there");
    const wrong = await fetch(context, [[whole(other)], [page]]);
    assert.match(detailOf(wrong), /its content has another checksum, sha256:[0-9a-f]{64}.*The other addresses failed as well/);
  });

  test(`${machine}: the number of further attempts, and the time for them, can be chosen`, async (context) => {
    for (const [retries, attempts] of [
      [0, 1],
      [1, 2],
      [6, 7],
    ] as const) {
      const { seen } = await fetch(context, [[status(503)]], { retries });
      assert.equal(seen[0]?.length, attempts);
    }
    const patient = await fetch(context, [[...Array<RequestListener>(6).fill(status(503)), whole(content)]], { retryMs: 20_000 });
    assert.equal(patient.seen[0]?.length, 7, "the time alone limits it");
    const started = performance.now();
    const late = await fetch(context, [[status(503)]], { retryMs: 300 });
    assert.equal(late.error?.code, "download-failed");
    assert.ok(performance.now() - started < 20_000);
  });

  test(`${machine}: credentials are for the server of the source alone`, async (context) => {
    const access = { headers: { authorization: "Bearer hunter2" } };
    const { seen } = await fetch(context, [[status(503)], [whole(content)]], { access });
    assert.deepEqual(
      seen.map(([first]) => first?.headers.authorization),
      ["Bearer hunter2", undefined],
    );
    const shared = await fetch(context, [[status(503)], [whole(content)]], { access, sharedAccess: true });
    assert.equal(shared.seen[1]?.[0]?.headers.authorization, "Bearer hunter2");
  });

  test(`${machine}: what an earlier run kept of a mirror with other content is read again`, async (context) => {
    const directory = await testDirectory(context);
    const [first, second] = [
      await startServer(context, broken(other, half), whole(content)),
      await startServer(context, status(404), rest(content), whole(content)),
    ];
    const request = {
      url: `${first.origin}/x`,
      alternatives: [`${second.origin}/x`],
      to: `${directory}/x.part`,
      record: `${directory}/x.part.json`,
      digests: ["sha256" as const],
      expected,
    };
    await assert.rejects(download({ ...request, retries: 0 }));
    assert.ok(existsSync(request.record), "kept");
    const done = await download(request);
    assert.equal(done.digests.sha256, expected.hex);
    assert.ok(readFileSync(request.to).equals(content));
  });

  test(`${machine}: what a source gave before it broke off is kept, though a mirror gave an answer that must not be used`, async (context) => {
    const directory = await testDirectory(context);
    const [source, mirror] = [
      await startServer(context, broken(content, half), rest(content)),
      await startServer(context, whole(content, { "content-encoding": "br" })),
    ];
    const request = {
      url: `${source.origin}/x`,
      alternatives: [`${mirror.origin}/x`],
      to: `${directory}/x.part`,
      record: `${directory}/x.part.json`,
      digests: ["sha256" as const],
      expected,
    };
    await assert.rejects(
      download({ ...request, retries: 1 }),
      (error) => error instanceof CodedError && error.code === "download-failed" && /Content-Encoding/.test(error.message),
    );
    assert.ok(readFileSync(request.to).equals(content.subarray(0, half)), "no more than what may be used");
    const done = await download(request);
    assert.equal(done.digests.sha256, expected.hex);
    assert.equal(source.seen[1]?.headers.range, `bytes=${half}-`);
  });

  test(`${machine}: after the bytes of several servers had to be removed, new ones count as progress`, async (context) => {
    // The mirror has other bytes, so everything is read again: then the source breaks off before it is as far as it was.
    const third = Math.floor(content.length / 3);
    const asAsked: RequestListener = (request, response) =>
      (request.headers.range === undefined ? whole : rest)(content)(request, response);
    const wrong: RequestListener = (request, response) =>
      (request.headers.range === undefined ? status(404) : rest(other))(request, response);
    const sources = [broken(content, 2 * third), broken(content, third), asAsked];
    const { done, seen } = await fetch(context, [sources, [wrong]], { retries: 2 });
    assert.equal(done?.digests.sha256, expected.hex);
    assert.equal(seen[0]?.length, 3);
  });

  test(`${machine}: what one server gave is kept until another one sends the file, though they are not to be mixed`, async (context) => {
    const away: RequestListener = (_request, response) => void response.writeHead(302, { location: "/elsewhere" }).end("moved");
    const { done, seen } = await fetch(context, [
      [broken(content, half), broken(content, half), rest(content)],
      [rest(other), away, status(503)],
    ]);
    assert.equal(done?.digests.sha256, expected.hex);
    assert.deepEqual(
      seen[0]?.map(({ headers }) => headers.range),
      [undefined, undefined, `bytes=${half}-`],
    );
  });

  test(`${machine}: bytes of a version that the server could not prove are not continued as those of the next one`, async (context) => {
    const headOnly: RequestListener = (_request, response) => {
      response.writeHead(200, { "content-length": content.length, etag: '"v2"' });
      response.flushHeaders();
      setTimeout(() => response.destroy(), 50);
    };
    const asAsked: RequestListener = (request, response) =>
      (request.headers.range === undefined ? whole : rest)(content, { etag: '"v2"' })(request, response);
    const { done, seen } = await fetch(context, [[broken(other, half, noTag), headOnly, asAsked]]);
    assert.equal(done?.digests.sha256, expected.hex);
    assert.deepEqual(
      seen[0]?.map(({ headers }) => headers.range),
      [undefined, undefined, undefined],
    );
  });

  test(`${machine}: a source that redirects in a circle is left for the mirror`, async (context) => {
    const circle: RequestListener = (_request, response) => void response.writeHead(302, { location: "/image.raw" }).end();
    const { done, origins, reasons } = await fetch(context, [[circle], [whole(content)]]);
    assert.equal(done?.mirror, `${origins[1]}/image.raw`);
    assert.match(reasons[0] ?? "", /it redirects more than 10 times/);
    const alone = await fetch(context, [[circle]]);
    assert.equal(alone.error?.code, "download-failed");
    assert.match(detailOf(alone), /redirects more than 10 times.*circle/);
  });
}
