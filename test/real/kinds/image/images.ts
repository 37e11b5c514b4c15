import { execFileSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Read } from "../../../../src/kinds/image/inspect/finding.ts";
import { inspect } from "../../../../src/kinds/image/inspect/inspect.ts";

/** A directory that is gone when the test is. */
export function temporary(t: Pick<TestContext, "after">): string {
  const directory = mkdtempSync(join(tmpdir(), "virtform-image-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs qemu-img. While it makes a LUKS header, QEMU measures processor time, and gives up where the kernel reports none: it is run again. */
export function qemuImg(...args: string[]): string {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return execFileSync("qemu-img", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    } catch (error) {
      if (attempt === 25 || !(error instanceof Error) || !error.message.includes("Unable to get accurate CPU usage")) throw error;
    }
  }
}

/** A raw disk whose first bytes are something, so that conversions can be compared. */
export function rawDisk(path: string, bytes = 2 ** 20, fill = "virtform"): string {
  const content = Buffer.alloc(bytes);
  content.write(fill, 0);
  content.fill(0x5a, 65536, Math.min(bytes, 65536 * 2));
  writeFileSync(path, content);
  return path;
}

/** An image in some format, made by the real qemu-img from a raw disk. */
export function imageOf(directory: string, format: string, options: string[] = [], name = `made.${format}`): string {
  const raw = rawDisk(join(directory, `${name}.raw`));
  const path = join(directory, name);
  qemuImg("convert", "-f", "raw", "-O", format, ...options, raw, path);
  return path;
}

/** Changes bytes of a file in place. */
export function patch(path: string, offset: number, bytes: Uint8Array | string): string {
  const content = readFileSync(path);
  Buffer.from(bytes as Uint8Array).copy(content, offset);
  writeFileSync(path, content);
  return path;
}

export function u32be(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

export function u64be(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(value);
  return buffer;
}

export function u64le(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(value);
  return buffer;
}

/** A classic partition table with one Linux partition. */
export function partitionTable(): Buffer {
  const sector = Buffer.alloc(512);
  sector.writeUInt8(0x80, 446);
  sector.writeUInt8(0x83, 450);
  sector.writeUInt32LE(2048, 454);
  sector.writeUInt32LE(1000, 458);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

export function readerOf(path: string): Read {
  const file = openSync(path, "r");
  return async (offset, length) => {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(file, buffer, 0, length, offset));
  };
}

export function inspectFile(path: string) {
  return inspect(readerOf(path), statSync(path).size);
}
