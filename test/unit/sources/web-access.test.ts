import assert from "node:assert/strict";
import { test } from "node:test";
import type { SecretRef } from "../../../src/model/secret.ts";
import type { ImageAccess } from "../../../src/sources/access.ts";
import { webAccess } from "../../../src/sources/web-access.ts";
import { said } from "./cloud.ts";

const from = (values: Readonly<Record<string, string>>) => ({
  secret: (reference: SecretRef) => ("env" in reference ? (values[reference.env] ?? "") : ""),
});
const access = (what: ImageAccess, values: Readonly<Record<string, string>>) => webAccess(from(values), what, "https://mirror.test/debian");

test("a token, a password, headers and a netrc file become headers of the request", () => {
  const headers = (what: ImageAccess, values: Readonly<Record<string, string>>) => access(what, values)?.headers;
  const basic = `Basic ${Buffer.from("ops:hunter2").toString("base64")}`;
  assert.deepEqual(headers({ bearer: { env: "T" } }, { T: "abc" }), { authorization: "Bearer abc" });
  assert.deepEqual(headers({ basic: { user: "ops", password: { env: "P" } } }, { P: "hunter2" }), { authorization: basic });
  assert.deepEqual(headers({ headers: { "X-Token": { env: "T" } } }, { T: "abc" }), { "x-token": "abc" });
  const netrc = "machine other.test login a password b\nmachine mirror.test login ops password hunter2\n";
  assert.deepEqual(headers({ netrc: { env: "N" } }, { N: netrc }), { authorization: basic });
  assert.equal(webAccess(from({}), null, "https://mirror.test/debian"), undefined);
});

test("a credential that is empty, cannot be sent, or is not there for the server is an error without its value", () => {
  for (const [what, values, expected] of [
    [{ bearer: { env: "T" } }, {}, /^image-access: The token for mirror\.test is empty .*T/],
    [{ bearer: { env: "T" } }, { T: "top-secret\n" }, /^image-access: The token for mirror\.test cannot be sent .*a line end/],
    [
      { headers: { "X-Token": { env: "T" } } },
      { T: "top-secret\r\nHost: x" },
      /^image-access: The header X-Token for mirror\.test cannot be/,
    ],
    [{ basic: { user: "ops", password: { env: "P" } } }, {}, /^image-access: The password for mirror\.test is empty/],
    [
      { netrc: { env: "N" } },
      { N: "machine other.test login a password top-secret\n" },
      /^image-access: The netrc file names no user for mirror\.test/,
    ],
  ] as const) {
    assert.throws(
      () => access(what, values),
      (error: unknown) => {
        const text = said(error);
        assert.match(text, expected);
        assert.doesNotMatch(text, /top-secret/);
        return true;
      },
    );
  }
});
