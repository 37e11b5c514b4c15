import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "../../../../src/kinds/image/inspect/inspect.ts";
import { findIncomplete } from "../../../../src/kinds/image/inspect/whole.ts";
import { imageOf, partitionTable, temporary } from "./images.ts";

/** How many changed images of each format: VIRTFORM_TEST_FUZZ for more. */
const rounds = Number(process.env["VIRTFORM_TEST_FUZZ"] ?? 300);
const values = [0, 1, 2, 3, 7, 8, 63, 512, 4096, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** The same numbers in every run, so that a finding can be found again by its round. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("no real image of which a few fields are changed, or the end is cut off, makes a reader throw, run long, or read beyond bounds", async (t) => {
  const directory = temporary(t);
  const seeds = (
    [
      ["qcow2", []],
      ["qcow2", ["-c"]],
      ["qcow2", ["-o", "cluster_size=512"]],
      ["vmdk", []],
      ["vmdk", ["-o", "subformat=streamOptimized"]],
      ["vpc", ["-o", "force_size=on"]],
      ["vpc", ["-o", "subformat=fixed,force_size=on"]],
      ["vhdx", []],
      ["vdi", []],
      ["parallels", []],
    ] as const
  ).map(([driver, options], index) => imageOf(directory, driver, [...options], `${index}`));
  for (const kind of ["mbr", "gpt"]) {
    const disk = Buffer.alloc(2 ** 20);
    partitionTable().copy(disk);
    if (kind === "gpt") {
      disk.writeUInt8(0xee, 450);
      disk.writeUInt32LE(1, 454);
      disk.writeUInt8(0, 446);
      disk.write("EFI PART", 512, "latin1");
      disk.writeBigUInt64LE(2n, 584);
      disk.writeUInt32LE(128, 592);
      disk.writeUInt32LE(128, 596);
      disk.fill(1, 1024, 1048);
    }
    const path = join(directory, kind);
    writeFileSync(path, disk);
    seeds.push(path);
  }
  let examined = 0;
  for (const [index, path] of seeds.entries()) {
    const whole = readFileSync(path);
    // Bytes other than zero: the fields are there.
    const used = [...whole.keys()].filter((at) => at % 4 === 0 && at + 8 <= whole.length && whole.readUInt32LE(at) !== 0);
    for (let round = 0; round < rounds; round += 1) {
      const pick = numbers(index * 1_000_003 + round + 1);
      const content = Buffer.from(whole);
      for (let count = 1 + pick(3); count > 0; count -= 1) {
        const at = pick(2) === 0 ? pick(600) : (used[pick(Math.min(used.length, 400))] ?? 0);
        const value = values[pick(values.length)] ?? 0;
        if (pick(2) === 0) content.writeUInt32BE(value, at);
        else content.writeUInt32LE(value, at);
      }
      const end = pick(3) === 0 ? 1 + pick(pick(2) === 0 ? 2048 : content.length) : content.length;
      const cut = content.subarray(0, end);
      let asked = 0;
      const read = async (offset: number, length: number) => {
        const isSane = Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length >= 0 && length <= 2 ** 22;
        assert.ok(isSane, `${path}, round ${round}: ${length} bytes at ${offset}`);
        asked += 1;
        assert.ok(asked < 20_000, `${path}, round ${round} reads too often`);
        return cut.subarray(offset, offset + length);
      };
      try {
        const { format, virtualSize, refusal } = await inspect(read, cut.length);
        assert.ok(Number.isFinite(virtualSize), `${path}, round ${round}`);
        if (refusal !== undefined) continue;
        await findIncomplete(format, read, cut.length);
        examined += 1;
      } catch (error) {
        throw new Error(`seed ${index}, round ${round}, ${cut.length} bytes`, { cause: error });
      }
    }
  }
  assert.ok(examined > seeds.length * rounds * 0.2, `only ${examined} were examined to the end`);
  t.diagnostic(`${examined} of ${seeds.length * rounds} images were examined to the end`);
});
