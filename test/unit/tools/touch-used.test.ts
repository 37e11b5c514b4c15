import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "../../../src/model/context.ts";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import { userError } from "../../../src/model/errors.ts";
import { touchUsed } from "../../../src/tools/touch-used.ts";

async function touched(code: string): Promise<readonly string[]> {
  const warnings: Diagnostic[] = [];
  const files = { touch: () => Promise.reject(userError(code, "no", "")) };
  await touchUsed({ host: { files }, warn: (one: Diagnostic) => warnings.push(one) } as unknown as Context, "/i/_base/a");
  return warnings.map(({ code, severity }) => `${severity} ${code}`);
}

test("Nova CACHE-09: a base image whose time may not be set is used all the same, with a warning; any other failure is one", async () => {
  assert.deepEqual(await touched("permission-denied"), ["warning base-image-not-touched"]);
  assert.deepEqual(await touched("read-only-filesystem"), ["warning base-image-not-touched"]);
  await assert.rejects(touched("disk-error"));
});
