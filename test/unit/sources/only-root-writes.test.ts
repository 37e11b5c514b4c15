import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileStat, Host } from "../../../src/model/host.ts";
import { onlyRootWrites } from "../../../src/sources/only-root-writes.ts";

const path = "/srv/images/a.qcow2";
const safe = {
  "/": ["directory", 0o755],
  "/srv": ["directory", 0o755],
  "/srv/images": ["directory", 0o755],
  [path]: ["file", 0o644],
} as const;
type Entries = Readonly<Record<string, readonly [type: FileStat["type"], mode: number, uid?: number]>>;

function hostWith(entries: Entries): Pick<Host, "files"> {
  const stat = async (name: string) => {
    const [type, mode, uid = 0] = entries[name] ?? [];
    return type === undefined ? undefined : { type, mode, uid };
  };
  return { files: { stat } } as unknown as Host;
}

const cases: readonly (readonly [what: string, changed: Entries, expected: boolean])[] = [
  ["a file of root below directories of root", {}, true],
  ["a directory with the sticky bit above it", { "/srv": ["directory", 0o1777] }, true],
  ["a file that its group may write", { [path]: ["file", 0o664] }, false],
  ["a file of another user", { [path]: ["file", 0o644, 1000] }, false],
  ["a directory that all may write", { "/srv/images": ["directory", 0o777] }, false],
  ["a directory of another user", { "/srv": ["directory", 0o755, 1000] }, false],
  ["a directory in its place", { [path]: ["directory", 0o755] }, false],
];

for (const [what, changed, expected] of cases) {
  test(`only root writes: ${what}: ${expected ? "yes" : "no"}`, async () => {
    assert.equal(await onlyRootWrites(hostWith({ ...safe, ...changed }), path), expected);
  });
}

test("only root writes: not a file that is missing", async () => {
  assert.equal(await onlyRootWrites(hostWith(safe), "/srv/images/b.qcow2"), false);
});
