import assert from "node:assert/strict";
import { test } from "node:test";
import { headerBytes } from "../../../../../src/tools/libvirt/rpc/frames.ts";
import { lifecycleEvent, type Procedure, procedures } from "../../../../../src/tools/libvirt/rpc/procedures.ts";
import { errorReply } from "../../../../../src/tools/libvirt/rpc/types.ts";
import { createXdrReader } from "../../../../../src/tools/libvirt/rpc/xdr-reader.ts";
import { createXdrWriter } from "../../../../../src/tools/libvirt/rpc/xdr-writer.ts";
import { sampleNamed, samples } from "./samples.ts";

const guest = { name: "vfcap-ü", uuid: "c0ffee00-1111-4222-8333-444444444444" };
/** The daemon asks nothing of root, and a call without arguments and results has little to get wrong. */
const withoutSample = ["authPolkit"];

test("every procedure has a sample of a real client and a real daemon", () => {
  const keys = samples.map(({ key }) => key);
  assert.deepEqual(
    Object.keys(procedures).filter((key) => !keys.includes(key as never)),
    withoutSample,
  );
});

for (const { key, call, reply } of samples) {
  test(`${key}: number, arguments and results are those on the wire`, () => {
    const procedure = procedures[key] as Procedure<unknown, unknown>;
    assert.deepEqual([call.readUInt32BE(4), call.readInt32BE(12)], [procedure.program, procedure.number]);
    for (const [bytes, type] of [
      [call, procedure.args],
      [reply, procedure.result],
    ] as const) {
      const input = createXdrReader(bytes, headerBytes);
      const value = type.read(input);
      assert.equal(input.left, 0, "nothing is left over");
      const out = createXdrWriter(headerBytes);
      type.write(out, value);
      assert.equal(out.bytes().subarray(headerBytes).toString("hex"), bytes.subarray(headerBytes).toString("hex"));
    }
  });
}

const argsOf = (key: keyof typeof procedures): unknown => procedures[key].args.read(createXdrReader(sampleNamed(key).call, headerBytes));
const resultOf = (key: keyof typeof procedures): unknown =>
  procedures[key].result.read(createXdrReader(sampleNamed(key).reply, headerBytes));

test("what samples say", () => {
  assert.deepEqual(resultOf("authList"), { types: [0] });
  const { domains, count } = resultOf("listDomains") as { domains: { name: string }[]; count: number };
  assert.deepEqual([count, domains.find(({ name }) => name === guest.name)], [3, { ...guest, id: -1 }]);
  assert.deepEqual(resultOf("libVersion"), { version: 9_000_000 });
  assert.deepEqual(argsOf("blockResize"), { domain: { ...guest, id: 55 }, disk: "vda", size: 32_768, flags: 0 });
  assert.deepEqual(resultOf("listNetworks"), {
    networks: [{ name: "default", uuid: (resultOf("listNetworks") as { networks: { uuid: string }[] }).networks[0]?.uuid }],
    count: 1,
  });
  const secret = { uuid: "c0ffee00-1111-4222-8333-555555555555", usageType: 1, usageId: "virtform/sample" };
  assert.deepEqual(resultOf("findSecret"), { secret });
  const value = argsOf("setSecretValue") as { value: Uint8Array };
  assert.equal(Buffer.from(value.value).toString(), "sesame open");
  assert.equal((resultOf("nodeInfo") as { model: string }).model, "x86_64");
});

test("an event and a refusal", () => {
  const event = lifecycleEvent.message.read(createXdrReader(sampleNamed("event").reply, headerBytes));
  assert.deepEqual(event, { callback: 0, domain: { ...guest, id: 55 }, event: 4, detail: 0 });
  const { code, domain, message } = errorReply.read(createXdrReader(sampleNamed("destroy refused").reply, headerBytes));
  assert.deepEqual([code, domain, message], [55, 20, "Requested operation is not valid: domain is not running"]);
});
