import { randomBytes } from "node:crypto";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { compare, type Row, runOnce } from "./measure.ts";
import { createWorkspace } from "./workspace.ts";

/** Fetch, digest and conversion of a compressed qcow2 of about 300 MB, against the conversion alone. */
export function benchImage(): Row {
  using workspace = createWorkspace();
  const image = `${workspace.directory}/large.qcow2`;
  makeCompressedImage(image, `${workspace.directory}/large.raw`);
  workspace.configure({ count: 0, image });
  return compare(
    "fetch, digest and convert 300 MB",
    "qemu-img convert alone",
    1.3,
    5,
    () => workspace.run("apply", "--auto-approve"),
    () => runOnce("qemu-img", ["convert", "-t", "none", "-f", "qcow2", "-O", "raw", image, `${workspace.directory}/converted`]),
    {
      ours: () => workspace.run("destroy", "--images", "--auto-approve", "--allow-destroy"),
      theirs: () => rmSync(`${workspace.directory}/converted`, { force: true }),
    },
  );
}

/** Half noise, half text, so that it packs to about half its 600 MB, as images do. */
function makeCompressedImage(path: string, raw: string): void {
  const file = openSync(raw, "w");
  const text = Buffer.alloc(32_768, "the same words over and over again, as in most files of a system\n");
  for (let block = 0; block < 600 * 16; block += 1) writeSync(file, Buffer.concat([randomBytes(32_768), text]));
  closeSync(file);
  runOnce("qemu-img", ["convert", "-c", "-W", "-m", "8", "-f", "raw", "-O", "qcow2", raw, path]);
  rmSync(raw);
}
