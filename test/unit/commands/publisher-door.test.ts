import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { publisherDoor } from "../../../src/commands/publisher-door.ts";
import { testDirectory } from "../host/directory.ts";
import { startServer } from "../host/web-server.ts";

test("an image without credentials does not decide what another one with credentials gets", async (context) => {
  const server = createServer(({ headers }, response) => {
    response.statusCode = headers.authorization === undefined ? 401 : 200;
    response.end("sums");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/SHA256SUMS`;
  const door = publisherDoor({ XDG_CACHE_HOME: await testDirectory(context) });
  const { signal } = context;
  const refused = await door.fetch(url, { signal });
  assert.match("summary" in refused ? refused.summary : "", /401/);
  const given = await door.fetch(url, { access: { headers: { authorization: "Bearer x" } }, signal });
  assert.equal("bytes" in given ? given.bytes.toString() : given.summary, "sums");
});

test("a file whose plan was stopped is asked for again by the next plan", async (context) => {
  const { origin } = await startServer(context, (_request, response) => void response.end("sums"));
  const door = publisherDoor({ XDG_CACHE_HOME: await testDirectory(context) });
  await assert.rejects(door.fetch(`${origin}/SHA256SUMS`, { signal: AbortSignal.abort() }), { name: "AbortError" });
  const given = await door.fetch(`${origin}/SHA256SUMS`, { signal: context.signal });
  assert.equal("bytes" in given ? given.bytes.toString() : given.summary, "sums");
});
