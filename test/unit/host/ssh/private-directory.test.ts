import assert from "node:assert/strict";
import { chmodSync, lstatSync, mkdirSync, realpathSync, rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { makePrivateDirectory } from "../../../../src/host/ssh/private-directory.ts";
import { testDirectory } from "../directory.ts";

test("the directory for sockets of a connection is made in the runtime directory, unless others could replace it there", async (t) => {
  const runtime = `${realpathSync(await testDirectory(t))}/r`;
  mkdirSync(runtime, { mode: 0o700 });
  const before = process.env["XDG_RUNTIME_DIR"];
  process.env["XDG_RUNTIME_DIR"] = runtime;
  t.after(() => {
    if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
    else process.env["XDG_RUNTIME_DIR"] = before;
  });
  const own = makePrivateDirectory();
  assert.equal(dirname(own), runtime);
  assert.equal(lstatSync(own).mode & 0o777, 0o700);
  chmodSync(runtime, 0o777);
  const elsewhere = makePrivateDirectory();
  t.after(() => rmdirSync(elsewhere));
  assert.notEqual(dirname(elsewhere), runtime);
});
