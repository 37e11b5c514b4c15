import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { measure, runOnce, type Sample } from "./measure.ts";
import { memory, type Row, ratio } from "./row.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

/** What the shell does, as one script whose arguments are its `$1`, `$2` and so on. */
const shell = (script: string, ...args: readonly string[]) => runOnce("bash", ["-c", `set -euo pipefail; ${script}`, "bench", ...args]);

const toolsOnly = "cp, sha256sum and qemu-img convert in a shell, two at a time";

/** An image from a file: fetch, digest and conversion of a compressed qcow2 of half of `megabytes`, against the conversion alone. */
export function benchImage(megabytes: number): Row[] {
  using workspace = createWorkspace();
  const { directory } = workspace;
  const image = `${directory}/large.qcow2`;
  const converted = `${directory}/converted`;
  makeCompressedImage(image, megabytes);
  workspace.configureImages({ base: image });
  const [ours, theirs] = measure(5, fetching(workspace), {
    before: () => rmSync(converted, { force: true }),
    run: () => runOnce("qemu-img", ["convert", "-t", "none", "-f", "qcow2", "-O", "raw", image, converted]),
  });
  const what = `fetch, digest and convert ${megabytes / 2} MB`;
  return [ratio({ what, ours, baseline: "qemu-img convert alone", theirs }, 1.05), memory(`${what}, memory`, ours, 150)];
}

/** Ten different images at once, which together are a compressed qcow2 of half of `megabytes`. */
export function benchSeveralImages(megabytes: number): Row[] {
  using workspace = createWorkspace();
  const { directory } = workspace;
  const images = Array.from({ length: 10 }, (_, index) => `${directory}/image-${index}.qcow2`);
  for (const image of images) makeCompressedImage(image, megabytes / 10);
  workspace.configureImages(Object.fromEntries(images.map((image, index) => [`image-${index}`, image])));
  const each =
    'cp "$1" "$1.part"; sha256sum "$1.part"; qemu-img convert -t none -f qcow2 -O raw "$1.part" "$1.raw"; rm "$1.part"; sha256sum "$1.raw"';
  const [ours, theirs] = measure(3, fetching(workspace), {
    before: () => shell('rm -f "$@"', ...images.map((image) => `${image}.raw`)),
    run: () => shell(`printf '%s\\n' "$@" | xargs -P 2 -n 1 bash -c '${each}' bench`, ...images),
  });
  return [ratio({ what: `ten images of ${megabytes / 20} MB at once`, ours, baseline: toolsOnly, theirs }, 1.05)];
}

/** Images from a web server of this machine: an xz file against a pipeline, and a qcow2 file against what Nova does with it. */
export async function benchWebImage(megabytes: number): Promise<Row[]> {
  using workspace = createWorkspace();
  const { directory } = workspace;
  const image = `${directory}/large.qcow2`;
  makeImage(image, megabytes);
  runOnce("xz", ["-0", "-T0", "-k", image]);
  const packedMegabytes = megabytes / 2;
  await using server = await startFileServer(directory);
  const clean = { before: () => shell('rm -f "$1"/got.*', directory) };

  workspace.configureImages({ base: `${server.origin}/large.qcow2.xz` });
  const [ours, theirs] = measure(5, fetching(workspace), {
    ...clean,
    run: () =>
      shell(
        `curl -sSf "$1/large.qcow2.xz" | tee >(sha256sum >"$2/got.sum") | xz -dc -T0 >"$2/got.qcow2"
         qemu-img convert -t none -f qcow2 -O raw "$2/got.qcow2" "$2/got.raw"`,
        server.origin,
        directory,
      ),
  });

  workspace.configureImages({ base: `${server.origin}/large.qcow2` });
  const [plain, nova] = measure(3, fetching(workspace), {
    ...clean,
    run: () =>
      shell(
        `curl -sSf -o "$2/got.part" "$1/large.qcow2"
         qemu-img info --force-share --output=json "$2/got.part" -f qcow2
         qemu-img convert -t none -O raw -f qcow2 "$2/got.part" "$2/got.converted"
         rm "$2/got.part"
         qemu-img info --force-share --output=json "$2/got.converted" -f raw
         mv "$2/got.converted" "$2/got.base"`,
        server.origin,
        directory,
      ),
  });
  const pipeline = "curl, tee, sha256sum, xz -dc -T0, then qemu-img convert";
  return [
    ratio({ what: `fetch, digest, unpack and convert an xz file of ${packedMegabytes} MB`, ours, baseline: pipeline, theirs }, 1.05),
    ratio({
      what: `fetch and convert a qcow2 of ${megabytes} MB from the web`,
      ours: plain,
      baseline: "what Nova's fetch_to_raw runs, without a digest",
      theirs: nova,
    }),
  ];
}

function fetching(workspace: Workspace): { readonly before: () => void; readonly run: () => Sample } {
  return {
    before: () => void workspace.run("destroy", "--images", "--auto-approve", "--allow-destroy"),
    run: () => workspace.run("apply", "--auto-approve", "--parallelism", "10"),
  };
}

/** A server in a process of its own, since measuring blocks this one. */
async function startFileServer(directory: string): Promise<{ readonly origin: string } & AsyncDisposable> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("file-server.ts", import.meta.url)), directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [origin] = await once(child.stdout.setEncoding("utf8"), "data");
  return {
    origin: String(origin).trim(),
    async [Symbol.asyncDispose]() {
      const ended = once(child, "close");
      child.kill();
      await ended;
    },
  };
}

/** Half noise, half text, so that it packs to about half its size, as images do. */
function makeImage(path: string, megabytes: number, ...options: readonly string[]): void {
  const raw = `${path}.raw`;
  const file = openSync(raw, "w");
  const text = Buffer.alloc(32_768, "the same words over and over again, as in most files of a system\n");
  for (let block = 0; block < megabytes * 16; block += 1) writeSync(file, Buffer.concat([randomBytes(32_768), text]));
  closeSync(file);
  runOnce("qemu-img", ["convert", ...options, "-f", "raw", "-O", "qcow2", raw, path]);
  rmSync(raw);
}

function makeCompressedImage(path: string, megabytes: number): void {
  makeImage(path, megabytes, "-c", "-W", "-m", "8");
}
