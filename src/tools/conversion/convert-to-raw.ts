import type { Command, Host } from "../../model/host.ts";
import { convertTimeoutMs, optionValue, runPastCache, writingLimits } from "../qemu-img.ts";
import { parseConvertProgress } from "../qemu-img-output.ts";
import { cutDisk, type DiskPart } from "./cut-disk.ts";
import { createPartsProgress } from "./parts-progress.ts";
import { placesOf } from "./places.ts";

interface Conversion {
  /** A path, or what `qemu-img` calls an image in Ceph. */
  readonly from: string;
  /** The same. A file has a staged name, and is published afterwards: it is not on the disk yet. */
  readonly to: string;
  readonly format: string;
  /** Bytes of the disk. A longer file cannot be written. */
  readonly bytes: number;
  /** Those of them that are no holes, where that is known. */
  readonly data?: number;
  /** The file is written past the page cache where the filesystem can do that. Default: through it. */
  readonly isPastCache?: boolean;
  /** Gets 0 to 1. */
  readonly onFraction?: (fraction: number) => void;
  /** Gets the number of bytes from the start of the new file that no longer change. */
  readonly onFinal?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

const sector = 512;

/**
 * Converts an image to raw (Nova FET-13). It is written through the page cache, or past it (`isPastCache`, Nova FET-14). Files are converted by processes that stay
 * on one processor: `qemu-img` hands each cluster to another thread and back, and to wake a thread on another processor takes longer than the work. Through the
 * page cache they are converted in parts. Not atomic. Throws a CommandError.
 */
export function convertToRaw(host: Host, conversion: Conversion): Promise<void> {
  const areFiles = [conversion.from, conversion.to].every((path) => path.startsWith("/"));
  return areFiles ? convertInParts(host, conversion) : convertWhole(host, conversion);
}

async function convertInParts(host: Host, conversion: Conversion): Promise<void> {
  const { to, bytes, data, isPastCache = false, signal } = conversion;
  const [places] = await Promise.all([placesOf(host), host.files.truncate(to, Math.ceil(bytes / sector) * sector)]);
  // The disk, and not a processor, decides how long writing past the cache takes.
  const parts = isPastCache ? [{ offset: 0, length: bytes }] : cutDisk(bytes, data);
  const progress = createPartsProgress(parts, conversion);
  const deadline = performance.now() + convertTimeoutMs;
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const convertPart = (part: DiskPart) =>
    places.at(async (processor) => {
      const run = (cache: "none" | "unsafe") =>
        host.run({
          ...partCommand(conversion, part, { isLast: part === parts.at(-1), cache }),
          timeoutMs: deadline - performance.now(),
          ...(processor === undefined ? {} : { processor }),
          onLine: onFraction((fraction) => progress.reached(part, fraction)),
          signal: either,
        });
      await (isPastCache ? runPastCache(run, "unsafe") : run("unsafe"));
      progress.ended(part);
    }, either);
  const left = [...parts];
  let failure: { readonly error: unknown } | undefined;
  const work = async () => {
    for (let part = left.shift(); part !== undefined && failure === undefined; part = left.shift()) {
      try {
        await convertPart(part);
      } catch (error) {
        // Those that are stopped because of it fail after it.
        failure ??= { error };
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(places.count, parts.length) }, work));
  if (failure !== undefined) throw failure.error;
}

/** Converts one part. The length of the last is that of the image, which need not be a whole number of sectors. Pure. */
export function partCommand(
  { from, to, format, bytes }: Pick<Conversion, "from" | "to" | "format" | "bytes">,
  { offset, length }: DiskPart,
  { isLast, cache }: { readonly isLast: boolean; readonly cache: "none" | "unsafe" },
): Pick<Command, "program" | "args" | "limits"> {
  const range = `driver=raw,offset=${offset}${isLast ? "" : `,size=${length}`}`;
  return {
    program: "qemu-img",
    args: [
      "convert",
      // A source that is used in its place may have readers with locks.
      "-U",
      "-p",
      ...(cache === "none" ? pastCache : intoPageCache),
      "-n",
      "--image-opts",
      `${range},file.driver=${format},file.file.filename=${optionValue(from)}`,
      "--target-image-opts",
      // Parts are written at the same time, and nothing else knows the staged name.
      `${range},file.locking=off,file.filename=${optionValue(to)}`,
    ],
    limits: limitsOf(bytes),
  };
}

/** An image in Ceph is converted by one process: the network decides how long it takes. */
async function convertWhole(host: Host, conversion: Conversion): Promise<void> {
  const { from, to, format, bytes, signal } = conversion;
  const intoFile = to.startsWith("/");
  await host.run({
    program: "qemu-img",
    args: ["convert", "-U", "-p", ...(intoFile ? intoPageCache : pastCache), "-f", format, "-O", "raw", from, to],
    timeoutMs: convertTimeoutMs,
    limits: limitsOf(bytes),
    onLine: onFraction((fraction) => conversion.onFraction?.(fraction)),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** In order: with `-W`, threads whose writes wait for each other spin meanwhile. `qemu-img` does not wait for the disk. */
const intoPageCache = ["-t", "unsafe", "-m", "8"];
/** What waits for storage is faster with many writes at a time (Nova FET-14). */
const pastCache = ["-t", "none", "-W", "-m", "8"];

/** The length is rounded up to whole blocks. */
function limitsOf(bytes: number) {
  return { ...writingLimits, fileBytes: bytes + 2 ** 20 };
}

function onFraction(report: (fraction: number) => void) {
  return (line: string) => {
    const fraction = parseConvertProgress(line);
    if (fraction !== undefined) report(fraction);
  };
}
