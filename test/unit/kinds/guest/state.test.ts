import assert from "node:assert/strict";
import { test } from "node:test";
import { definitionParsers, domainLook } from "../../../../src/kinds/guest/state.ts";
import { storedRecord } from "./stored-record.ts";

const uuid = "11111111-2222-4333-8444-555555555501";
const xml = `<domain type='qemu'><name>db</name><uuid>${uuid}</uuid><memory unit='MiB'>64</memory><vcpu>2</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/srv/db.raw'/><target dev='vda' bus='virtio'/></disk></devices></domain>`;
const record = storedRecord({ uuid, name: "db", xml });

test("of a guest outside the plan, only memory, vCPUs and stored disks are read", () => {
  const whole = domainLook(record, definitionParsers());
  const { state, stored } = domainLook(record, definitionParsers(), () => false);
  assert.deepEqual(state.fields, { memory: 64 * 2 ** 20, vcpus: 2 });
  assert.equal(whole.state.fields["disks.vda.source"], "/srv/db.raw");
  assert.deepEqual(state, { ...whole.state, fields: state.fields });
  assert.deepEqual(stored, whole.stored);
});
