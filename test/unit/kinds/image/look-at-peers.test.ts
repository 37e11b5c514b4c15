import assert from "node:assert/strict";
import { test } from "node:test";
import { desiredImage } from "../../../../src/kinds/image/desired.ts";
import { lookAtPeers } from "../../../../src/kinds/image/look-at-peers.ts";
import { lookAtPeer } from "../../../../src/kinds/image/peer-base.ts";
import { UnreachableError, userError } from "../../../../src/model/errors.ts";
import type { FileStat } from "../../../../src/model/host.ts";
import type { Peer } from "../../../../src/model/peer.ts";
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

for (const [cache, there] of [
  ["images", "images"],
  ["images", "_base"],
  ["_base", "_base"],
] as const) {
  test(`a peer with its base images in ${there} is found by a host with ${cache}`, async () => {
    const bytes = "b".repeat(64);
    const named = yaml
      .replace("virt_type: qemu,", `virt_type: qemu, image_cache_subdirectory_name: ${cache},`)
      .replace("disk_format: raw", `disk_format: raw, checksum: "sha256:${bytes}"`);
    const { config, context } = await runOn(createWorld().boot(), named);
    const spec = desiredImage({ config, settings: context.settings, facts: factsWith() }, "debian");
    const path = `${context.layout.root}/${there}/${spec.entry}`;
    const files: Peer["files"] = {
      readMany: async (requests) => requests.map(() => undefined),
      statMany: async (paths) => paths.map((one) => (one === path ? ({ type: "file", size: 4096, allocated: 0 } as FileStat) : undefined)),
    };
    const found = await lookAtPeer(
      context,
      { name: "root@kvm2", files, pull: async () => assert.fail("nothing is transferred") },
      "ssh://root@kvm2",
      spec,
    );
    assert.equal(typeof found === "string" ? found : found.path, path);
    await context.host.close();
  });
}
