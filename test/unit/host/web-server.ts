import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** One request as the server saw it. */
export interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** A server on loopback that answers each request with the next of the given answers, and with the last one from then on. */
export async function startServer(context: TestContext, ...answers: RequestListener[]): Promise<{ origin: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = http.createServer((request, response) => {
    const answer = answers[Math.min(seen.length, answers.length - 1)];
    seen.push({ url: request.url ?? "", headers: request.headers });
    answer?.(request, response);
  });
  return { origin: `http://127.0.0.1:${await listen(context, server)}`, seen };
}

/** The same over TLS, with a certificate for 127.0.0.1 made in the directory. */
export async function startSecureServer(
  context: TestContext,
  directory: string,
  answer: RequestListener,
): Promise<{ origin: string; certificate: string }> {
  const [key, cert] = [`${directory}/key.pem`, `${directory}/cert.pem`];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      ...subject,
      "-keyout",
      key,
      "-out",
      cert,
    ],
    { stdio: "ignore" },
  );
  const certificate = readFileSync(cert, "utf8");
  const server = https.createServer({ key: readFileSync(key), cert: certificate }, answer);
  return { origin: `https://127.0.0.1:${await listen(context, server)}`, certificate };
}

/** A forward proxy that answers plain requests itself and opens tunnels. */
export async function startProxy(context: TestContext): Promise<{ address: string; seen: string[] }> {
  const seen: string[] = [];
  const server = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
    const target = new URL(request.url ?? "");
    http.get({ host: target.hostname, port: target.port, path: target.pathname, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
  });
  server.on("connect", (request, client: net.Socket, head: Buffer) => {
    seen.push(`CONNECT ${request.url}`);
    const [host, port] = (request.url ?? "").split(":");
    const upstream = net.connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
  });
  return { address: `127.0.0.1:${await listen(context, server)}`, seen };
}

/** The whole of it, with what it takes to continue. */
export function whole(content: Buffer, headers: http.OutgoingHttpHeaders = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(200, present({ "content-length": content.length, etag: '"v1"', ...headers }));
    response.end(content);
  };
}

/** Begins well and breaks the connection after so many bytes. */
export function broken(content: Buffer, after: number, headers: http.OutgoingHttpHeaders = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(200, present({ "content-length": content.length, etag: '"v1"', ...headers }));
    breakAfter(response, content.subarray(0, after));
  };
}

/** What was asked for with Range; breaks the connection after `limit` bytes. */
export function rest(content: Buffer, headers: http.OutgoingHttpHeaders = {}, limit = Number.POSITIVE_INFINITY): RequestListener {
  return (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1]);
    const range = `bytes ${start}-${content.length - 1}/${content.length}`;
    response.writeHead(206, present({ "content-length": content.length - start, "content-range": range, etag: '"v1"', ...headers }));
    if (content.length - start > limit) breakAfter(response, content.subarray(start, start + limit));
    else response.end(content.subarray(start));
  };
}

/** Only a status. */
export function status(code: number, headers: http.OutgoingHttpHeaders = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(code, headers);
    response.end();
  };
}

/** Without the headers whose value is undefined. */
function present(headers: http.OutgoingHttpHeaders): http.OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}

function breakAfter(response: ServerResponse, data: Buffer): void {
  response.write(data, () => setImmediate(() => response.destroy()));
}

async function listen(context: TestContext, server: http.Server | https.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
