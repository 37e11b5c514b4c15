import assert from "node:assert/strict";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { frameBytes } from "../../../../src/host/ssh/frames.ts";
import { createSshHost } from "../../../../src/host/ssh/ssh.ts";
import { RefusedError } from "../../../../src/model/errors.ts";
import { testDirectory } from "../directory.ts";
import { fakeSsh, target } from "./fake-ssh.ts";

/** What a peer sends as a file, pulled to `to`. */
async function pulled(t: TestContext, frames: readonly (readonly [message: object, data?: Uint8Array])[]) {
  const directory = await testDirectory(t);
  writeFileSync(`${directory}/answer`, Buffer.concat(frames.map(([message, data]) => frameBytes(message, data))));
  // The helper that the channel starts is this program.
  writeFileSync(`${directory}/python3`, `#!/bin/sh\nexec cat ${directory}/answer\n`, { mode: 0o755 });
  process.env["VIRTFORM_SSH"] = fakeSsh(t, { channel: `PATH=${directory}:$PATH; exec sh -c "$last"` }).program;
  const host = createSshHost(target);
  t.after(() => host.close());
  const to = `${directory}/image`;
  return { to, done: host.pull({ from: "/srv/_base/image", to, digests: ["sha256"] }) };
}

test("a file of a peer that is nearly nothing but holes is refused before they are digested", async (t) => {
  const data = Buffer.alloc(4096, 1);
  for (const frames of [
    [[{ sent: 2 ** 46 }]],
    [[{ at: 2 ** 46 }, data], [{ sent: 2 ** 46 + 4096 }]],
    [[{ at: 0 }, data], [{ sent: 2 ** 50 }]],
  ] as const) {
    const started = performance.now();
    const { to, done } = await pulled(t, frames);
    await assert.rejects(done, (error) => {
      assert.ok(error instanceof RefusedError);
      assert.equal(error.code, "image-bomb");
      assert.match(error.message, /\/srv\/_base\/image of root@kvm1 has \d+(?:TiB|PiB) with (?:0B|4KiB) of data/);
      return true;
    });
    assert.ok(performance.now() - started < 20_000);
    assert.ok(!existsSync(to));
  }
});

test("a file of a peer with usual holes arrives with them", async (t) => {
  const { to, done } = await pulled(t, [[{ at: 2 ** 20 }, Buffer.alloc(4096, 1)], [{ sent: 2 ** 22 }]]);
  assert.equal((await done).bytes, 2 ** 22);
  assert.ok(statSync(to).blocks * 512 < 2 ** 20);
});
