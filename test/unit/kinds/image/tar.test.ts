import assert from "node:assert/strict";
import { test } from "node:test";
import { readTar } from "../../../../src/kinds/image/archive/tar.ts";

const block = 512;
const octal = (value: number) => `${value.toString(8).padStart(11, "0")}\0`;

/** A sparse member of GNU tar with so many pieces, all of them empty: its header and the blocks of its map. */
function sparseMember(name: string, pieces: number): Buffer {
  const header = Buffer.alloc(block);
  header.write(name);
  header.write(octal(0), 124, "latin1");
  header.write("S", 156, "latin1");
  header.writeUInt8(1, 482);
  header.write(octal(pieces * block), 483, "latin1");
  header.write("        ", 148, "latin1");
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
    "latin1",
  );
  const map = Array.from({ length: Math.ceil(pieces / 21) }, (_, index) => {
    const made = Buffer.alloc(block);
    const first = index * 21;
    for (let entry = 0; entry < Math.min(21, pieces - first); entry += 1) {
      made.write(octal((first + entry) * block), entry * 24, "latin1");
      made.write(octal(0), entry * 24 + 12, "latin1");
    }
    made.writeUInt8(first + 21 < pieces ? 1 : 0, 504);
    return made;
  });
  return Buffer.concat([header, ...map]);
}

function reading(...members: readonly Buffer[]) {
  const archive = Buffer.concat([...members, Buffer.alloc(2 * block)]);
  const lengths: number[] = [];
  const read = async (offset: number, length: number) => {
    lengths.push(length);
    return archive.subarray(offset, offset + length);
  };
  return { lengths, members: readTar(read, archive.length) };
}

test("the map of a sparse member is read many blocks at a time", async () => {
  const { lengths, members } = reading(sparseMember("disk.raw", 60_000));
  const [disk] = await members;
  assert.deepEqual([disk?.name, disk?.size, disk?.parts.length], ["disk.raw", 60_000 * block, 60_000]);
  assert.ok(lengths.length < 40, `${lengths.length} reads`);
  assert.ok(Math.max(...lengths) <= 64 * 1024);
});

test("an archive whose sparse members have too many pieces together is refused", async () => {
  const members = [sparseMember("a.raw", 60_000), sparseMember("b.raw", 60_000)];
  await assert.rejects(reading(...members).members, /its sparse members have more than 100000 pieces/);
  await assert.rejects(reading(sparseMember("a.raw", 100_100)).members, /its sparse members have more than 100000 pieces/);
});
