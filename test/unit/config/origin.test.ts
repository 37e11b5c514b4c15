import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { originOf } from "../../../src/config/origin.ts";

function tree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "virtform-origin-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries({ "site/web/virtform.yaml": "", ...files })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return join(root, "site/web");
}

const config = (url: string) =>
  `[core]\n\tbare = false\n[remote "upstream"]\n\turl = nonsense\n[remote "origin"]\n\tfetch = +refs\n\turl = ${url}\n[branch "main"]\n`;

for (const url of [
  "https://github.com/acme/site.git",
  "https://user:token@github.com/acme/site",
  "ssh://git@github.com/acme/site.git/",
  "git@github.com:acme/site.git",
]) {
  test(`all addresses of a repository are one origin: ${url}`, async (t) => {
    assert.equal(await originOf(tree(t, { "site/.git/config": config(url) })), "github.com/acme/site//web");
  });
}

test("the top of a repository, a worktree, and a port", async (t) => {
  const top = dirname(tree(t, { "site/.git/config": config("git@github.com:acme/site.git") }));
  assert.equal(await originOf(top), "github.com/acme/site");
  const worktree = tree(t, {
    "main/.git/config": config("ssh://git@git.test:2222/acme/site.git"),
    "main/.git/worktrees/w/commondir": "../..\n",
    "site/.git": "gitdir: ../main/.git/worktrees/w\n",
  });
  assert.equal(await originOf(worktree), "git.test:2222/acme/site//web");
});

test("without a repository, or without a remote, it is the directory on this machine", async (t) => {
  const plain = tree(t, {});
  assert.equal(await originOf(plain), `${hostname()}:${plain}`);
  const local = tree(t, { "site/.git/config": "[core]\n" });
  assert.equal(await originOf(local), `${hostname()}:${local}`);
});
