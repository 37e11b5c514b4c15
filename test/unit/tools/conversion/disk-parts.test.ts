import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command, FilePart, Host } from "../../../../src/model/host.ts";
import { addRanges, diskParts } from "../../../../src/tools/conversion/disk-parts.ts";
import { parseMap } from "../../../../src/tools/qemu-img-output.ts";

/** What `qemu-img map` of QEMU 7.2 prints of a qcow2 image with clusters out of order, and with zeros that are allocated. */
const map = `[{ "start": 0, "length": 1048576, "depth": 0, "present": false, "zero": true, "data": false},
{ "start": 1048576, "length": 3145728, "depth": 0, "present": true, "zero": false, "data": true, "offset": 327680},
{ "start": 4194304, "length": 1048576, "depth": 0, "present": true, "zero": false, "data": true, "offset": 3473408},
{ "start": 5242880, "length": 1048576, "depth": 0, "present": true, "zero": true, "data": false, "offset": 5570560},
{ "start": 6291456, "length": 2097152, "depth": 0, "present": true, "zero": false, "data": true, "offset": 6619136}]
`;
const disk = { start: 0, length: 8 * 2 ** 20 };
const range = (more: Readonly<Record<string, unknown>>) =>
  parseMap(JSON.stringify([{ start: 0, length: disk.length, depth: 0, present: true, zero: false, data: true, offset: 65536, ...more }]));

test("a map becomes parts of the file, and those that follow each other there become one", () => {
  const parts: FilePart[] = [];
  addRanges(parts, parseMap(map), disk);
  assert.deepEqual(parts, [
    { offset: null, length: 1048576 },
    { offset: 327680, length: 4194304 },
    { offset: null, length: 1048576 },
    { offset: 6619136, length: 2097152 },
  ]);
});

test("bytes that are compressed, encrypted, of a backing file or nowhere have no place in the file", () => {
  for (const more of [{ compressed: true }, { offset: undefined }, { depth: 1 }, { data: false, offset: undefined }, { offset: "65536" }])
    assert.throws(() => addRanges([], range(more), disk), /does not lie in the file as it is/, JSON.stringify(more));
  addRanges([], range({}), disk);
});

test("a map with a gap, of another length, or that is none is refused", () => {
  assert.throws(() => addRanges([], range({ start: 512 }), disk), /nothing for byte 0/);
  assert.throws(() => addRanges([], range({ length: 512 }), disk), /ends at byte 512/);
  assert.throws(() => addRanges([], range({ length: 2 ** 30 }), disk), /ends at byte/);
  for (const text of ["", "{}", '[{ "start": 0 }]', '[{ "length": 1 }]']) assert.throws(() => parseMap(text), /qemu-img map/, text);
});

test("a disk is mapped in pieces, and one that lies in too many parts is given up", async () => {
  const asked: string[] = [];
  const host = (offset: (start: number) => number, length: number) =>
    ({
      run: async ({ args }: Command) => {
        const [start = 0, most = 0] = args.flatMap((arg) => /^--(?:start-offset|max-length)=(\d+)$/.exec(arg)?.[1] ?? []).map(Number);
        asked.push(`${start}+${most}`);
        const ranges = [];
        for (let at = start; at < start + most; at += length)
          ranges.push({ start: at, length: Math.min(length, start + most - at), depth: 0, zero: false, data: true, offset: offset(at) });
        return { exitCode: 0, stdout: JSON.stringify(ranges), stderr: "" };
      },
    }) as Pick<Host, "run"> as Host;
  const image = { path: "/image", format: "qcow2", bytes: 2.5 * 2 ** 30 };
  assert.deepEqual(
    await diskParts(
      host((start) => start + 512, 2 ** 28),
      image,
    ),
    [{ offset: 512, length: image.bytes }],
  );
  assert.deepEqual(asked, ["0+1073741824", "1073741824+1073741824", "2147483648+536870912"]);
  await assert.rejects(
    diskParts(
      host((start) => 2 ** 40 - start, 4096),
      image,
    ),
    /more than 131072 parts/,
  );
  assert.equal(asked.length, 4);
});
