import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fetchImage } from "../../../../src/kinds/image/fetch.ts";
import { startedDigest } from "../../../../src/kinds/image/running-digest.ts";
import type { ImageSpec } from "../../../../src/kinds/image/spec.ts";
import type { ActionProgress } from "../../../../src/model/action.ts";
import type { Context } from "../../../../src/model/context.ts";
import { CommandError } from "../../../../src/model/errors.ts";
import type { Command, Host } from "../../../../src/model/host.ts";
import type { Json } from "../../../../src/model/json.ts";
import { convertToRaw } from "../../../../src/tools/conversion/convert-to-raw.ts";
import { qemuImg, temporary } from "./images.ts";
import { changed, imageSpec, machine, watched } from "./machine.ts";

const MiB = 2 ** 20;

/** A raw disk of 300 MiB and a few sectors: data, holes and written zeros, over the ends of parts. 190 MiB are data. */
function rawDisk(path: string): string {
  const file = openSync(path, "w");
  const random = randomBytes(MiB);
  let at = 0;
  for (const [kind, length] of [
    ["data", 70],
    ["hole", 7],
    ["data", 90],
    ["zeros", 40],
    ["hole", 63],
    ["data", 30],
  ] as const)
    for (const end = at + length; at < end; at += 1) {
      // No two are equal: bytes at a wrong place are found.
      random.writeUInt32BE(at, 0);
      if (kind !== "hole") writeSync(file, kind === "data" ? random : Buffer.alloc(MiB), 0, MiB, at * MiB);
    }
  ftruncateSync(file, at * MiB + 1536);
  closeSync(file);
  return path;
}

const isConversion = ({ program, args }: Command) => program === "qemu-img" && args[0] === "convert";

async function fetch(context: Context, spec: ImageSpec): Promise<ActionProgress[]> {
  const reports: ActionProgress[] = [];
  await fetchImage.run(context, spec as unknown as Json, (progress) => reports.push(progress));
  return reports;
}

/** Options of each conversion that runs, and the most that ran at a time. */
function counting(host: Host) {
  const seen = { parts: [] as string[], processors: new Set<number | undefined>(), caches: new Set<string>(), running: 0, most: 0 };
  const counted: Host = {
    ...changed(host, (command) => command),
    async run(command) {
      if (!isConversion(command)) return host.run(command);
      seen.parts.push(command.args.find((arg) => arg.startsWith("driver=raw")) ?? "");
      seen.processors.add(command.processor);
      seen.caches.add(command.args[command.args.indexOf("-t") + 1] ?? "");
      seen.running += 1;
      seen.most = Math.max(seen.most, seen.running);
      try {
        return await host.run(command);
      } finally {
        seen.running -= 1;
      }
    },
  };
  return { seen, counted };
}

test("an image of any format is converted in parts to the same bytes and holes as at once", async (t) => {
  const directory = temporary(t);
  const raw = rawDisk(join(directory, "raw"));
  for (const [name, diskFormat, format, ...options] of [
    ["qcow2", "qcow2", "qcow2"],
    ["compressed qcow2", "qcow2", "qcow2", "-c"],
    ["qcow2 with zstd and clusters of 2 MiB", "qcow2", "qcow2", "-c", "-o", "compression_type=zstd,cluster_size=2M"],
    ["sparse VMDK", "vmdk", "vmdk"],
    ["VMDK of streamOptimized", "vmdk", "vmdk", "-o", "subformat=streamOptimized"],
    ["dynamic VHD", "vhd", "vpc", "-o", "force_size=on"],
    ["fixed VHD", "vhd", "vpc", "-o", "subformat=fixed,force_size=on"],
    ["VHDX", "vhdx", "vhdx"],
    ["fixed VHDX", "vhdx", "vhdx", "-o", "subformat=fixed"],
    ["VDI", "vdi", "vdi"],
    ["ploop", "ploop", "parallels"],
  ] as const) {
    const source = join(directory, "a, b");
    qemuImg("convert", "-f", "raw", "-O", format, ...options, raw, source);
    const whole = join(directory, "whole");
    qemuImg("convert", "-f", format, "-O", "raw", source, whole);
    const { seen, counted } = counting(machine(t).host);
    const context = machine(t, { wrap: () => counted });
    const spec = imageSpec(source, { diskFormat });
    const reports = await fetch(context, spec);
    const base = context.layout.baseImage(spec.entry);
    assert.ok(readFileSync(base).equals(readFileSync(whole)), `${name}: other bytes`);
    assert.ok(readFileSync(base).subarray(0, statSync(raw).size).equals(readFileSync(raw)), `${name}: not the disk`);
    const [made, expected] = [statSync(base), statSync(whole)];
    assert.equal(made.size, expected.size, name);
    assert.ok(Math.abs(made.blocks - expected.blocks) <= 64, `${name}: ${made.blocks} blocks, not ${expected.blocks}`);
    assert.ok(seen.parts.length >= 3, `${name}: ${seen.parts.length} parts`);
    assert.equal(new Set(seen.parts).size, seen.parts.length);
    assert.ok(seen.most <= 4 && !seen.processors.has(undefined), `${name}: ${seen.most} at a time`);
    const done = reports.filter(({ phase }) => phase === "convert").map((report) => report.done);
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
    );
    assert.equal(done.at(-1), made.size);
    rmSync(context.layout.root, { recursive: true });
  }
});

