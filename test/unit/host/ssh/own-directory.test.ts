import assert from "node:assert/strict";
import { chmodSync, lstatSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { ownDirectory } from "../../../../src/host/ssh/own-directory.ts";
import { testDirectory } from "../directory.ts";

test("sockets of connections are below the runtime directory, else below the cache, in directories that are made for this user alone", async (t) => {
  const base = realpathSync(await testDirectory(t));
  const [runtime, cache] = [`${base}/runtime`, `${base}/cache`];
  for (const path of [runtime, cache]) mkdirSync(path, { mode: 0o755 });
  assert.equal(ownDirectory({ XDG_RUNTIME_DIR: runtime, XDG_CACHE_HOME: cache }), `${runtime}/virtform`);
  assert.equal(ownDirectory({ XDG_CACHE_HOME: cache }), `${cache}/virtform/ssh`);
  for (const path of [`${runtime}/virtform`, `${cache}/virtform/ssh`]) assert.equal(lstatSync(path).mode & 0o777, 0o700);
  symlinkSync(runtime, `${base}/link`);
  assert.equal(
    ownDirectory({ XDG_RUNTIME_DIR: `${base}/link`, XDG_CACHE_HOME: cache }),
    `${runtime}/virtform`,
    "the way there may have links",
  );
  for (const odd of ["relative", `${base}/none`]) {
    assert.equal(ownDirectory({ XDG_RUNTIME_DIR: odd, XDG_CACHE_HOME: cache }), `${cache}/virtform/ssh`);
  }
});

test("a directory that others may use or replace is not taken", async (t) => {
  const base = realpathSync(await testDirectory(t));
  const unsafe: Record<string, (path: string) => void> = {
    "others may write to the directory above": (path) => chmodSync(path, 0o777),
    "the group may write to the directory above": (path) => chmodSync(path, 0o770),
    "others may enter it": (path) => mkdirSync(`${path}/virtform`, { mode: 0o711 }),
    "a link is in its place": (path) => symlinkSync(base, `${path}/virtform`),
    "a file is in its place": (path) => writeFileSync(`${path}/virtform`, ""),
  };
  for (const [what, make] of Object.entries(unsafe)) {
    const path = `${base}/${what}`;
    mkdirSync(path);
    make(path);
    const found = ownDirectory({ XDG_RUNTIME_DIR: path, XDG_CACHE_HOME: `${base}/none` });
    assert.equal(found, undefined, what);
  }
  const sticky = `${base}/sticky`;
  mkdirSync(sticky);
  chmodSync(sticky, 0o1777);
  assert.equal(ownDirectory({ XDG_RUNTIME_DIR: sticky }), `${sticky}/virtform`, "as in /tmp, only owners rename there");
});
