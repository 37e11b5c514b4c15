import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import type { TestContext } from "node:test";

/** Serves files on loopback, counts what is asked for, and can be told to stop in the middle. */
export interface ImageServer {
  /** The URL under which a file is served. */
  url(path: string): string;
  /** Number of GET requests by file name. */
  readonly requests: ReadonlyMap<string, number>;
  /** From now on answers to GET stop after this many bytes and stay open; Infinity lets them run. */
  stallAfter: number;
  /** Resolves when an answer has been stopped in the middle. */
  stalled(): Promise<void>;
  /** Hangs up on everybody. */
  hangUp(): void;
}

/** Starts a server for the duration of a test. */
export async function serveImages(t: TestContext, paths: readonly string[]): Promise<ImageServer> {
  const files = new Map(paths.map((path) => [basename(path), path]));
  const requests = new Map<string, number>();
  let announce = () => {};
  let stalled = new Promise<void>((resolve) => {
    announce = resolve;
  });
  const server = createServer(async (request, response) => {
    const name = basename(request.url ?? "");
    const path = files.get(name);
    if (path === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { size } = await stat(path);
    response.writeHead(200, { "content-length": size, "content-type": "application/octet-stream" });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    requests.set(name, (requests.get(name) ?? 0) + 1);
    if (await send(path, Math.min(size, images.stallAfter), response)) {
      if (images.stallAfter < size) announce();
      else response.end();
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const images: ImageServer = {
    url: (path) => `http://127.0.0.1:${port}/${basename(path)}`,
    requests,
    stallAfter: Number.POSITIVE_INFINITY,
    hangUp: () => server.closeAllConnections(),
    async stalled() {
      await stalled;
      stalled = new Promise((resolve) => {
        announce = resolve;
      });
    },
  };
  return images;
}

/** Sends the first bytes of a file; false when the other side hung up. */
async function send(path: string, bytes: number, response: ServerResponse): Promise<boolean> {
  if (bytes === 0) return true;
  try {
    await pipeline(createReadStream(path, { end: bytes - 1 }), response, { end: false });
    return true;
  } catch {
    return false;
  }
}
