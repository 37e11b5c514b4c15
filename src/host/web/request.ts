import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { WebAnswer, WebRequest, WebTrouble } from "../../model/web.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";
import { agentFor } from "./agent.ts";
import { networkTrouble, TransferError } from "./transfer-error.ts";

const usualTimeoutMs = 30_000;
const usualMaxBytes = 4 * 2 ** 20;
/** The body of an answer may take this many timeouts, so that a server cannot hold a call with a few bytes now and then. */
const slowFactor = 10;
/** A service has no other source. */
const serviceHint = "Check the address, that the service runs there, and that a firewall or proxy lets this machine reach it.";
const pemHint =
  "The authorities, the certificate and the key that are configured for it have to be PEM, and the key has to belong to the certificate.";

/**
 * Sends one request and reads its whole answer, within a length and without silence for longer than the timeout. Proxies are those of the
 * environment. Rejects only when the signal is aborted, or when the body that is to be sent cannot be read.
 */
export async function webRequest(request: WebRequest): Promise<WebAnswer | WebTrouble> {
  const address = URL.parse(request.url);
  if (address === null || !/^https?:$/.test(address.protocol)) {
    return { trouble: `${withoutCredentials(request.url)} is no http or https address`, hint: "Correct the address.", again: false };
  }
  try {
    return await answerOf(request, address);
  } catch (error) {
    request.signal?.throwIfAborted();
    if (error instanceof BodyError) throw error.cause;
    const { message, hint, again } = networkTrouble(error, address.host, serviceHint);
    return { trouble: message, hint, again };
  }
}

/** The body that was to be sent could not be read: no failure of the network. */
class BodyError extends Error {}

async function answerOf(request: WebRequest, address: URL): Promise<WebAnswer> {
  const { timeoutMs = usualTimeoutMs, maxBytes = usualMaxBytes, signal } = request;
  const sent = start(request, address, timeoutMs);
  const silent = new TransferError(`${address.host} did not answer within ${timeoutMs / 1000} s`, { again: true, hint: serviceHint });
  const ended = Promise.withResolvers<never>();
  // A request that has no socket yet, because its proxy is still opening the tunnel, reports no error when it is destroyed.
  const end = (error: unknown) => {
    sent.destroy();
    ended.reject(error);
  };
  const stop = () => end(signal?.reason);
  // The socket's timeout starts with the connection.
  const connecting = setTimeout(() => end(silent), timeoutMs);
  sent.once("socket", (socket) => {
    if (socket.connecting) socket.once("connect", () => clearTimeout(connecting));
    else clearTimeout(connecting);
  });
  sent.setTimeout(timeoutMs, () => end(silent));
  signal?.addEventListener("abort", stop, { once: true });
  let reading: NodeJS.Timeout | undefined;
  try {
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once("response", resolve);
      sent.on("error", reject);
      ended.promise.catch(reject);
    });
    // A server may refuse a request before it has read all of it: its answer counts, and the rest is not sent.
    response.catch(() => undefined);
    await Promise.race([send(sent, request.body, response), response]);
    const answer = await response;
    const slow = new TransferError(`${address.host} did not send its answer within ${(slowFactor * timeoutMs) / 1000} s`, {
      again: true,
      hint: serviceHint,
    });
    reading = setTimeout(() => end(slow), slowFactor * timeoutMs);
    const body = await Promise.race([bodyOf(answer, maxBytes, address.host), ended.promise]);
    return { status: answer.statusCode ?? 0, headers: textsOf(answer.headers), body };
  } finally {
    clearTimeout(connecting);
    clearTimeout(reading);
    signal?.removeEventListener("abort", stop);
    sent.destroy();
  }
}

function start({ method, headers, body, security, signal }: WebRequest, address: URL, timeout: number): http.ClientRequest {
  signal?.throwIfAborted();
  const secure = address.protocol === "https:";
  const length = body === undefined ? undefined : typeof body === "string" ? Buffer.byteLength(body) : body.bytes;
  return (secure ? https : http).request(address, {
    method,
    timeout,
    agent: agentFor(address, security, pemHint),
    headers: {
      "user-agent": "virtform",
      accept: "*/*",
      "accept-encoding": "identity",
      ...(length === undefined ? {} : { "content-length": length }),
      ...headers,
    },
  });
}

/** Sends the body, and closes it as soon as the request has ended: `response` settles then also where the request emits nothing. */
async function send(request: http.ClientRequest, body: WebRequest["body"], response: Promise<unknown>): Promise<void> {
  if (body === undefined || typeof body === "string") return void request.end(body);
  const failed = new Promise<void>((resolve) => void response.catch(() => resolve()));
  // One listener for all pieces: `once` leaves that of an event that does not come.
  const over = Promise.race([once(request, "close"), failed]);
  over.catch(() => undefined);
  const pieces = body.read()[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await pieces.next().catch((cause: unknown) => {
        throw new BodyError("the body cannot be read", { cause });
      });
      if (next.done === true || request.destroyed) break;
      if (!request.write(next.value)) await Promise.race([once(request, "drain"), over]);
    }
  } finally {
    await pieces.return?.();
  }
  request.end();
}

async function bodyOf(response: IncomingMessage, maxBytes: number, host: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response) {
    bytes += (piece as Buffer).length;
    if (bytes > maxBytes)
      throw new TransferError(`the answer of ${host} is longer than ${maxBytes} bytes`, { again: false, hint: serviceHint });
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces);
}

function textsOf(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
    ),
  );
}
