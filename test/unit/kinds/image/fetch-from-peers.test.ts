import assert from "node:assert/strict";
import { createHash } from "node:crypto";
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

test("the record of a base image from a peer names who signed its checksum", async () => {
  const bytes = Buffer.alloc(4096);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const { config, context } = await runOn(createWorld().boot(), yaml.replace("a".repeat(64), sha256), {
    openPeer: async () => ({
      name: "root@kvm2",
      files: { readMany: async () => [undefined], statMany: async () => [{ type: "file", size: 4096, allocated: 0 } as FileStat] },
      pull: async ({ to }) => {
        await context.host.files.writeAtomic(to, bytes);
        return { bytes: 4096, digests: { sha256 } };
      },
    }),
  });
  const signed = { file: "https://images.test/SHA256SUMS", pinned: true, signer: "AB (Publisher)" };
  const spec = { ...desiredImage({ config, settings: context.settings, facts: factsWith() }, "debian"), signed };
  await context.host.files.makeDirectory(context.layout.base);
  const found = await fetchFromPeers(context, spec, { maxBytes: 2 ** 20 }, () => undefined);
  assert.deepEqual("sidecar" in found ? found.sidecar.signed : found, { file: signed.file, signer: signed.signer });
  await context.host.close();
});
