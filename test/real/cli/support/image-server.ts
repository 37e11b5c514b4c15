import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import type { TestContext } from "node:test";

/** Serves files on loopback as they are at the moment, and can hold back the second half of each until it is let go. */
export interface ImageServer {
  url(path: string): string;
  /** Holds back from now on. */
  hold(): void;
  /** Lets go of everything that is held back, and holds back no more. */
  release(): void;
  /** Resolves when an answer is held back. */
  readonly held: Promise<void>;
}

/** Starts a server for the duration of a test. */
export async function serveImages(t: TestContext, directory: string): Promise<ImageServer> {
  const held = Promise.withResolvers<void>();
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const server = createServer(async (request, response) => {
    const content = await readFile(`${directory}/${basename(request.url ?? "")}`).catch(() => undefined);
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-length": content.length });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    const half = content.length >> 1;
    const { promise } = gate;
    response.write(content.subarray(0, half), () => {
      if (holding) held.resolve();
      promise.then(() => response.end(content.subarray(half)));
    });
  });
  let holding = false;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    gate.resolve();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `http://127.0.0.1:${port}/${basename(path)}`,
    hold() {
      holding = true;
      gate = Promise.withResolvers();
    },
    release() {
      holding = false;
      gate.resolve();
    },
    held: held.promise,
  };
}
