import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import type { TestContext } from "node:test";

/** Serves files on loopback as they are at the moment, and can stop in the middle of each until it is released. */
export interface ImageServer {
  readonly url: (path: string) => string;
  /** Downloads by file name. */
  readonly requests: ReadonlyMap<string, number>;
  /** From now on each answer stops after so many bytes; default: half of it. */
  readonly hold: (bytes?: number) => void;
  /** Sends the rest of what is held back, and holds back no more. */
  readonly release: () => void;
  /** Resolves when the first answer is held back. */
  readonly held: Promise<void>;
  /** Closes all connections. */
  readonly hangUp: () => void;
}

/** Starts a server for the duration of a test. `from`: a directory, or the files themselves. */
export async function serveImages(t: TestContext, from: string | readonly string[]): Promise<ImageServer> {
  const held = Promise.withResolvers<void>();
  const requests = new Map<string, number>();
  let released = Promise.withResolvers<void>();
  /** Bytes of each answer before it stops; undefined: it does not. */
  let limit: ((length: number) => number) | undefined;
  const pathOf = (name: string) => (typeof from === "string" ? `${from}/${name}` : from.find((path) => basename(path) === name));
  const server = createServer(async (request, response) => {
    const name = basename(request.url ?? "");
    const content = await readFile(pathOf(name) ?? "").catch(() => undefined);
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-length": content.length, "content-type": "application/octet-stream" });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    requests.set(name, (requests.get(name) ?? 0) + 1);
    const first = limit?.(content.length) ?? content.length;
    if (first >= content.length) {
      response.end(content);
      return;
    }
    const { promise } = released;
    response.write(content.subarray(0, first), () => {
      held.resolve();
      promise.then(() => response.end(content.subarray(first)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hangUp = () => server.closeAllConnections();
  t.after(() => {
    released.resolve();
    hangUp();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `http://127.0.0.1:${port}/${basename(path)}`,
    requests,
    hold(bytes) {
      limit = (length) => bytes ?? length >> 1;
      released = Promise.withResolvers();
    },
    release() {
      limit = undefined;
      released.resolve();
    },
    held: held.promise,
    hangUp,
  };
}
