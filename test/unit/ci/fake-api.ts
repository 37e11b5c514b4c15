import http from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** A request as the API saw it. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
  readonly headers: http.IncomingHttpHeaders;
}

/** An answer that is not the usual one. */
export interface Fault {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly message?: string;
  /** Whether the request takes effect before it fails. */
  readonly afterEffect?: boolean;
}

/** What an API does with a request: the value of its answer, `undefined` for what does not exist, or bytes. */
export type Answer = (call: Call) => unknown;

/** A server on loopback with an API. `faults` answer the next requests that they match, each once. */
export interface FakeApi {
  readonly url: string;
  readonly calls: Call[];
  readonly faults: { match: string; fault: Fault }[];
}

/** Starts a server that answers with JSON, in pages where the answer is a list. */
export async function startFakeApi(t: TestContext, answer: Answer): Promise<FakeApi> {
  const calls: Call[] = [];
  const faults: FakeApi["faults"] = [];
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url ?? "", "http://fake");
    let text = "";
    for await (const part of request) text += part;
    const { method = "" } = request;
    const body = text === "" ? {} : JSON.parse(text);
    const call: Call = { method, path: url.pathname, query: url.searchParams, body, headers: request.headers };
    calls.push(call);
    const at = faults.findIndex(({ match }) => `${method} ${url.pathname}`.includes(match));
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault;
    if (fault !== undefined) {
      if (fault.afterEffect === true) answer(call);
      response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
      response.end(JSON.stringify({ message: fault.message ?? "refused" }));
      return;
    }
    const value = answer(call);
    if (value === undefined) {
      response.writeHead(404, { "content-type": "application/json" }).end('{"message":"Not Found"}');
    } else if (Buffer.isBuffer(value)) {
      response.writeHead(200).end(value);
    } else {
      response.writeHead(method === "POST" ? 201 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(Array.isArray(value) ? pageOf(value, url.searchParams) : value));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, faults };
}

function pageOf(list: readonly unknown[], query: URLSearchParams): readonly unknown[] {
  const size = Number(query.get("per_page") ?? 20);
  return list.slice((Number(query.get("page") ?? 1) - 1) * size).slice(0, size);
}
