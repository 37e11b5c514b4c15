import assert from "node:assert/strict";
import { test } from "node:test";
import { backupDocument, backupTargets } from "../../../../src/tools/libvirt/backup-document.ts";
import { backupProgress } from "../../../../src/tools/libvirt/backup-progress.ts";
import { headerBytes } from "../../../../src/tools/libvirt/rpc/frames.ts";
import { procedures } from "../../../../src/tools/libvirt/rpc/procedures.ts";
import { createXdrReader } from "../../../../src/tools/libvirt/rpc/xdr-reader.ts";
import { parseXml } from "../../../../src/tools/xml.ts";
import { sampleNamed } from "./rpc/samples.ts";

test("a backup copies one disk and names the others, whatever its path", () => {
  const copy = `/a "strange" & <path>/_base/x.part.copy`;
  const document = backupDocument({ target: "vdb", others: ["vda"], copy });
  assert.deepEqual(backupTargets(document), [copy]);
  const disks = parseXml(document).children.flatMap(({ children }) =>
    children.map(({ attributes }) => [attributes["name"], attributes["backup"]]),
  );
  assert.deepEqual(disks, [
    ["vdb", "yes"],
    ["vda", "no"],
  ]);
});

test("the files of a backup that libvirt reports", () => {
  const { xml } = procedures.backupXml.result.read(createXdrReader(sampleNamed("backupXml").reply, headerBytes));
  assert.deepEqual(backupTargets(xml), ["/tmp/imgcap/out2.part.copy"]);
});

test("how far a backup is", () => {
  const completed = procedures.jobStats.result.read(createXdrReader(sampleNamed("jobStats").reply, headerBytes));
  const bytes = 200 * 2 ** 20;
  assert.deepEqual(backupProgress(completed), { state: "completed", done: bytes, total: bytes });
  assert.equal(backupProgress({ ...completed, type: 2 }).state, "running");
  for (const type of [0, 4, 5]) assert.equal(backupProgress({ ...completed, type }).state, "failed");
  // The job of a migration is not the backup.
  const migration = completed.values.map((one) => (one.field === "operation" ? { ...one, value: { type: 1, value: 5 } } : one));
  assert.equal(backupProgress({ type: 3, values: migration }).state, "failed");
});
