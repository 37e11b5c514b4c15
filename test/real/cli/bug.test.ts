import assert from "node:assert/strict";
import { test } from "node:test";
import { version } from "../../../src/version.ts";
import { builtProgram } from "./support/built-program.ts";

test("a bug is shown with the places of the sources, which the built program does not have itself", async () => {
  const { main } = await builtProgram();
  let shown = "";
  const io = {
    env: {},
    stdout: {
      write: () => {
        throw new TypeError(`a bug of ${version}`);
      },
    },
    stderr: { write: (text: string) => (shown += text) },
    settled: async () => undefined,
    outputFailed: new AbortController().signal,
  };
  assert.equal(await main(["plan", "--help"], io as never), 1);
  assert.match(shown, /^Error: this should not happen, and is a bug in virtform\.\n\nTypeError: a bug of /);
  assert.match(shown, /\bsrc\/cli\.ts:\d+:\d+/);
  assert.doesNotMatch(shown, /program\.cjs/);
});
