import { readSync } from "node:fs";

let room = Buffer.alloc(0);

/**
 * Reads a part of an open file; throws an Error when the file ends before. The bytes are valid until the next call: all parts are read into the same
 * memory, because the kernel takes two microseconds for each new page, and the program and its compiled code are 1300.
 */
export function readPart(descriptor: number, offset: number, length: number): Buffer {
  if (room.length < length) room = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const count = readSync(descriptor, room, done, length - done, offset + done);
    if (count === 0) throw new Error(`the file ends ${length - done} bytes too early`);
    done += count;
  }
  return room.subarray(0, length);
}
