import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { qemuImg, temporary } from "./images.ts";
import { imageSpec, machine } from "./machine.ts";

/** How many kills: VIRTFORM_TEST_KILLS for more. */
const kills = Number(process.env["VIRTFORM_TEST_KILLS"] ?? 8);
const child = join(import.meta.dirname, "fetch-child.ts");

test("a fetch that is killed at any moment of transfer, unpacking and conversion leaves no partial base, and the next one goes on", async (t) => {
  const directory = temporary(t);
  const raw = join(directory, "disk.raw");
  const disk = Buffer.alloc(24 * 2 ** 20);
  randomBytes(12 * 2 ** 20).copy(disk, 4 * 2 ** 20);
  writeFileSync(raw, disk);
  const qcow2 = join(directory, "disk.qcow2");
  qemuImg("convert", "-O", "qcow2", raw, qcow2);
  const packed = execFileSync("xz", ["-0", "-c", qcow2], { maxBuffer: 2 ** 28 });
  let resumed = 0;
  const server = createServer(async (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from > 0) resumed += 1;
    const range = from === 0 ? {} : { "content-range": `bytes ${from}-${packed.length - 1}/${packed.length}` };
    response.writeHead(from === 0 ? 200 : 206, { etag: '"v1"', "content-length": packed.length - from, ...range });
    for (let at = from; at < packed.length && !response.destroyed; at += 2 ** 20) {
      response.write(packed.subarray(at, at + 2 ** 20));
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const source = `http://127.0.0.1:${(server.address() as AddressInfo).port}/disk.qcow2.xz`;
  const root = join(directory, "instances");
  const { layout } = machine(t, { root });
  const base = layout.baseImage(imageSpec(source).entry);
  const isRight = () => createHash("sha256").update(readFileSync(base)).digest("hex") === createHash("sha256").update(disk).digest("hex");
  const run = async (killAfterMs?: number) => {
    const running = spawn(process.execPath, [child, root, source, "xz"], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    running.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const timer = killAfterMs === undefined ? undefined : setTimeout(() => running.kill("SIGKILL"), killAfterMs);
    const code = await new Promise((resolve) => running.once("close", (exit, signal) => resolve(signal ?? exit)));
    clearTimeout(timer);
    return { code, said };
  };
  for (let kill = 0; kill < kills; kill += 1) {
    const { code, said } = await run(300 + Math.random() * 1500);
    assert.ok(code === "SIGKILL" || code === 0, said);
    if (!existsSync(base)) continue;
    assert.ok(isRight(), "a base that has its name is whole");
    break;
  }
  const { code, said } = await run();
  assert.equal(code, 0, said);
  assert.ok(isRight());
  assert.deepEqual(
    readdirSync(layout.base).sort(),
    [base, `${base}.json`].map((path) => path.slice(layout.base.length + 1)),
  );
  t.diagnostic(`${kills} kills, ${resumed} transfers went on`);
});
