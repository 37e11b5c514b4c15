import assert from "node:assert/strict";
import { test } from "node:test";
import { novaName } from "../../../../src/kinds/image/nova-name.ts";

const entry = "0d5e6b61602d758984b3bf038267614d6016eb2a";

test("files that Nova keeps in _base are recognised by their names", () => {
  for (const name of [
    `${entry}_20`,
    `${entry}_10737418240`,
    `${entry}_sm`,
    "swap_512",
    "ephemeral_20_default",
    "ephemeral_20_40d1d2c",
    "ephemeral_20_linux",
    "fd0cb2f1-8375-44c9-b1f4-3e1f4c4a8ef0",
    `${entry}.info`,
  ])
    assert.match(novaName(name) ?? name, /Nova/);
});

test("other files are not", () => {
  for (const name of ["notes.txt", entry, `${entry}.json`, "ephemeral_20GiB_ext4_data_1234567", `${entry}_`])
    assert.equal(novaName(name), undefined, name);
});
