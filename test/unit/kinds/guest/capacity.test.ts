import assert from "node:assert/strict";
import { test } from "node:test";
import { type CapacityInput, checkCapacity } from "../../../../src/kinds/capacity/host-room.ts";

const GiB = 2 ** 30;

function check(fields: Partial<CapacityInput>) {
  return checkCapacity({
    domains: [],
    others: { memory: 0, vcpus: 0 },
    diskBytes: 0,
    facts: {
      cpus: 2,
      memory: 8 * GiB,
      disk: { total: 100 * GiB, free: 50 * GiB, directIo: true, preallocation: null } as CapacityInput["facts"]["disk"],
    },
    settings: { reserved: { memory: GiB / 2, disk: 0 }, allocationRatio: { vcpus: 4, memory: 1, disk: 1 } },
    ...fields,
  });
}

const guests = (count: number, memory: number, vcpus: number) =>
  Array.from({ length: count }, (_, index) => ({ instance: `web-${index}`, memory, vcpus }));
const codes = (fields: Partial<CapacityInput>) => check(fields).map(({ code }) => code);

test("exactly what is free fits, one more does not", () => {
  assert.deepEqual(codes({ domains: [{ instance: "a", memory: 7.5 * GiB, vcpus: 8 }], diskBytes: 50 * GiB }), []);
  assert.deepEqual(codes({ domains: [{ instance: "a", memory: 7.5 * GiB + 1, vcpus: 1 }] }), ["insufficient-memory"]);
  assert.deepEqual(codes({ domains: guests(9, GiB / 8, 1) }), ["insufficient-vcpus"]);
  assert.deepEqual(codes({ diskBytes: 50 * GiB + 1 }), ["insufficient-disk"]);
});

test("all shortages at once, with every number", () => {
  const problems = check({ domains: guests(10, GiB, 1), others: { memory: GiB, vcpus: 1 }, diskBytes: 200 * GiB });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["insufficient-memory", "insufficient-vcpus", "insufficient-disk"],
  );
  const detail = problems[0]?.detail ?? "";
  for (const part of [
    "10GiB for 10 instances",
    "free: 6.5GiB",
    "the host has 8GiB",
    "allocation_ratio.memory is 1",
    "512MiB are reserved",
    "not ours take 1GiB",
  ])
    assert.ok(detail.includes(part), `${part} in ${detail}`);
});

test("ratios and reserves", () => {
  const settings = { reserved: { memory: 0, disk: 10 * GiB }, allocationRatio: { vcpus: 1, memory: 1.5, disk: 2 } };
  assert.deepEqual(codes({ settings, domains: [{ instance: "a", memory: 12 * GiB, vcpus: 2 }], diskBytes: 140 * GiB }), []);
  assert.deepEqual(codes({ settings, domains: [{ instance: "a", memory: 12 * GiB, vcpus: 3 }], diskBytes: 140 * GiB + 1 }), [
    "insufficient-vcpus",
    "insufficient-disk",
  ]);
});

test("a host filled by other projects is no error of a plan without changes", () => {
  assert.deepEqual(codes({ others: { memory: 100 * GiB, vcpus: 100 } }), []);
});

test("what is reserved at once has to fit into what is really free, whatever the ratio", () => {
  const settings = { reserved: { memory: 0, disk: 10 * GiB }, allocationRatio: { vcpus: 4, memory: 1, disk: 4 } };
  assert.deepEqual(codes({ settings, diskBytes: 100 * GiB }), []);
  assert.deepEqual(codes({ settings, diskBytes: 100 * GiB, reservedBytes: 40 * GiB }), []);
  assert.deepEqual(codes({ settings, diskBytes: 100 * GiB, reservedBytes: 40 * GiB + 1 }), ["insufficient-disk"]);
  assert.match(check({ settings, diskBytes: 100 * GiB, reservedBytes: 100 * GiB })[0]?.detail ?? "", /preallocate_images is space/);
  assert.deepEqual(codes({ settings, diskBytes: 500 * GiB, reservedBytes: 500 * GiB }), ["insufficient-disk"], "said once");
});

test("absolute limits count beside the ratios, with what others take", () => {
  const settings = {
    reserved: { memory: 0, disk: 0 },
    allocationRatio: { vcpus: 4, memory: 1, disk: 1 },
    limits: { vcpus: 4, memory: 4 * GiB, disk: 10 * GiB },
  };
  const others = { memory: GiB, vcpus: 1 };
  assert.deepEqual(codes({ settings, others, domains: guests(3, GiB, 1), diskBytes: GiB, allDiskBytes: 10 * GiB }), []);
  assert.deepEqual(codes({ settings, others, domains: guests(4, GiB, 1), diskBytes: GiB, allDiskBytes: 10 * GiB + 1 }), [
    "insufficient-memory",
    "insufficient-vcpus",
    "insufficient-disk",
  ]);
  assert.deepEqual(codes({ settings, diskBytes: 0, allDiskBytes: 20 * GiB }), [], "nothing is added");
});

test("says which guests there is room for", () => {
  const [memory] = check({ domains: [...guests(2, 3 * GiB, 1), { instance: "large", memory: 6 * GiB, vcpus: 1 }, ...guests(1, GiB, 1)] });
  assert.match(memory?.detail ?? "", /There is room for 3 of them: web-0, web-1, web-0\. /);
  assert.match(check({ domains: guests(1, 9 * GiB, 1) })[0]?.detail ?? "", /It does not fit\./);
});
