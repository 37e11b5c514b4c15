import assert from "node:assert/strict";
import { after, test } from "node:test";
import { downloadWithCurl } from "../../../src/host/ssh/download.ts";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { testDirectory } from "../../unit/host/directory.ts";
import { mirrorCases } from "../../unit/host/mirror-cases.ts";
import { startServer, status, whole } from "../../unit/host/web-server.ts";
import { startSshd } from "./sshd.ts";

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const host = createSshHost(sshd.target);
after(() => host.close());

mirrorCases("over ssh", (request) =>
  downloadWithCurl((command) => host.run(command), host.files, request, { retries: 3, pauseMs: 1, maxPauseMs: 10 }),
);

test("over ssh: a server that is busy is asked again after the time that it states", async (context) => {
  const { origin } = await startServer(context, status(503, { "retry-after": "2" }), whole(Buffer.from("content")));
  const request = { url: `${origin}/x`, to: `${await testDirectory(context)}/x.part`, digests: ["sha256" as const] };
  const started = performance.now();
  const done = await downloadWithCurl((command) => host.run(command), host.files, request, { retries: 1, pauseMs: 1, maxPauseMs: 5000 });
  assert.equal(done.bytes, 7);
  assert.ok(performance.now() - started >= 2000, "the pause");
});
