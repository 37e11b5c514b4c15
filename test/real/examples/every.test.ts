import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { checkout } from "../support/virtform.ts";

/** Applied by containers.test.ts, as containers need a libvirt of the test's own. */
const withContainers = ["container"];

test("every example is applied by a test", async () => {
  const folders = (await readdir(`${checkout}examples`, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const files = (await readdir(import.meta.dirname)).filter((name) => name.endsWith(".test.ts") && name !== "every.test.ts");
  const texts = await Promise.all(files.map((name) => readFile(`${import.meta.dirname}/${name}`, "utf8")));
  const tried = texts.flatMap((text) =>
    Array.from(text.matchAll(/tryExample\("([^"]+)"|example of \[([^\]]+)\]\) tryExample\(example\)/g), ([, one, several]) =>
      one === undefined ? (JSON.parse(`[${several}]`) as string[]) : [one],
    ).flat(),
  );
  assert.deepEqual([...tried, ...withContainers].sort(), folders.map(({ name }) => name).sort());
});
