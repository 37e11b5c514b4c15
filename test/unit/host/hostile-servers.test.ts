import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { type DownloadPatience, download } from "../../../src/host/web/download.ts";
import { RefusedError, UserError } from "../../../src/model/errors.ts";
import { testDirectory } from "./directory.ts";
import { honest, hostileAnswers, startHostileServer } from "./hostile-answers.ts";

const hurried: DownloadPatience = { connectMs: 300, idleMs: 300, slowMs: 600, retries: 2, pauseMs: 1, maxPauseMs: 10 };
const sha256 = createHash("sha256").update(honest).digest("hex");

for (const hostile of hostileAnswers) {
  test(`a server that ${hostile.name} ${hostile.code === undefined ? "gets no wrong byte in" : "is refused"}, in bounded time and memory`, {
    timeout: 20_000,
  }, async (context) => {
    const directory = await testDirectory(context);
    const origin = await startHostileServer(context, hostile);
    const before = process.memoryUsage.rss();
    const to = `${directory}/image.part`;
    const outcome = await download({ url: `${origin}/x`, to, digests: ["sha256"], maxBytes: 2 ** 20 }, hurried).catch(
      (error: unknown) => error,
    );
    assert.ok(process.memoryUsage.rss() - before < 150 * 2 ** 20, "memory");
    if (hostile.code === undefined) {
      assert.ok(!(outcome instanceof Error), String(outcome));
      assert.equal((outcome as { digests: { sha256: string } }).digests.sha256, sha256);
      return;
    }
    assert.ok(
      outcome instanceof RefusedError || outcome instanceof UserError,
      outcome instanceof Error ? outcome.stack : "it was accepted",
    );
    assert.match(outcome instanceof RefusedError ? outcome.code : (outcome.diagnostics[0]?.code ?? ""), hostile.code);
    assert.equal(existsSync(to), false);
    assert.deepEqual(readdirSync(directory), [], "nothing is left");
  });
}
