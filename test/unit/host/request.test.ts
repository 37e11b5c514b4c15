import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import net, { type AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { httpGet } from "../../../src/host/web/http-get.ts";
import { webRequest } from "../../../src/host/web/request.ts";
import { TransferError } from "../../../src/host/web/transfer-error.ts";
import { startServer } from "./web-server.ts";

const url = "https://cloud.example/v3";
const patience = { connectMs: 100, idleMs: 5000 };

/** Makes https go through a proxy that accepts connections and never answers. */
async function useSilentProxy(context: TestContext): Promise<void> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => void sockets.push(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.env["https_proxy"] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  context.after(() => {
    delete process.env["https_proxy"];
    server.close();
    for (const socket of sockets) socket.destroy();
  });
}

test("a proxy that never opens the tunnel is given up after the timeout", { timeout: 5000 }, async (context) => {
  await useSilentProxy(context);
  const answer = await webRequest({ method: "GET", url, timeoutMs: 100 });
  assert.match("trouble" in answer ? answer.trouble : "", /cloud\.example did not answer within 0\.1 s/);
  assert.match("trouble" in answer ? answer.hint : "", /^Check the address, that the service runs there/, "a service has no other source");
  await assert.rejects(
    httpGet(new URL(url), { headers: {}, patience }),
    (error) => error instanceof TransferError && error.again && /did not answer within 0\.1 s/.test(error.message),
  );
});

test("a request is stopped while its proxy opens the tunnel", { timeout: 5000 }, async (context) => {
  await useSilentProxy(context);
  const stopped = () => AbortSignal.timeout(50);
  await assert.rejects(webRequest({ method: "GET", url, timeoutMs: 60_000, signal: stopped() }), { name: "TimeoutError" });
  await assert.rejects(
    httpGet(new URL(url), { headers: {}, patience: { ...patience, connectMs: 60_000 }, signal: stopped() }),
    TransferError,
  );
});

test("the body of a request that ends before it is sent is closed", { timeout: 5000 }, async (context) => {
  await useSilentProxy(context);
  let closed = false;
  async function* read() {
    try {
      for (;;) yield Buffer.alloc(2 ** 16);
    } finally {
      closed = true;
    }
  }
  const answer = await webRequest({ method: "PUT", url, timeoutMs: 100, body: { bytes: 2 ** 30, read } });
  assert.ok("trouble" in answer);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(closed);
});

test("a long body that the server reads slowly is sent with the same listeners throughout", { timeout: 10_000 }, async (context) => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => void warnings.push(warning);
  process.on("warning", warned);
  context.after(() => process.off("warning", warned));
  const { origin } = await startServer(context, (request, response) => {
    let bytes = 0;
    request.on("data", (piece: Buffer) => {
      bytes += piece.length;
    });
    request.on("end", () => response.end(String(bytes)));
  });
  const [piece, pieces] = [Buffer.alloc(2 ** 18), 40];
  async function* read() {
    for (let sent = 0; sent < pieces; sent += 1) yield piece;
  }
  const answer = await webRequest({ method: "PUT", url: `${origin}/x`, body: { bytes: piece.length * pieces, read } });
  assert.equal("body" in answer && answer.body.toString(), String(piece.length * pieces));
  assert.deepEqual(warnings, [], "Node warns of listeners that remain");
});

test("an answer that stops, or that never ends, is given up", { timeout: 20_000 }, async (context) => {
  const stops: RequestListener = (_request, response) => void response.write("{");
  const trickles: RequestListener = (_request, response) => {
    const timer = setInterval(() => response.write(" "), 10);
    response.once("close", () => clearInterval(timer));
  };
  const { origin } = await startServer(context, stops, trickles);
  const stopped = await webRequest({ method: "GET", url: origin, timeoutMs: 50 });
  assert.match("trouble" in stopped ? stopped.trouble : "", /did not answer within 0\.05 s/);
  const slow = await webRequest({ method: "GET", url: origin, timeoutMs: 200 });
  assert.match("trouble" in slow ? slow.trouble : "", /did not send its answer within 2 s/);
});

test("an answer that is longer than allowed is not read", async (context) => {
  const { origin } = await startServer(context, (_request, response) => void response.end("x".repeat(2000)));
  const answer = await webRequest({ method: "GET", url: origin, maxBytes: 1000 });
  assert.match("trouble" in answer ? answer.trouble : "", /longer than 1000 bytes/);
});

test("errors contain neither the password of a proxy nor the content of a key file", async (context) => {
  process.env["https_proxy"] = "http://ops:top-secret@";
  context.after(() => delete process.env["https_proxy"]);
  const client = { certificate: "top-secret", key: "top-secret" };
  for (const [security, expected] of [
    [undefined, /the proxy setting is not an address/],
    [{ client }, /the certificates for it cannot be used/],
    [{ authorities: "top-secret" }, /the certificates for it cannot be used|the proxy setting/],
  ] as const) {
    const answer = await webRequest({ method: "GET", url, ...(security === undefined ? {} : { security }) });
    assert.ok("trouble" in answer && !answer.again);
    assert.match(answer.trouble, expected);
    assert.doesNotMatch(JSON.stringify(answer), /top-secret/);
  }
});

test("a service that does not answer is answered with where to look, not with another source", { timeout: 20_000 }, async (context) => {
  const silent = net.createServer((socket) => void socket.on("error", () => undefined));
  const cutting = net.createServer((socket) => void socket.destroy());
  const addresses: string[] = [];
  for (const server of [silent, cutting]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    context.after(() => void server.close());
    addresses.push(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  }
  for (const address of ["http://127.0.0.1:1", ...addresses.flatMap((one) => [`http://${one}`, `https://${one}`])]) {
    const answer = await webRequest({ method: "GET", url: address, timeoutMs: 200 });
    assert.ok("trouble" in answer);
    assert.match(
      answer.hint,
      /^Check the address, that the service runs there, and that a firewall or proxy lets this machine reach it\.$/,
      address,
    );
  }
});
