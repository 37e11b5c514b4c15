import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { test } from "node:test";
import type { DiskFormat } from "../../../../src/kinds/image/spec.ts";
import type { Packing } from "../../../../src/model/packing.ts";
import { qemuImg, temporary } from "./images.ts";
import { imageSpec, machine } from "./machine.ts";

/** How many kills, spread over the packings: VIRTFORM_TEST_KILLS for more. */
const kills = Number(process.env["VIRTFORM_TEST_KILLS"] ?? 14);
const child = join(import.meta.dirname, "fetch-child.ts");
const pieceBytes = 2 ** 19;

interface Published {
  readonly unpack: Packing;
  readonly diskFormat: DiskFormat;
  readonly content: Buffer;
}

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

/** One disk, packed in every way that differs in what is staged. */
function publish(directory: string, raw: string): Published[] {
  const qcow2 = join(directory, "disk.qcow2");
  qemuImg("convert", "-O", "qcow2", raw, qcow2);
  const vmdk = join(directory, "disk.vmdk");
  qemuImg("convert", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, vmdk);
  const ovf = join(directory, "disk.ovf");
  writeFileSync(ovf, "<Envelope/>");
  const manifest = join(directory, "disk.mf");
  writeFileSync(manifest, [ovf, vmdk].map((path) => `SHA256(${basename(path)})= ${sha256(readFileSync(path))}\n`).join(""));
  const run = (program: string, ...args: readonly string[]) => execFileSync(program, args, { maxBuffer: 2 ** 28 });
  const tar = run("tar", "-cf", "-", "-C", directory, basename(qcow2));
  const archive = join(directory, "disk.tar");
  writeFileSync(archive, tar);
  return [
    { unpack: "none", diskFormat: "qcow2", content: readFileSync(qcow2) },
    { unpack: "gz", diskFormat: "qcow2", content: run("gzip", "-1", "-c", qcow2) },
    { unpack: "xz", diskFormat: "qcow2", content: run("xz", "-0", "-c", qcow2) },
    { unpack: "zst", diskFormat: "qcow2", content: run("zstd", "-q", "-c", qcow2) },
    { unpack: "tar", diskFormat: "qcow2", content: tar },
    { unpack: "tar.xz", diskFormat: "qcow2", content: run("xz", "-0", "-c", archive) },
    {
      unpack: "ova",
      diskFormat: "vmdk",
      content: run("tar", "-cf", "-", "-C", directory, ...[ovf, manifest, vmdk].map((path) => basename(path))),
    },
  ];
}

test("a fetch that is killed during transfer, unpacking or conversion leaves no partial base, and the next one continues", async (t) => {
  const directory = temporary(t);
  const raw = join(directory, "disk.raw");
  const disk = Buffer.alloc(12 * 2 ** 20);
  randomBytes(6 * 2 ** 20).copy(disk, 2 ** 20);
  writeFileSync(raw, disk);
  const published = publish(directory, raw);
  const served = new Map(published.map((one) => [`/disk.${one.unpack}`, one.content]));
  /** The first byte that each request asked for, since the last run began. */
  let asked: number[] = [];
  let onSent: (() => void) | undefined;
  const server = createServer(async (request, response) => {
    const content = served.get(request.url ?? "") ?? Buffer.alloc(0);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    asked.push(from);
    const range = from === 0 ? {} : { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` };
    response.writeHead(from === 0 ? 200 : 206, { etag: '"v1"', "content-length": content.length - from, ...range });
    for (let at = from; at < content.length && !response.destroyed; at += pieceBytes) {
      response.write(content.subarray(at, at + pieceBytes));
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    response.end();
    onSent?.();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const root = join(directory, "instances");
  const { layout } = machine(t, { root });

  /** Runs a fetch, and kills it in the transfer, or as soon after it as `afterMs` says. */
  async function run({ unpack, diskFormat }: Published, kill?: { readonly inTransfer: boolean; readonly afterMs: number }) {
    asked = [];
    const source = `${origin}/disk.${unpack}`;
    const running = spawn(process.execPath, [child, root, source, unpack, diskFormat], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    running.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const timers: NodeJS.Timeout[] = [];
    const killLater = () => void timers.push(setTimeout(() => running.kill("SIGKILL"), kill?.afterMs ?? 0));
    onSent = kill !== undefined && !kill.inTransfer ? killLater : undefined;
    if (kill?.inTransfer === true) server.once("request", killLater);
    const code = await new Promise((resolve) => running.once("close", (exit, signal) => resolve(signal ?? exit)));
    for (const timer of timers) clearTimeout(timer);
    server.removeListener("request", killLater);
    assert.ok(code === 0 || (kill !== undefined && code === "SIGKILL"), `${unpack}: ${code}: ${said}`);
    return code === "SIGKILL";
  }

  let killed = 0;
  let continued = 0;
  /** How many kills left each kind of file. */
  const left = { part: 0, unpacked: 0, member: 0, converted: 0, complete: 0 };
  for (const [index, one] of published.entries()) {
    const { entry } = imageSpec(`${origin}/disk.${one.unpack}`);
    const base = layout.baseImage(entry);
    const isRight = () => sha256(readFileSync(base)) === sha256(disk) && existsSync(layout.baseSidecar(entry));
    let kept: number | undefined;
    const expectContinued = () => {
      if (kept === undefined || kept === 0) return;
      assert.deepEqual(asked.slice(0, 1), [Math.min(kept, one.content.length - 1)], `${one.unpack}: the transfer goes on where it stopped`);
      continued += 1;
    };
    for (let round = index; round < kills; round += published.length) {
      const inTransfer = Math.floor(round / published.length) % 2 === 0;
      const afterMs = Math.random() * (inTransfer ? 15 * (one.content.length / pieceBytes) : 800);
      if (await run(one, { inTransfer, afterMs })) killed += 1;
      // Killed before it asked for anything: what was kept still is.
      if (asked.length > 0) expectContinued();
      if (existsSync(base)) {
        assert.ok(isRight(), `${one.unpack}: a base that has its name is whole`);
        left.complete += 1;
        rmSync(base);
      }
      const part = layout.basePart(entry);
      if (existsSync(part)) left.part += 1;
      if (existsSync(layout.baseUnpacked(entry))) left.unpacked += 1;
      if (existsSync(layout.baseMember(entry))) left.member += 1;
      if (existsSync(layout.baseConverted(entry))) left.converted += 1;
      kept = existsSync(layout.basePartRecord(entry)) && existsSync(part) ? statSync(part).size : undefined;
    }
    await run(one);
    expectContinued();
    assert.ok(isRight(), one.unpack);
    assert.deepEqual(
      readdirSync(layout.base).sort(),
      [base, `${base}.json`].map((path) => basename(path)),
      one.unpack,
    );
    rmSync(layout.base, { recursive: true });
  }
  assert.ok(killed > kills / 2, `only ${killed} fetches were killed`);
  t.diagnostic(`${killed} of ${kills} fetches were killed, ${continued} transfers continued, left by the kills: ${JSON.stringify(left)}`);
});
