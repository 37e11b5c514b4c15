import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { checkout, runProgram } from "../support/virtform.ts";

test("groff sets the manual page without a warning", async () => {
  const page = join(checkout, "docs/virtform.1");
  const { code, stderr } = await runProgram("groff", ["-man", "-Tutf8", "-ww", "-z", page], 60_000);
  assert.deepEqual([code, stderr], [0, ""]);
});
