import assert from "node:assert/strict";
import { test } from "node:test";
import { lookAtPeers } from "../../../../src/kinds/image/look-at-peers.ts";
import { UnreachableError, userError } from "../../../../src/model/errors.ts";
import { createWorld, runOn } from "../../../crash/world.ts";
import { factsWith } from "../../drivers/planning.ts";

const yaml = `
project: shop
host: { virt_type: qemu, image_peers: [ssh://root@kvm2, ssh://root@kvm3] }
images:
  debian: { source: https://images.test/debian.raw, disk_format: raw }
`;

test("a stopped look is reported as stopped, not as peers that do not answer", async () => {
  const stop = new AbortController();
  const asked: string[] = [];
  const { config, context } = await runOn(createWorld().boot(), yaml, {
    openPeer: async (address) => {
      asked.push(address);
      stop.abort(userError("stopped", "Stopped at once, as asked", ""));
      throw new UnreachableError("The connection was lost.");
    },
  });
  await assert.rejects(lookAtPeers({ ...context, signal: stop.signal }, config, factsWith()), /Stopped at once, as asked/);
  assert.equal(asked.length, 1);
  await context.host.close();
});
