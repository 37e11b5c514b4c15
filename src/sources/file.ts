import { fileURLToPath } from "node:url";
import { UserError } from "../model/errors.ts";
import { failureDiagnostics } from "../model/failure-diagnostics.ts";
import type { FilePlace, FileStat, Host } from "../model/host.ts";
import { problem } from "../model/problem.ts";
import { formatQuantity } from "../model/quantity.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import { qcow2HeaderBytes, readQcow2Header } from "../tools/qcow2-header.ts";
import { onlyRootWrites } from "./only-root-writes.ts";
import type { Source, SourceProblem } from "./source.ts";

/**
 * A file: an absolute path or `file:///…`. A symbolic link is followed, because the user wrote it. For a remote host it is a file of the
 * machine that virtform runs on, which is pushed; if it does not exist here, a file of the host.
 */
export const file: Source = {
  scheme: "file",
  check: (address) => (pathIn(address) === undefined ? invalid(address) : undefined),
  pathHere: pathOf,
  async look({ host }, address) {
    const path = pathOf(address);
    const bytes = await host.route?.bytesHere(path);
    if (bytes !== undefined) return { way: `pushed from here, ${formatQuantity(bytes)}`, bytes };
    const found = await lookAt(host, path);
    const way = host.route === undefined ? null : `from a file on ${host.name}`;
    if ("code" in found) return { way, bytes: null, problem: found };
    return withoutUndefined({
      way,
      bytes: found.size,
      moves: "copy" as const,
      content: found.allocated,
      virtualSize: await virtualSizeOf(host, found.path),
    });
  },
  async fetch({ host, signal }, { source, to, unpack, digests, maxBytes, mayStay, onProgress }) {
    const path = pathOf(source);
    const options = withoutUndefined({ digests, maxBytes, onProgress });
    const pushed = await host.upload?.({ from: path, to, signal, ...options });
    if (pushed !== undefined) return pushed;
    const found = await lookAt(host, path);
    if ("code" in found) throw new UserError([problem(found.code, found)]);
    if (unpack !== undefined && host.upload === undefined) {
      const packed = withoutUndefined({ packedDigests: digests, maxPacked: maxBytes, onProgress });
      return await host.unpack({ ...unpack, from: path, followLinks: true, signal, ...packed });
    }
    if (
      mayStay !== undefined &&
      host.upload === undefined &&
      found.size <= (maxBytes ?? found.size) &&
      (await onlyRootWrites(host, found.path))
    ) {
      const place = { path: found.path, size: found.size, mtimeMs: found.mtimeMs, inode: found.inode };
      const digested = mayStay === "undigested" ? {} : await host.files.digest(found.path, digests, onProgress, signal);
      return { bytes: found.size, digests: digested, place };
    }
    return await host.files.copy(path, to, { ...options, signal, followLinks: true });
  },
};

/** Bytes of the disk in a qcow2 file; undefined for other content and for a file that cannot be read, which its fetch reports. */
async function virtualSizeOf({ files }: Host, path: string): Promise<number | undefined> {
  const start = await files.read(path, { offset: 0, length: qcow2HeaderBytes }).catch(() => undefined);
  return start === undefined ? undefined : readQcow2Header(start)?.header?.virtualSize;
}

/** A file of the host, or why it is no source of an image. */
async function lookAt({ name, upload, files }: Host, path: string): Promise<(FilePlace & Pick<FileStat, "allocated">) | SourceProblem> {
  try {
    const [found] = await files.identify([path]);
    if (found === undefined) {
      const where = upload === undefined ? name : `this machine or on ${name}`;
      return {
        code: "image-source-missing",
        summary: `The file ${path} does not exist`,
        detail: `It is the source of an image and must be on ${where}. Check the path.`,
      };
    }
    const stat = await files.stat(found.path);
    if (stat === undefined) return { path: found.path, size: 0, allocated: 0, mtimeMs: 0, inode: 0 };
    if (stat.type === "file") {
      const { size, mtimeMs, inode } = stat;
      return { path: found.path, size, mtimeMs, inode, allocated: Math.min(stat.allocated, size) };
    }
    return {
      code: "image-source-not-a-file",
      summary: `${path} is ${stat.type === "directory" ? "a directory" : "no regular file"}`,
      detail: "The source of an image is a file. To use a device, copy it into a file first.",
    };
  } catch (error) {
    const [first] = failureDiagnostics(error) ?? [];
    if (first === undefined) throw error;
    return { code: first.code, summary: first.summary, detail: first.detail };
  }
}

/** The path that an address means. Throws a UserError for a file address of another machine. */
function pathOf(address: string): string {
  const path = pathIn(address);
  if (path === undefined) throw new UserError([problem(invalid(address).code, invalid(address))]);
  return path;
}

function pathIn(address: string): string | undefined {
  if (address.startsWith("/")) return address;
  try {
    return fileURLToPath(address);
  } catch {
    return undefined;
  }
}

function invalid(address: string): SourceProblem {
  const detail = "Write an absolute path, or file:// followed by one: file:///srv/images/debian.qcow2.";
  return { code: "image-source-invalid", summary: `Invalid file address: ${address}`, detail };
}