test("what is copied as it is, in whole blocks, is written past the page cache, and what is compressed through it", async (t) => {
  const directory = temporary(t);
  const [noise, text] = [rawDisk(join(directory, "noise")), join(directory, "text")];
  truncateSync(noise, 300 * MiB);
  writeFileSync(text, Buffer.alloc(200 * MiB, "the words of most files pack well\n"));
  for (const [cache, raw, ...options] of [
    ["none", noise],
    ["unsafe", text, "-c"],
  ] as const) {
    const source = join(directory, "disk.qcow2");
    qemuImg("convert", "-f", "raw", "-O", "qcow2", ...options, raw, source);
    const { seen, counted } = counting(machine(t).host);
    const context = machine(t, { wrap: () => counted });
    const spec = imageSpec(source, { diskFormat: "qcow2" });
    await fetch(context, spec);
    assert.deepEqual([...seen.caches], [cache]);
    assert.equal(seen.parts.length === 1, cache === "none");
    const [base, content] = [readFileSync(context.layout.baseImage(spec.entry)), readFileSync(raw)];
    assert.ok(base.equals(content));
    const record = JSON.parse(readFileSync(context.layout.baseSidecar(spec.entry), "utf8"));
    const digest = createHash("sha256").update(content).digest("hex");
    assert.equal(await startedDigest(context, spec.entry, record, () => undefined), digest);
    rmSync(context.layout.root, { recursive: true });
  }
});

test("a disk that is copied as it is has its digest, however it lies in the file of its image", async (t) => {
  const directory = temporary(t);
  const source = join(directory, "disk");
  for (const [diskFormat, format, ...options] of [
    ["qcow2", "qcow2"],
    ["qcow2", "qcow2", "-o", "cluster_size=4k"],
    ["qcow2", "qcow2", "-o", "compat=0.10"],
    ["vmdk", "vmdk"],
    ["vhd", "vpc", "-o", "force_size=on"],
    ["vhd", "vpc", "-o", "subformat=fixed,force_size=on"],
    ["vhdx", "vhdx"],
    ["vdi", "vdi"],
    ["ploop", "parallels"],
  ] as const) {
    const name = [format, ...options].join(" ");
    qemuImg("create", "-q", "-f", format, ...options, source, "40M");
    // Out of order, twice, partly zeros, and in pieces of clusters.
    const writes = [
      "write -P 1 30M 2M",
      "write -P 2 1M 3M",
      "write -P 3 9M 100k",
      "write -P 4 31M 512",
      "write -z 2M 1M",
      "write -P 5 20M 5M",
    ];
    execFileSync("qemu-io", ["-f", format, ...writes.flatMap((write) => ["-c", write]), source]);
    const { seen, counted } = counting(machine(t).host);
    const context = machine(t, { wrap: () => counted });
    const spec = imageSpec(source, { diskFormat });
    await fetch(context, spec);
    assert.deepEqual([...seen.caches], ["none"], name);
    const base = context.layout.baseImage(spec.entry);
    const record = JSON.parse(readFileSync(context.layout.baseSidecar(spec.entry), "utf8"));
    const digest = createHash("sha256").update(readFileSync(base)).digest("hex");
    assert.equal(await startedDigest(context, spec.entry, record, () => undefined), digest, name);
    rmSync(context.layout.root, { recursive: true });
  }
});

