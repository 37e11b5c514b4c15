import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Host } from "../../../../src/model/host.ts";
import { libvirtOf } from "../../../../src/tools/libvirt/libvirt.ts";
import { runBatch } from "../../../../src/tools/libvirt/virsh-batch.ts";
import { smallHost, testContext } from "./small-host.ts";

/** libvirt's own test driver with so many domains, the same ones in every process. */
function manyDomains(t: TestContext, count: number): { readonly uri: string; readonly uuids: readonly string[] } {
  const directory = mkdtempSync(join(tmpdir(), "virtform-batch-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const uuids = Array.from({ length: count }, (_, index) => `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`);
  const domains = uuids.map(
    (uuid, index) =>
      `<domain type="test"><name>it&apos;s ${index}; echo &lt;domain&gt;</name><uuid>${uuid}</uuid><memory>8192</memory><os><type>hvm</type></os></domain>`,
  );
  writeFileSync(join(directory, "node.xml"), `<node>${domains.join("")}</node>`);
  return { uri: `test://${directory}/node.xml`, uuids };
}

/** How often virsh was started with commands, and with what it should be started instead. */
function watched(instead?: string): { readonly host: Host; readonly batches: () => number } {
  const host = smallHost();
  let batches = 0;
  const open: Host["open"] = (command) => {
    const isBatch = command.args.length > 3;
    if (isBatch) batches += 1;
    return host.open(isBatch && instead !== undefined ? { ...command, program: instead } : command);
  };
  return { host: { ...host, open }, batches: () => batches };
}

async function look(host: Host, uri: string) {
  const found = await libvirtOf(testContext(host, { uri })).domains(({ uuid, name, power, xml }) => ({ uuid, name, power, xml }));
  await host.close();
  return found.sort((one, other) => (one.uuid < other.uuid ? -1 : 1));
}

test("many domains are read by processes of their own, few in the conversation, and the same is found", async (t) => {
  const { uri, uuids } = manyDomains(t, 1100);
  const { host, batches } = watched();
  const found = await look(host, uri);
  assert.deepEqual(
    found.map(({ uuid, name, power }) => ({ uuid, name, power })),
    uuids.map((uuid, index) => ({ uuid, name: `it's ${index}; echo <domain>`, power: "running" })),
  );
  assert.ok(found.every(({ xml, uuid }) => xml.startsWith("<domain") && xml.endsWith("</domain>") && xml.includes(`<uuid>${uuid}</uuid>`)));
  assert.equal(batches(), 2);
  const few = watched();
  assert.equal((await look(few.host, manyDomains(t, 100).uri)).length, 100);
  assert.equal(few.batches(), 0);
});

test("what such a process does not answer is asked for in the conversation", async (t) => {
  const { uri, uuids } = manyDomains(t, 300);
  for (const instead of ["true", "false", "/nonexistent/virsh"]) {
    const { host, batches } = watched(instead);
    assert.deepEqual(
      (await look(host, uri)).map(({ uuid }) => uuid),
      uuids,
    );
    assert.equal(batches(), 1);
  }
});

test("each exchange has its own output and errors, and one that hangs is given up", async (t) => {
  const { uri, uuids } = manyDomains(t, 2);
  const exchanges = [[`domname ${uuids[0]}`], ["domname nobody"], [`domname ${uuids[1]}`, "echo end"]];
  const replies = await Promise.all(runBatch(smallHost(), uri, exchanges, 30_000));
  assert.deepEqual(
    replies.map((reply) => reply?.output.trim()),
    ["it's 0; echo <domain>", "", "it's 1; echo <domain>\nend"],
  );
  assert.match(replies[1]?.errors ?? "", /failed to get domain 'nobody'/);
  const host = smallHost();
  const hanging: Host = { ...host, open: (command) => host.open({ ...command, program: "sleep", args: ["600"] }) };
  assert.deepEqual(await Promise.all(runBatch(hanging, uri, [["echo"]], 100)), [undefined]);
});
