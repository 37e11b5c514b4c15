import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fetchImage } from "../../../../src/kinds/image/fetch.ts";
import type { ImageSidecar, ImageSpec } from "../../../../src/kinds/image/spec.ts";
import type { Context } from "../../../../src/model/context.ts";
import type { Command, Files, Host } from "../../../../src/model/host.ts";
import type { Json } from "../../../../src/model/json.ts";
import { qemuImg, temporary } from "./images.ts";
import { changed, imageSpec, machine } from "./machine.ts";

/** Fetches a qcow2 image of random data. `copies` counts its copies; `meanwhile` runs when qemu-img is started to convert it. */
async function fetched(
  t: TestContext,
  { mode = 0o644, meanwhile }: { readonly mode?: number; readonly meanwhile?: (source: string) => void },
) {
  const directory = temporary(t);
  const raw = join(directory, "image.raw");
  const source = join(directory, "image.qcow2");
  execFileSync("dd", ["if=/dev/urandom", `of=${raw}`, "bs=1M", "count=8"], { stdio: "ignore" });
  qemuImg("convert", "-f", "raw", "-O", "qcow2", raw, source);
  chmodSync(source, mode);
  let copies = 0;
  const wrap = (host: Host): Host => {
    const copy: Files["copy"] = (...args) => {
      copies += 1;
      return host.files.copy(...args);
    };
    const watched = (command: Command): Command => {
      if (command.args?.[0] === "convert") meanwhile?.(source);
      return command;
    };
    return { ...changed(host, watched), files: Object.assign(Object.create(host.files) as Files, { copy }) };
  };
  const context = machine(t, { wrap });
  const spec = imageSpec(source);
  const done = fetchImage.run(context, spec as unknown as Json, () => undefined);
  return { done, base: context.layout.baseImage(spec.entry), directory: context.layout.base, raw, copies: () => copies };
}

for (const [mode, expected] of [
  [0o644, 0],
  [0o664, 1],
] as const) {
  test(`a source with mode ${mode.toString(8)} is converted from ${expected === 0 ? "its place" : "a copy"}`, async (t) => {
    const { done, base, raw, copies } = await fetched(t, { mode });
    await done;
    assert.equal(copies(), expected);
    execFileSync("cmp", [base, raw]);
  });
}

/** What happens to a source that is used in its place, in order; `hold` makes its digest wait for the conversion. */
async function orderOf(t: TestContext, changes: (source: string) => Partial<ImageSpec>, hold: boolean) {
  const directory = temporary(t);
  const source = join(directory, "image.qcow2");
  qemuImg("create", "-q", "-f", "qcow2", source, "1M");
  const [sha256 = ""] = execFileSync("sha256sum", [source], { encoding: "utf8" }).split(" ");
  const order: string[] = [];
  const converting = Promise.withResolvers<void>();
  const wrap = (host: Host): Host => {
    const digest: Files["digest"] = async (...args) => {
      if (args[0] !== source) return host.files.digest(...args);
      if (hold) await Promise.race([converting.promise, setTimeout(20_000, undefined, { ref: false })]);
      const found = await host.files.digest(...args);
      order.push("digest");
      return found;
    };
    const watched = (command: Command): Command => {
      if (command.program === "qemu-img") order.push(command.args?.[0] ?? "");
      if (command.args?.[0] === "convert") converting.resolve();
      return command;
    };
    return { ...changed(host, watched), files: Object.assign(Object.create(host.files) as Files, { digest }) };
  };
  const events: string[] = [];
  const context: Context = { ...machine(t, { wrap }), notify: ({ event, sha256: of }) => void events.push(`${event} ${of ?? ""}`.trim()) };
  const spec = imageSpec(source, changes(sha256));
  const done = fetchImage.run(context, spec as unknown as Json, () => undefined);
  return { done, order, events, sha256, sidecar: context.layout.baseSidecar(spec.entry) };
}

test("a source whose digest is compared with nothing is digested while it is converted", async (t) => {
  const { done, order, events, sha256, sidecar } = await orderOf(t, () => ({}), true);
  await done;
  assert.ok(order.indexOf("convert") < order.indexOf("digest"), order.join(", "));
  assert.equal((JSON.parse(readFileSync(sidecar, "utf8")) as ImageSidecar).digests.sha256, sha256);
  assert.deepEqual(events, ["image.prepare", `image.upload ${sha256}`, `image.activate ${sha256}`]);
});

for (const key of ["checksum", "contentChecksum"] as const) {
  test(`no program opens a source before its digest has been compared with its ${key}`, async (t) => {
    const right = await orderOf(t, (hex) => ({ [key]: { algorithm: "sha256", hex } }), false);
    await right.done;
    assert.equal(right.order[0], "digest");
    const wrong = await orderOf(t, () => ({ [key]: { algorithm: "sha256", hex: "0".repeat(64) } }), false);
    await assert.rejects(wrong.done, { code: "image-checksum-mismatch" });
    assert.deepEqual(wrong.order, ["digest"]);
  });
}

test("a source that changes while it is converted makes no base image", async (t) => {
  const { done, base, directory } = await fetched(t, { meanwhile: (source) => utimesSync(source, 1, 1) });
  await assert.rejects(done, { code: "file-changed" });
  assert.equal(existsSync(base), false);
  assert.deepEqual(
    readdirSync(directory).filter((name) => /part|convert/.test(name)),
    [],
  );
});
