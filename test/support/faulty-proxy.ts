import { createServer, type IncomingMessage, request as requestOf, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** What goes wrong with one request. */
export interface Fault {
  /** Of `METHOD /path`. */
  readonly on: RegExp;
  /** How many requests it hits. Default: one. */
  times?: number;
  /** Milliseconds before the request goes on. */
  readonly delay?: number;
  /** Answers this status, and the server is not asked. */
  readonly status?: number;
  /** Closes the connection after so many bytes of the body of the answer. */
  readonly cutAfter?: number;
  /** Closes the connection after so many bytes of the body of the request. */
  readonly cutUploadAfter?: number;
  /** Changes this byte of the body of the answer. */
  readonly flipByte?: number;
  /** Changes the answer, read as JSON. */
  readonly lie?: (answer: Record<string, unknown>) => unknown;
}

/** A proxy in front of one server that fails on demand. */
export interface FaultyProxy {
  readonly url: string;
  /** `METHOD /path` of each request, with the range that it asks for. */
  readonly requests: string[];
  /** The first that matches a request hits it. */
  readonly faults: Fault[];
  stop(): Promise<void>;
}

/** Starts a proxy to `http://HOST:PORT` on loopback. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const requests: string[] = [];
  const faults: Fault[] = [];
  const take = (what: string): Fault | undefined => {
    const fault = faults.find(({ on }) => on.test(what));
    if (fault === undefined) return undefined;
    fault.times = (fault.times ?? 1) - 1;
    if (fault.times === 0) faults.splice(faults.indexOf(fault), 1);
    return fault;
  };
  const server = createServer(async (request, response) => {
    const what = `${request.method} ${request.url}`;
    const { range } = request.headers;
    requests.push(range === undefined ? what : `${what} ${range}`);
    const fault = take(what);
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    if (fault?.delay !== undefined) await pause(fault.delay);
    if (fault?.status !== undefined) {
      request.resume();
      response.writeHead(fault.status, { "content-type": "text/plain" }).end(`made by the test: ${fault.status}\n`);
      return;
    }
    const onward = requestOf(new URL(request.url ?? "/", target), { method: request.method, headers: request.headers }, (answer) =>
      answerTo(response, answer, fault).catch(() => response.destroy()),
    );
    onward.on("error", () => response.destroy());
    sendOn(request, onward, fault?.cutUploadAfter);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    faults,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sendOn(request: IncomingMessage, onward: ReturnType<typeof requestOf>, cutAfter: number | undefined): void {
  if (cutAfter === undefined) {
    request.pipe(onward);
    return;
  }
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes < cutAfter) {
      onward.write(chunk);
      return;
    }
    onward.destroy();
    request.socket.destroy();
  });
}

async function answerTo(response: ServerResponse, answer: IncomingMessage, fault: Fault | undefined): Promise<void> {
  if (fault?.lie !== undefined) {
    const pieces: Buffer[] = [];
    for await (const piece of answer) pieces.push(piece as Buffer);
    const body = Buffer.from(JSON.stringify(fault.lie(JSON.parse(Buffer.concat(pieces).toString("utf8")))));
    response.writeHead(answer.statusCode ?? 502, { ...answer.headers, "content-length": body.length }).end(body);
    return;
  }
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  let bytes = 0;
  for await (const piece of answer) {
    const chunk = Buffer.from(piece as Buffer);
    const at = (fault?.flipByte ?? -1) - bytes;
    if (at >= 0 && at < chunk.length) chunk[at] = (chunk[at] ?? 0) ^ 1;
    const rest = fault?.cutAfter === undefined ? chunk : chunk.subarray(0, Math.max(0, fault.cutAfter - bytes));
    await new Promise((resolve) => response.write(rest, resolve));
    bytes += rest.length;
    if (rest.length === chunk.length) continue;
    response.destroy();
    return;
  }
  response.end();
}
