import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnosticText } from "../../../src/model/diagnostic-text.ts";

test("summary and detail are sentences of their own in running text", () => {
  for (const summary of ["Ceph does not answer host", "Ceph does not answer host."])
    assert.equal(diagnosticText({ summary, detail: "Check host.rbd." }), "Ceph does not answer host. Check host.rbd.");
  assert.equal(diagnosticText({ summary: "Stopped", detail: "" }), "Stopped");
});
