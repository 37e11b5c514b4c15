import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { after, test } from "node:test";
import { downloadWithCurl } from "../../../src/host/ssh/download.ts";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { CodedError } from "../../../src/model/errors.ts";
import { testDirectory } from "../../unit/host/directory.ts";
import { honest, hostileAnswers, startHostileServer } from "../../unit/host/hostile-answers.ts";
import { startSshd } from "./sshd.ts";

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const host = createSshHost(sshd.target);
after(() => host.close());
const sha256 = createHash("sha256").update(honest).digest("hex");

// curl gives up a silent server after a minute, and that time cannot be shortened from outside.
for (const hostile of hostileAnswers.filter(({ isSilent }) => isSilent !== true)) {
  test(`fetched by the host: a server that ${hostile.name} ${hostile.code === undefined ? "gets no wrong byte in" : "is refused"}`, {
    timeout: 60_000,
  }, async (context) => {
    const directory = await testDirectory(context);
    const origin = await startHostileServer(context, hostile);
    const request = { url: `${origin}/x`, to: `${directory}/image.part`, digests: ["sha256"] as const, maxBytes: 2 ** 20 };
    const outcome = await downloadWithCurl((command) => host.run(command), host.files, request, {
      retries: 2,
      pauseMs: 1,
      maxPauseMs: 10,
    }).catch((error: unknown) => error);
    if (hostile.code === undefined) {
      assert.ok(!(outcome instanceof Error), String(outcome));
      assert.equal((outcome as { digests: { sha256: string } }).digests.sha256, sha256);
      return;
    }
    assert.ok(outcome instanceof CodedError, outcome instanceof Error ? outcome.stack : "it was accepted");
    assert.match(outcome.code, hostile.code, outcome.message);
    assert.deepEqual(readdirSync(directory), [], "nothing is left");
  });
}
