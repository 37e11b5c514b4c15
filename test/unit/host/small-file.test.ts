import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { smallFile } from "../../../src/host/web/small-file.ts";

test("a server that sends a small file byte by byte is given up", { timeout: 20_000 }, async (context) => {
  const server = createServer((_request, response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write("x"), 20);
    response.on("close", () => clearInterval(drip));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/SHA256SUMS`;
  await assert.rejects(smallFile({ url, maxBytes: 2 ** 22, timeoutMs: 300, signal: context.signal }), /sent less than 64KiB/);
});