test("disks of odd lengths, and what is in the place of the new file, do not matter", async (t) => {
  const directory = temporary(t);
  const { host } = machine(t);
  for (const bytes of [0, 1, 513, MiB, 130 * MiB + 700]) {
    const source = join(directory, "source");
    const file = openSync(source, "w");
    ftruncateSync(file, bytes);
    if (bytes > 0) writeSync(file, "the end", Math.max(0, bytes - 7));
    closeSync(file);
    const to = join(directory, "to");
    await host.files.writeAtomic(to, Buffer.alloc(3 * MiB, "before"));
    await convertToRaw(host, { from: source, to, format: "raw", bytes: statSync(source).size });
    const content = readFileSync(source);
    const padding = Buffer.alloc(Math.ceil(content.length / 512) * 512 - content.length);
    assert.ok(readFileSync(to).equals(Buffer.concat([content, padding])), `${bytes} bytes`);
  }
});

test("images that are converted at the same time share the places of the host", async (t) => {
  const directory = temporary(t);
  const raw = rawDisk(join(directory, "raw"));
  const source = join(directory, "disk.qcow2");
  qemuImg("convert", "-f", "raw", "-O", "qcow2", raw, source);
  const { seen, counted } = counting(machine(t).host);
  const bytes = statSync(raw).size;
  const copies = ["a", "b", "c"].map((name) => join(directory, name));
  await Promise.all(copies.map((to) => convertToRaw(counted, { from: source, to, format: "qcow2", bytes })));
  for (const copy of copies) assert.ok(readFileSync(copy).equals(readFileSync(raw)));
  assert.equal(seen.most, seen.processors.size);
  assert.equal(seen.parts.length, 15);
});

test("a part that fails ends the others, and its error is the one that is reported", async (t) => {
  const directory = temporary(t);
  const raw = rawDisk(join(directory, "raw"));
  const source = join(directory, "disk.qcow2");
  qemuImg("convert", "-f", "raw", "-O", "qcow2", raw, source);
  let parts = 0;
  const endings: string[] = [];
  const { host } = machine(t);
  const context = machine(t, {
    wrap: () => ({
      ...changed(host, (command) => command),
      async run(command) {
        if (!isConversion(command)) return host.run(command);
        parts += 1;
        // The second part ends at once; the others would take minutes.
        const change = parts === 2 ? { limits: { cpuSeconds: 60, addressSpaceBytes: 2 ** 33, fileBytes: 4096 } } : {};
        const speed = parts === 2 ? [] : ["-r", String(MiB)];
        try {
          return await host.run({ ...command, ...change, args: ["convert", ...speed, ...command.args.slice(1)] });
        } catch (error) {
          endings.push(error instanceof CommandError ? error.reason : String(error));
          throw error;
        }
      },
    }),
  });
  const spec = imageSpec(source);
  await assert.rejects(
    fetch(context, spec),
    (error) => error instanceof CommandError && error.reason !== "aborted" && /File too large|SIGXFSZ/.test(error.message),
  );
  assert.equal(endings.filter((reason) => reason !== "aborted").length, 1, endings.join(", "));
  assert.equal(endings.length, parts);
  assert.deepEqual(readdirSync(context.layout.base), []);
});

test("a fetch that is stopped while parts are converted ends them, and leaves nothing", async (t) => {
  const directory = temporary(t);
  const raw = rawDisk(join(directory, "raw"));
  const source = join(directory, "disk.qcow2");
  qemuImg("convert", "-f", "raw", "-O", "qcow2", raw, source);
  const stop = new AbortController();
  const started: string[] = [];
  const context = machine(t, {
    wrap: (host) =>
      watched(
        changed(host, (command) =>
          isConversion(command) ? { ...command, args: ["convert", "-r", String(MiB), ...command.args.slice(1)] } : command,
        ),
        (command) => {
          if (!isConversion(command)) return;
          started.push(command.args.at(-1) ?? "");
          setTimeout(() => stop.abort(), 300);
        },
      ),
  });
  await assert.rejects(fetch({ ...context, signal: stop.signal }, imageSpec(source)), /was stopped/);
  assert.ok(started.length <= 4);
  assert.deepEqual(readdirSync(context.layout.base), []);
  const running = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(context.layout.base));
  assert.deepEqual(running, []);
});

function commandOf(pid: string): string {
  const path = `/proc/${pid}/cmdline`;
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
