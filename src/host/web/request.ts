import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import tls from "node:tls";
import type { WebAnswer, WebRequest, WebSecurity, WebTrouble } from "../../model/web.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";
import { networkTrouble, TransferError } from "./transfer-error.ts";

const usualTimeoutMs = 30_000;
const usualMaxBytes = 4 * 2 ** 20;

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
    const { message, hint, again } = networkTrouble(error, address.host);
    return { trouble: message, hint, again };
  }
}

/** The body that was to be sent could not be read: no failure of the network. */
class BodyError extends Error {}

async function answerOf(request: WebRequest, address: URL): Promise<WebAnswer> {
  const { timeoutMs = usualTimeoutMs, maxBytes = usualMaxBytes, signal } = request;
  const sent = start(request, address);
  const silent = new TransferError(`${address.host} did not answer within ${timeoutMs / 1000} s`, { again: true });
  const watch = () => sent.setTimeout(timeoutMs, () => sent.destroy(silent));
  watch();
  const stop = () => sent.destroy();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once("response", resolve);
      sent.on("error", reject);
    });
    // A server may refuse a request before it has read all of it: its answer counts, and the rest is not sent.
    response.catch(() => undefined);
    await Promise.race([send(sent, request.body), response]);
    const { statusCode = 0, headers, ...rest } = await bodyOf(await response, maxBytes, address.host);
    return { status: statusCode, headers: textsOf(headers), body: rest.body };
  } finally {
    signal?.removeEventListener("abort", stop);
    sent.destroy();
  }
}

function start({ method, headers, body, security, signal }: WebRequest, address: URL): http.ClientRequest {
  signal?.throwIfAborted();
  const secure = address.protocol === "https:";
  const length = body === undefined ? undefined : typeof body === "string" ? Buffer.byteLength(body) : body.bytes;
  return (secure ? https : http).request(address, {
    method,
    agent: secure ? new https.Agent({ proxyEnv: process.env, ...optionsOf(security) }) : new http.Agent({ proxyEnv: process.env }),
    headers: {
      "user-agent": "virtform",
      accept: "*/*",
      "accept-encoding": "identity",
      ...(length === undefined ? {} : { "content-length": length }),
      ...headers,
    },
  });
}

function optionsOf({ authorities, client, insecure }: WebSecurity = {}): https.AgentOptions {
  const known = [...new Set([...tls.getCACertificates("default"), ...tls.getCACertificates("system")])];
  return {
    ca: authorities === undefined ? known : [...known, authorities],
    ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
    ...(insecure === true ? { rejectUnauthorized: false } : {}),
  };
}

async function send(request: http.ClientRequest, body: WebRequest["body"]): Promise<void> {
  if (body === undefined || typeof body === "string") return void request.end(body);
  const pieces = body.read()[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await pieces.next().catch((cause: unknown) => {
        throw new BodyError("the body cannot be read", { cause });
      });
      if (next.done === true || request.destroyed) break;
      if (!request.write(next.value)) await Promise.race([once(request, "drain"), once(request, "close")]);
    }
  } finally {
    await pieces.return?.();
  }
  request.end();
}

async function bodyOf(response: IncomingMessage, maxBytes: number, host: string) {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response) {
    bytes += (piece as Buffer).length;
    if (bytes > maxBytes) throw new TransferError(`the answer of ${host} is longer than ${maxBytes} bytes`, { again: false });
    pieces.push(piece as Buffer);
  }
  return { statusCode: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) };
}

function textsOf(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
    ),
  );
}
