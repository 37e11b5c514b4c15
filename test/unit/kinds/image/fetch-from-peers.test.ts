import assert from "node:assert/strict";
import { test } from "node:test";
import { desiredImage } from "../../../../src/kinds/image/desired.ts";
import { fetchFromPeers } from "../../../../src/kinds/image/fetch-from-peers.ts";
import { UnreachableError } from "../../../../src/model/errors.ts";
import type { FileStat } from "../../../../src/model/host.ts";
import { createWorld, runOn } from "../../../crash/world.ts";
import { factsWith } from "../../drivers/planning.ts";

const yaml = `
project: shop
host: { virt_type: qemu, image_peers: [ssh://root@kvm2] }
images:
  debian: { source: https://images.test/debian.raw, disk_format: raw, checksum: "sha256:${"a".repeat(64)}" }
`;

test("bytes of a peer are never continued as an interrupted download", async () => {
  let recordDuringTransfer: unknown = "no transfer";
  const { config, context } = await runOn(createWorld().boot(), yaml, {
    openPeer: async () => ({
      name: "root@kvm2",
      files: { readMany: async () => [undefined], statMany: async () => [{ type: "file", size: 10, allocated: 10 } as FileStat] },
      pull: async () => {
        recordDuringTransfer = await context.host.files.stat(record);
        throw new UnreachableError("root@kvm2 does not answer.");
      },
    }),
  });
  const spec = desiredImage({ config, settings: context.settings, facts: factsWith() }, "debian");
  const record = context.layout.basePartRecord(spec.entry);
  await context.host.files.makeDirectory(context.layout.base);
  await context.host.files.writeAtomic(record, "{}");
  await fetchFromPeers(context, spec, { maxBytes: 2 ** 20 }, () => undefined);
  assert.equal(recordDuringTransfer, undefined);
  await context.host.close();
});
