import assert from "node:assert/strict";
import { test } from "node:test";
import { differenceWords, injectedWords, injectionRecord } from "../../../../../src/kinds/disk/injection/record.ts";
import type { Injection } from "../../../../../src/kinds/terms/injection.ts";

const full: Injection = {
  partition: "inspect",
  publicKey: "ssh-ed25519 AAAA",
  network: [{ path: "/etc/network/interfaces", content: "auto lo\n" }],
  metadata: "{}",
  password: { env: "ROOT" },
  files: [{ path: "/a", base64: "", mode: null, owner: null }],
  emulated: false,
};

test("a record names its parts, each with a digest, and knows nothing of the accelerator", () => {
  const record = injectionRecord(full);
  assert.match(
    record,
    /^partition inspect, key [0-9a-f]{12}, network [0-9a-f]{12}, metadata [0-9a-f]{12}, password [0-9a-f]{12}, 1 file [0-9a-f]{12}$/,
  );
  assert.equal(injectionRecord({ ...full, emulated: true }), record);
  assert.equal(injectedWords(record), "key, network, metadata, password and 1 file");
});

test("what differs between two records is named", () => {
  const record = injectionRecord(full);
  const two = { ...full, partition: 2, files: [...full.files, ...full.files] } as const;
  assert.equal(differenceWords(record, injectionRecord(two)), "partition and files");
  assert.equal(differenceWords(record, injectionRecord({ ...full, publicKey: null })), "key");
  assert.equal(differenceWords(record, record), "");
});
