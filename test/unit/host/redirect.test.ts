import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import { download } from "../../../src/host/web/download.ts";
import { nextAddress } from "../../../src/host/web/redirect.ts";
import { RefusedError, UserError } from "../../../src/model/errors.ts";
import { testDirectory } from "./directory.ts";
import { startProxy, startSecureServer, startServer, status, whole } from "./web-server.ts";

const hurried = { connectMs: 5000, idleMs: 5000, retries: 1, pauseMs: 1, maxPauseMs: 50 };
const content = Buffer.from("an image");
const refusal = (code: string) => (error: unknown) => error instanceof RefusedError && error.code === code;

/** Sets environment variables for the rest of the test. */
function setEnvironment(context: { after(done: () => void): void }, variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    context.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

test("redirections stay with http and https, and never leave https", () => {
  const from = new URL("https://ops:secret@host/a/b?c=d");
  assert.equal(nextAddress(from, "https://other/x").href, "https://other/x");
  assert.equal(nextAddress(from, "../y").href, "https://ops:secret@host/y");
  assert.equal(nextAddress(from, "https://host/z").href, "https://ops:secret@host/z");
  assert.equal(nextAddress(new URL("http://host/"), "https://host/").href, "https://host/");
  assert.throws(() => nextAddress(from, "http://host/"), refusal("redirect-insecure"));
  assert.throws(() => nextAddress(from, "file:///etc/shadow"), refusal("redirect-unusable"));
  assert.throws(() => nextAddress(from, "https://"), refusal("redirect-unusable"));
  assert.throws(
    () => nextAddress(from, "http://host/?token=abc"),
    (error: Error) => !/secret|abc/.test(error.message),
  );
});

test("redirections are followed, with credentials only for the server they were given for", async (context) => {
  const directory = await testDirectory(context);
  const target = await startServer(context, whole(content));
  const entrance = await startServer(context, status(302, { location: "/moved" }), status(308, { location: `${target.origin}/image` }));
  const url = entrance.origin.replace("//", "//ops:secret@");
  await download({ url, to: `${directory}/x`, digests: [] }, hurried);
  assert.equal(readFileSync(`${directory}/x`, "utf8"), "an image");
  assert.ok(entrance.seen.every(({ headers }) => headers.authorization?.startsWith("Basic ")));
  assert.deepEqual([target.seen[0]?.url, target.seen[0]?.headers.authorization], ["/image", undefined]);
});

test("headers and certificates of the client are for the server of the address alone", async (context) => {
  const directory = await testDirectory(context);
  const target = await startServer(context, whole(content));
  const entrance = await startServer(context, status(302, { location: "/moved" }), status(302, { location: `${target.origin}/image` }));
  const access = { headers: { authorization: "Bearer hunter2", "x-key": "hunter3" } };
  await download({ url: entrance.origin, to: `${directory}/x`, digests: [], access }, hurried);
  assert.deepEqual(
    entrance.seen.map(({ headers }) => [headers.authorization, headers["x-key"]]),
    [
      ["Bearer hunter2", "hunter3"],
      ["Bearer hunter2", "hunter3"],
    ],
  );
  assert.deepEqual([target.seen[0]?.headers.authorization, target.seen[0]?.headers["x-key"]], [undefined, undefined]);
});

test("an authority of one's own is trusted for the image that names it, and certificates that cannot be used are said", async (context) => {
  const directory = await testDirectory(context);
  const secure = await startSecureServer(context, directory, (_request, response) => response.end(content));
  const get = (authorities: string) =>
    download({ url: secure.origin, to: `${directory}/x`, digests: [], access: { authorities } }, hurried);
  await get(secure.certificate);
  assert.equal(readFileSync(`${directory}/x`, "utf8"), "an image");
  const client = { certificate: "-----BEGIN hunter2", key: "hunter3" };
  await assert.rejects(
    download({ url: secure.origin, to: `${directory}/x`, digests: [], access: { authorities: secure.certificate, client } }, hurried),
    (error: unknown) =>
      error instanceof UserError &&
      /the certificates for it cannot be used/.test(error.message) &&
      !/hunter/.test(`${error.message} ${JSON.stringify(error.diagnostics)}`),
  );
});

test("a circle of redirections has an end", async (context) => {
  const directory = await testDirectory(context);
  const { origin, seen } = await startServer(context, status(302, { location: "/again" }));
  await assert.rejects(
    download({ url: origin, to: `${directory}/x`, digests: [] }, hurried),
    (error: unknown) => error instanceof UserError && /redirects more than 10 times/.test(error.message),
  );
  assert.equal(seen.length, 11);
});

test("a server cannot make us read a file of this machine", async (context) => {
  const directory = await testDirectory(context);
  const { origin } = await startServer(context, status(302, { location: "file:///etc/passwd" }));
  await assert.rejects(download({ url: origin, to: `${directory}/x`, digests: [] }, hurried), refusal("redirect-unusable"));
  await assert.rejects(download({ url: "file:///etc/passwd", to: `${directory}/x`, digests: [] }, hurried), /Not an http or https address/);
});

test("https: trusted where the authority is, refused otherwise, never left for http", async (context) => {
  const directory = await testDirectory(context);
  const plain = await startServer(context, whole(content));
  const secure = await startSecureServer(context, directory, (request, response) => {
    if (request.url === "/leave") response.writeHead(302, { location: plain.origin }).end();
    else response.end(content);
  });
  const get = (path: string) => download({ url: `${secure.origin}${path}`, to: `${directory}/x`, digests: [] }, hurried);
  await assert.rejects(get("/"), (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /the certificate of 127\.0\.0\.1:\d+ is not trusted/);
    assert.match(error.diagnostics[0]?.detail ?? "", /NODE_EXTRA_CA_CERTS/);
    return true;
  });
  const before = tls.getCACertificates("default");
  tls.setDefaultCACertificates([...before, secure.certificate]);
  context.after(() => tls.setDefaultCACertificates(before));
  await get("/");
  assert.equal(readFileSync(`${directory}/x`, "utf8"), "an image");
  await assert.rejects(get("/leave"), (error: unknown) => refusal("redirect-insecure")(error) && /Add the checksum/.test(String(error)));
  assert.equal(plain.seen.length, 0);
  // What a checksum verifies cannot be changed on the way.
  await download({ url: `${secure.origin}/leave`, to: `${directory}/x`, digests: ["sha256"], insecureRedirects: true }, hurried);
  assert.equal(plain.seen.length, 1);

  const proxy = await startProxy(context);
  setEnvironment(context, { https_proxy: `http://${proxy.address}`, no_proxy: "" });
  await get("/");
  assert.deepEqual(proxy.seen, [`CONNECT ${new URL(secure.origin).host}`]);
});

