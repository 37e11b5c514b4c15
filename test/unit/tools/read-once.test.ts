import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "../../../src/model/context.ts";
import { readManyOnce } from "../../../src/tools/read-once.ts";

/** A machine with these files, of which `denied` cannot be read; `asked` names what was read. */
function machine(files: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const readMany = async (requests: readonly { readonly path: string; readonly length?: number }[]) => {
    asked.push(...requests.map(({ path, length }) => `${path}:${length}`));
    if (requests.some(({ path }) => path === "denied")) throw new Error("denied");
    return requests.map(({ path, length }) => (files[path] === undefined ? undefined : Buffer.from(files[path]).subarray(0, length)));
  };
  return { asked, context: { host: { files: { readMany } } as unknown as Context["host"], look: {} } };
}

const texts = (contents: readonly (Buffer | undefined)[]) => contents.map((content) => content?.toString());

test("within one look a file is read once, also when a shorter part is asked for later", async () => {
  const { asked, context } = machine({ a: "abcdef", b: "xyz" });
  assert.deepEqual(texts(await readManyOnce(context, [{ path: "a", length: 6 }])), ["abcdef"]);
  const again = readManyOnce(context, [
    { path: "b", length: 2 },
    { path: "a", length: 3 },
    { path: "missing", length: 3 },
  ]);
  const meanwhile = readManyOnce(context, [{ path: "missing", length: 1 }]);
  assert.deepEqual(texts(await again), ["xy", "abc", undefined]);
  assert.deepEqual(texts(await meanwhile), [undefined]);
  assert.deepEqual(asked, ["a:6", "b:2", "missing:3"]);
  assert.deepEqual(texts(await readManyOnce(context, [{ path: "b", length: 3 }])), ["xyz"]);
});

test("another look, and none, read again", async () => {
  const { asked, context } = machine({ a: "abc" });
  for (const look of [{}, {}]) await readManyOnce({ ...context, look }, [{ path: "a", length: 3 }]);
  for (let time = 0; time < 2; time += 1) await readManyOnce({ host: context.host }, [{ path: "a", length: 3 }]);
  assert.equal(asked.length, 4);
});

test("a file that cannot be read fails those who asked for it, and no others", async () => {
  const { context } = machine({ a: "abc" });
  const both = readManyOnce(context, [
    { path: "a", length: 3 },
    { path: "denied", length: 3 },
  ]);
  const one = readManyOnce(context, [{ path: "a", length: 3 }]);
  await assert.rejects(both, /denied/);
  assert.deepEqual(texts(await one), ["abc"]);
});
