import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fetchImage } from "../../../../src/kinds/image/fetch.ts";
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

test("a source that changes while it is converted makes no base image", async (t) => {
  const { done, base, directory } = await fetched(t, { meanwhile: (source) => utimesSync(source, 1, 1) });
  await assert.rejects(done, { code: "file-changed" });
  assert.equal(existsSync(base), false);
  assert.deepEqual(
    readdirSync(directory).filter((name) => /part|convert/.test(name)),
    [],
  );
});
