/** A web server on loopback: `node file-server.ts DIRECTORY` serves the files there and prints its address. */
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";

const directory = process.argv[2] ?? ".";
const server = createServer((request, response) => {
  const path = join(directory, basename(request.url ?? ""));
  response.writeHead(200, { "content-length": statSync(path).size, etag: '"1"' });
  createReadStream(path, { highWaterMark: 2 ** 20 }).pipe(response);
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