test("proxies of the environment are used, in either case, unless no_proxy names the server", async (context) => {
  const directory = await testDirectory(context);
  const { origin } = await startServer(context, whole(content));
  const proxy = await startProxy(context);
  const get = () => download({ url: `${origin}/x`, to: `${directory}/x`, digests: [] }, hurried);
  setEnvironment(context, { http_proxy: `http://ops:secret@${proxy.address}`, no_proxy: "" });
  await get();
  assert.equal(readFileSync(`${directory}/x`, "utf8"), "an image");
  assert.deepEqual(proxy.seen.splice(0), [`GET ${origin}/x Basic ${Buffer.from("ops:secret").toString("base64")}`]);
  setEnvironment(context, { no_proxy: "example.org,127.0.0.1" });
  await get();
  assert.deepEqual(proxy.seen, []);
  delete process.env["http_proxy"];
  delete process.env["no_proxy"];
  setEnvironment(context, { HTTP_PROXY: `http://${proxy.address}` });
  await get();
  assert.equal(proxy.seen.length, 1);
  setEnvironment(context, { NO_PROXY: "127.0.0.1" });
  await get();
  assert.equal(proxy.seen.length, 1);
});

test("a proxy without a scheme is used, and the server is not asked past one of another kind", async (context) => {
  const directory = await testDirectory(context);
  const { origin, seen } = await startServer(context, whole(content));
  const proxy = await startProxy(context);
  const get = () => download({ url: `${origin}/x`, to: `${directory}/x`, digests: [] }, hurried);
  setEnvironment(context, { http_proxy: proxy.address, no_proxy: "" });
  await get();
  assert.equal(proxy.seen.length, 1);
  setEnvironment(context, { http_proxy: "socks5://ops:hunter2@127.0.0.1:1080", no_proxy: "example.org, .0.0.2" });
  await assert.rejects(
    get(),
    (error: unknown) =>
      error instanceof UserError &&
      /the proxy of http_proxy is of a kind that is not supported \(socks5:\/\/\)/.test(error.message) &&
      !/hunter2/.test(JSON.stringify(error.diagnostics)),
  );
  assert.equal(seen.length, 1);
  for (const no_proxy of ["127.0.0.1", "*", "example.org,.0.0.1", new URL(origin).host]) {
    setEnvironment(context, { no_proxy });
    await get();
  }
  assert.equal(seen.length, 5);
});

test("a proxy that does not open a tunnel is named with its answer, and asked again only while it is busy", async (context) => {
  const directory = await testDirectory(context);
  let status = 407;
  let asked = 0;
  const server = http.createServer().on("connect", (_request, client) => {
    asked += 1;
    client.end(`HTTP/1.1 ${status} x\r\n\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  setEnvironment(context, { https_proxy: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, no_proxy: "" });
  const get = () => download({ url: "https://images.test/x", to: `${directory}/x`, digests: [] }, hurried);
  const said = (words: RegExp) => (error: unknown) =>
    error instanceof UserError && words.test(`${error.message} ${error.diagnostics[0]?.detail}`);
  await assert.rejects(get(), said(/the proxy answers 407 and does not connect to images\.test.*wants a user name and password/));
  status = 403;
  await assert.rejects(get(), said(/the proxy answers 403.*no_proxy/));
  assert.equal(asked, 2);
  status = 503;
  await assert.rejects(get(), said(/the proxy answers 503/));
  // `hurried` allows one more attempt.
  assert.equal(asked, 4);
});

test("the error about an unreachable or malformed proxy does not contain its password", async (context) => {
  const directory = await testDirectory(context);
  const get = () => download({ url: "http://example.org/x", to: `${directory}/x`, digests: [] }, hurried);
  for (const proxy of ["http://ops:hunter2@127.0.0.1:1", "http://ops:hunter2@"]) {
    setEnvironment(context, { http_proxy: proxy, no_proxy: "" });
    await assert.rejects(
      get(),
      (error: unknown) => error instanceof UserError && !/hunter2/.test(`${error.message} ${JSON.stringify(error.diagnostics)}`),
    );
  }
});
