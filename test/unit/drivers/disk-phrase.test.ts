import assert from "node:assert/strict";
import { test } from "node:test";
import { diskPhrase, diskPhraseFirst } from "../../../src/drivers/disk-phrase.ts";
import { instanceOwner, volumeOwner } from "../../../src/kinds/terms/disk-owner.ts";
import { createLayout } from "../../../src/model/layout.ts";

const layout = createLayout("/srv/instances");

test("messages name a disk by what it is and whose it is", () => {
  const owner = instanceOwner(layout, "11111111-2222-4333-8444-555555555555", "web", false);
  const phrases = ["disk", "disk.swap", "disk.eph0", "disk.config", "kernel", "kernel.rescue"].map((name) => diskPhrase({ name, owner }));
  assert.deepEqual(phrases, [
    "root disk of web",
    "swap disk of web",
    "eph0 disk of web",
    "config drive of web",
    "kernel of web",
    "kernel.rescue of web",
  ]);
  assert.equal(diskPhraseFirst({ name: "disk", owner }), "Root disk of web");
});

test("a volume is named as a volume", () => {
  const owner = volumeOwner(layout, "11111111-2222-4333-8444-555555555555", "data", false);
  assert.equal(diskPhrase({ name: "disk", owner }), "volume data");
});
