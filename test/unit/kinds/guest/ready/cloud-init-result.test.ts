import assert from "node:assert/strict";
import { test } from "node:test";
import { cloudInitResult } from "../../../../../src/kinds/guest/ready/cloud-init-result.ts";

test("the result of cloud-init 22.4", () => {
  const good = `{
 "v1": {
  "datasource": "DataSourceNoCloud [seed=/dev/sr0][dsmode=net]",
  "errors": []
 }
}
`;
  assert.deepEqual(cloudInitResult(good), { status: "done", errors: [] });
  const failed = "('scripts_user', RuntimeError('Runparts: 1 failures (runcmd) in 1 attempted commands'))";
  assert.deepEqual(cloudInitResult(JSON.stringify({ v1: { datasource: null, errors: [failed, failed] } })), {
    status: "error",
    errors: [failed],
  });
});

test("text that is not a result of cloud-init is ignored, and the errors of a result are bounded", () => {
  for (const text of ["", "{", "null", "[]", "7", '{"v1":null}', '{"v1":{}}', '{"v1":{"errors":"none"}}'])
    assert.equal(cloudInitResult(text), undefined, text);
  const many = cloudInitResult(
    JSON.stringify({ v1: { errors: [...Array(100).keys()].map((number) => `${number}\u001b${"x".repeat(1000)}`) } }),
  );
  assert.equal(many?.status, "error");
  assert.equal(many?.errors.length, 5);
  assert.ok(many?.errors.every((error) => error.length <= 200 && !error.includes("\u001b")));
  assert.equal(cloudInitResult('{"v1":{"errors":[{}]}}')?.status, "error");
});
