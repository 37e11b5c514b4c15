import { randomBytes } from "node:crypto";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { measure, runOnce } from "./measure.ts";
import { type Row, ratio } from "./row.ts";
import { createWorkspace } from "./workspace.ts";

/** Fetch, digest and conversion of a compressed qcow2 of half of `megabytes`, against the conversion alone. */
export function benchImage(megabytes: number): Row[] {
  using workspace = createWorkspace();
  const { directory } = workspace;
  const image = `${directory}/large.qcow2`;
  makeCompressedImage(image, `${directory}/large.raw`, megabytes);
  workspace.configure({ count: 0, image });
  const [ours, theirs] = measure(
    3,
    {
      before: () => void workspace.run("destroy", "--images", "--auto-approve", "--allow-destroy"),
      run: () => workspace.run("apply", "--auto-approve"),
    },
    {
      before: () => rmSync(`${directory}/converted`, { force: true }),
      run: () => runOnce("qemu-img", ["convert", "-t", "none", "-f", "qcow2", "-O", "raw", image, `${directory}/converted`]),
    },
  );
  return [ratio({ what: `fetch, digest and convert ${megabytes / 2} MB`, ours, baseline: "qemu-img convert alone", theirs }, 1.3)];
}

/** Half noise, half text, so that it packs to about half its size, as images do. */
function makeCompressedImage(path: string, raw: string, megabytes: number): void {
  const file = openSync(raw, "w");
  const text = Buffer.alloc(32_768, "the same words over and over again, as in most files of a system\n");
  for (let block = 0; block < megabytes * 16; block += 1) writeSync(file, Buffer.concat([randomBytes(32_768), text]));
  closeSync(file);
  runOnce("qemu-img", ["convert", "-c", "-W", "-m", "8", "-f", "raw", "-O", "qcow2", raw, path]);
  rmSync(raw);
}
