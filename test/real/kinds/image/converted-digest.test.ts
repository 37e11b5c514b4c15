import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fetchImage } from "../../../../src/kinds/image/fetch.ts";
import { recordDigest } from "../../../../src/kinds/image/record-digest.ts";
import type { ImageSidecar } from "../../../../src/kinds/image/spec.ts";
import type { ByteProgress, Command, Files, Host } from "../../../../src/model/host.ts";
import type { Json } from "../../../../src/model/json.ts";
import { qemuImg, temporary } from "./images.ts";
import { changed, imageSpec, machine } from "./machine.ts";

const MiB = 2 ** 20;

/** Runs of data, of holes and of written zeros, in MiB: shorter and longer than the distances at which the digest looks for data. */
const runs: readonly (readonly ["random" | "hole" | "zeros", number])[] = [
  ["random", 110],
  ["hole", 7],
  ["random", 1],
  ["zeros", 50],
  ["random", 33],
  ["hole", 64],
  ["random", 25],
  ["zeros", 10],
];

/** A qcow2 image of 300 MiB that ends with zeros. */
function largeImage(directory: string, ...options: readonly string[]): string {
  const raw = join(directory, "large.raw");
  const file = openSync(raw, "w");
  // Half of it can be compressed.
  const random = randomBytes(MiB).fill("the words of most files pack well", MiB / 2);
  let at = 0;
  for (const [kind, length] of runs)
    for (const end = at + length; at < end; at += 1) {
      // No two are equal: a part that is digested at another place changes the result.
      random.writeUInt32BE(at, 0);
      if (kind !== "hole") writeSync(file, kind === "random" ? random : Buffer.alloc(MiB), 0, MiB, at * MiB);
    }
  ftruncateSync(file, at * MiB);
  closeSync(file);
  const path = join(directory, "large.qcow2");
  qemuImg("convert", "-f", "raw", "-O", "qcow2", ...options, raw, path);
  rmSync(raw);
  return path;
}

/** qemu-img writes at most this many bytes a second, so that the digest follows it for a while on any machine. */
function slowly({ args, ...rest }: Command): Command {
  return { ...rest, args: args?.flatMap((one) => (one === "convert" ? [one, "-r", String(40 * MiB)] : [one])) };
}

for (const [how, ...options] of [["as it is"], ["compressed", "-c"]] as const)
  test(`the digest of a large base that is computed while qemu-img writes it is that of the file: an image that is stored ${how}`, async (t) => {
    const source = largeImage(temporary(t), ...options);
    const seen = { whileWritten: 0, again: 0, ofSource: 0 };
    let conversions = 0;
    const wrap = (host: Host): Host => {
      const watching: (onProgress?: ByteProgress) => ByteProgress = (onProgress) => (done, total) => {
        if (conversions > 0) seen.whileWritten = done;
        onProgress?.(done, total);
      };
      const files = Object.assign(Object.create(host.files) as Files, {
        digestBehind: ((path, algorithms, growth, onProgress, signal) =>
          host.files.digestBehind?.(path, algorithms, growth, watching(onProgress), signal)) as Files["digestBehind"],
        digestParts: ((path, parts, algorithms, onProgress, signal) => {
          seen.ofSource += 1;
          return host.files.digestParts?.(path, parts, algorithms, watching(onProgress), signal);
        }) as Files["digestParts"],
        digest: ((...args) => {
          if (args[0] !== source) seen.again += 1;
          return host.files.digest(...args);
        }) as Files["digest"],
      });
      const slow = changed(host, slowly);
      const run: Host["run"] = async (command) => {
        const isConversion = command.args[0] === "convert" ? 1 : 0;
        conversions += isConversion;
        const result = await slow.run(command);
        conversions -= isConversion;
        return result;
      };
      return { ...slow, run, files };
    };
    const context = machine(t, { wrap });
    const spec = imageSpec(source);
    await fetchImage.run(context, spec as unknown as Json, () => undefined);
    await recordDigest.run(context, { entry: spec.entry } as unknown as Json, () => undefined);

    const base = context.layout.baseImage(spec.entry);
    assert.equal(statSync(base).size, 300 * MiB);
    const [expected] = execFileSync("sha256sum", [base], { encoding: "utf8" }).split(" ");
    const sidecar = JSON.parse(readFileSync(context.layout.baseSidecar(spec.entry), "utf8")) as ImageSidecar;
    assert.equal(sidecar.content, expected);
    // A part of it was read before the end, and none of it a second time.
    assert.ok(seen.whileWritten > 32 * MiB, `${seen.whileWritten}`);
    assert.equal(seen.again, 0);
    assert.equal(seen.ofSource, how === "as it is" ? 1 : 0);
  });
