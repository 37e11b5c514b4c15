import assert from "node:assert/strict";
import { test } from "node:test";
import { readManifest } from "../../../../src/kinds/image/archive/manifest.ts";
import { readTar } from "../../../../src/kinds/image/archive/tar.ts";
import { inspect } from "../../../../src/kinds/image/inspect/inspect.ts";
import { findIncomplete } from "../../../../src/kinds/image/inspect/whole.ts";
import { RefusedError } from "../../../../src/model/errors.ts";
import { netrcLogin } from "../../../../src/sources/netrc.ts";

/** How many inputs: VIRTFORM_TEST_FUZZ for more. */
const rounds = Number(process.env["VIRTFORM_TEST_FUZZ"] ?? 3000);

/** The same numbers in every run, so that a finding can be found again by its round. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const starts: readonly (readonly [text: string, at: number])[] = [
  ["QFI\xfb\0\0\0\x03", 0],
  ["QFI\xfb\0\0\0\x02", 0],
  ["KDMV\x01\0\0\0", 0],
  ["conectix", 0],
  ["vhdxfile", 0],
  ["regi", 192 * 1024],
  ["\x7f\x10\xda\xbe", 64],
  ["WithoutFreeSpace\x02\0\0\0", 0],
  ["WithouFreSpacExt\x02\0\0\0", 0],
  ["CD001", 32769],
  ["\x55\xaa", 510],
  ["EFI PART", 512],
  ["ustar", 257],
];

/** Bytes in which any number may stand where a reader looks for one. */
function hostile(pick: (below: number) => number): Buffer {
  const content = Buffer.alloc(pick(2) === 0 ? 1024 + pick(4096) : 300 * 1024);
  const values = [0, 1, 2, 9, 16, 512, 4096, 0x10000, 0x7fffffff, 0xffffffff];
  for (let count = pick(60); count > 0; count -= 1) {
    const at = pick(pick(3) === 0 ? content.length - 4 : 1020);
    if (pick(2) === 0) content.writeUInt32BE(values[pick(values.length)] ?? 0, at);
    else content.writeUInt32LE(values[pick(values.length)] ?? 0, at);
  }
  const [text, at] = starts[pick(starts.length)] ?? ["", 0];
  if (at + text.length <= content.length) content.write(text, at, "latin1");
  return content.subarray(0, 1 + pick(content.length));
}

test("no header makes a reader throw, run long, or read beyond bounds", async () => {
  const formats = ["qcow2", "vmdk", "vdi", "vhd", "vhdx", "ploop", "gpt"] as const;
  for (let round = 0; round < rounds; round += 1) {
    const pick = numbers(round + 1);
    const content = hostile(pick);
    let asked = 0;
    const read = async (offset: number, length: number) => {
      assert.ok(
        Number.isSafeInteger(offset) && Number.isSafeInteger(length) && length >= 0 && length <= 2 ** 22,
        `round ${round}: ${offset} ${length}`,
      );
      asked += 1;
      assert.ok(asked < 20_000, `round ${round} reads too often`);
      return content.subarray(Math.max(0, offset), Math.max(0, offset) + length);
    };
    const { format, virtualSize, refusal } = await inspect(read, content.length);
    assert.ok(Number.isFinite(virtualSize), `round ${round}`);
    const isKnown = formats.find((known) => known === format);
    if (refusal === undefined && isKnown !== undefined) await findIncomplete(isKnown, read, content.length);
    await readTar(read, content.length).catch((error: unknown) => assert.ok(error instanceof RefusedError, `round ${round}: ${error}`));
    const text = content.toString("latin1", 0, 500);
    readManifest(text);
    netrcLogin(text, "host");
  }
});
