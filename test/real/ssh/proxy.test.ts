import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { testDirectory } from "../../unit/host/directory.ts";
import { startProxy, startServer, whole } from "../../unit/host/web-server.ts";
import { startSshd } from "./sshd.ts";

test("a host that downloads itself uses the proxies of its environment, not those of this machine", async (t) => {
  const content = Buffer.from("an image");
  const { origin } = await startServer(t, whole(content));
  const [there, here] = [await startProxy(t), await startProxy(t)];
  const sshd = await startSshd(t, [`SetEnv http_proxy=http://${there.address} no_proxy=images.example.org`]);
  process.env["VIRTFORM_SSH"] = sshd.program;
  process.env["http_proxy"] = `http://${here.address}`;
  t.after(() => {
    delete process.env["VIRTFORM_SSH"];
    delete process.env["http_proxy"];
  });
  const host = createSshHost(sshd.target);
  t.after(() => host.close());
  const to = `${await testDirectory(t)}/image`;
  await host.download({ url: `${origin}/x`, to, digests: [] });
  assert.equal(readFileSync(to, "utf8"), "an image");
  assert.deepEqual(there.seen, [`GET ${origin}/x`]);
  assert.deepEqual(here.seen, []);
});
