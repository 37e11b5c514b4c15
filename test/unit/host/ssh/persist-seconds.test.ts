import assert from "node:assert/strict";
import { test } from "node:test";
import { persistSeconds } from "../../../../src/host/ssh/persist-seconds.ts";

test("a connection stays for a minute, or for the seconds that the environment says", () => {
  const said = (text?: string) => persistSeconds(text === undefined ? {} : { VIRTFORM_SSH_PERSIST: text });
  assert.deepEqual([undefined, "", "0", "5", "86400"].map(said), [60, 60, 0, 5, 86_400]);
  for (const text of ["1m", "-1", "0.5", "86401", "no", " 5", "Infinity", "0x10"]) {
    assert.throws(() => said(text), {
      code: "bad-ssh-persist",
      message: /is not a number of seconds.* Set a whole number from 0 to 86400/,
    });
  }
});
