import { CommandError, RefusedError } from "../model/errors.ts";
import type { Command, Host } from "../model/host.ts";
import { type MappedRange, parseCheckErrors, parseImageInfo, parseMap, parseMeasure, type QemuImageInfo } from "./qemu-img-output.ts";

export type { QemuImageInfo } from "./qemu-img-output.ts";

const minute = 60_000;
/** A conversion reads a whole image over what may be a slow disk; it is bounded so that a hung one ends some day. */
export const convertTimeoutMs = 12 * 60 * minute;

/** Bounds for programs that write disks: far above what honest content needs. */
export const writingLimits = { cpuSeconds: 6 * 3600, addressSpaceBytes: 8 * 2 ** 30 };

/** Bounds for looking at files of unknown origin (Nova FET-06). */
const inspectionLimits = { cpuSeconds: 30, addressSpaceBytes: 2 * 2 ** 30 };

/** Whether qemu here has its driver for images in Ceph, which is a package of its own. Nothing is contacted. */
export async function hasRbdDriver(host: Host, signal?: AbortSignal): Promise<boolean> {
  // Only an existing driver reports that a configuration file is missing.
  const image = "driver=rbd,pool=none,image=none,conf=/nonexistent/ceph.conf";
  const args = ["info", "--image-opts", image];
  const { stderr } = await host.run({
    program: "qemu-img",
    args,
    timeoutMs: minute,
    okExitCodes: [0, 1],
    signal,
  });
  return !/Unknown (?:driver|protocol) 'rbd'/.test(stderr);
}

/**
 * What qemu makes of a file, opened as the format that the caller names and never as one that the file suggests. Opens no
 * backing file, takes no image lock. Throws RefusedError `image-inspection-aborted` when the limits ended it, and `image-malformed` when
 * qemu refuses the content.
 */
export async function imageInfo(host: Host, path: string, format: string, signal?: AbortSignal): Promise<QemuImageInfo> {
  const { stdout } = await limited(path, () =>
    host.run({
      program: "qemu-img",
      args: ["info", "-U", "-f", format, "--output=json", path],
      timeoutMs: 2 * minute,
      limits: inspectionLimits,
      signal,
    }),
  );
  return parseImageInfo(stdout);
}

/**
 * Whether all tables of an image agree, where qemu knows how to check the format. Throws RefusedError `image-incomplete` when they do not,
 * and `image-inspection-aborted` when the limits ended it. Space that is allocated and not used is no mistake.
 */
export async function checkImage(host: Host, path: string, format: string, signal?: AbortSignal): Promise<void> {
  const args = ["check", "-U", "-f", format, "--output=json", path];
  const { exitCode, stdout } = await limited(path, () =>
    host.run({
      program: "qemu-img",
      args,
      timeoutMs: 10 * minute,
      limits: { ...inspectionLimits, cpuSeconds: 120 },
      // 2: damaged, 3: space that is not used, 63: no check for this format.
      okExitCodes: [0, 2, 3, 63],
      signal,
    }),
  );
  if (exitCode !== 2) return;
  const errors = parseCheckErrors(stdout);
  throw new RefusedError(
    "image-incomplete",
    `The image is damaged: qemu-img check finds ${errors === undefined ? "errors" : `${errors} ${errors === 1 ? "error" : "errors"}`} in its tables`,
    "Get it again; where it was made, `qemu-img check -r all FILE` can repair some damage.",
  );
}

/**
 * Bytes of an image of this virtual size that are not holes, so that a raw file takes them. Asked as what a qcow2 file would take, since qemu
 * counts holes of raw files as well. Errors as for `imageInfo`.
 */
export async function dataBytes(host: Host, path: string, format: string, virtualSize: number, signal?: AbortSignal): Promise<number> {
  const { stdout } = await limited(path, () =>
    host.run({
      program: "qemu-img",
      args: ["measure", "-U", "-O", "qcow2", "-f", format, "--output=json", path],
      timeoutMs: 10 * minute,
      limits: { ...inspectionLimits, cpuSeconds: 120 },
      signal,
    }),
  );
  const { required, full } = parseMeasure(stdout);
  // Tables for the whole disk are in both.
  return Math.max(0, required - Math.max(0, full - virtualSize));
}

/** Where the bytes of a range of a disk lie in the file of its image. Errors as for `imageInfo`. */
export async function mapImage(
  host: Host,
  { path, format, start, length }: { readonly path: string; readonly format: string; readonly start: number; readonly length: number },
  signal?: AbortSignal,
): Promise<readonly MappedRange[]> {
  const { stdout } = await limited(path, () =>
    host.run({
      program: "qemu-img",
      args: ["map", "-U", "-f", format, `--start-offset=${start}`, `--max-length=${length}`, "--output=json", path],
      timeoutMs: 10 * minute,
      limits: inspectionLimits,
      signal,
    }),
  );
  return parseMap(stdout);
}

async function limited<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const why = contentTrouble(error.stderr);
    if (why !== undefined)
      throw new RefusedError(
        "image-malformed",
        `qemu-img cannot read the image: ${why}`,
        "It is damaged or made to do harm: get it again.",
      );
    if (!wasLimited(error)) throw error;
    throw new RefusedError(
      "image-inspection-aborted",
      `Looking at ${path} took qemu-img more processor time or memory than any honest image needs, so it was stopped`,
      "The image is damaged or made to do harm. Get it again from a source that you trust.",
    );
  }
}

/** Why qemu does not open an image, where the reason is its content and not the machine. Pure. */
export function contentTrouble(stderr: string): string | undefined {
  const why = /Could not open '[^\n]*': ([^\n]+)/.exec(stderr)?.[1]?.replace(/\.$/, "");
  if (why === undefined || /permission denied|no such file|memory|too many open files|O_DIRECT|lock/i.test(why)) return undefined;
  return why.slice(0, 200);
}

/** The kernel ends it by a signal, or memory is refused to it. */
function wasLimited(error: CommandError): boolean {
  if (error.reason === "signal" || error.reason === "timeout") return true;
  return error.reason === "exit" && (/Cannot allocate memory/i.test(error.stderr) || (error.exitCode ?? 0) > 128);
}

/** Whether qemu-img failed because the filesystem has no O_DIRECT. */
export function refusesDirectIo(stderr: string): boolean {
  return /O_DIRECT|Invalid argument/.test(stderr);
}

/** Runs qemu-img so that it writes past the page cache (Nova FET-14), and with the cache mode `otherwise` where the filesystem has no O_DIRECT. */
export async function runPastCache<Mode>(run: (cache: "none" | Mode) => Promise<unknown>, otherwise: Mode): Promise<void> {
  try {
    await run("none");
  } catch (error) {
    if (!(error instanceof CommandError) || !refusesDirectIo(error.stderr)) throw error;
    await run(otherwise);
  }
}

/**
 * Makes a qcow2 file: an overlay of `backing` when there is one (Nova QCOW-03; its format is always said, never looked up),
 * else an empty one. Sizes are bytes. Not atomic.
 */
export async function createQcow2(
  host: Host,
  request: {
    readonly path: string;
    readonly size: number;
    readonly clusterSize?: number;
    readonly backing?: { readonly path: string; readonly format: "raw" | "qcow2" };
    /** Encrypts it: LUKS, aes-256 in xts mode (Nova QCOW-10), which is what qemu does unless told otherwise. */
    readonly passphrase?: string;
    /** Takes all its space at once: clusters are assigned, and the bytes of the file reserved. */
    readonly preallocate?: boolean;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { backing, clusterSize, passphrase, preallocate = false } = request;
  // Only with parts of clusters can a cluster be assigned and still show what is below it.
  const inParts = preallocate && backing !== undefined;
  const cluster = clusterSize === undefined ? undefined : inParts ? Math.max(clusterSize, smallestWithParts) : clusterSize;
  const options = [
    ...(backing === undefined ? [] : [`backing_file=${optionValue(backing.path)}`, `backing_fmt=${backing.format}`]),
    ...(cluster === undefined ? [] : [`cluster_size=${cluster}`]),
    ...(passphrase === undefined ? [] : ["encrypt.format=luks", `encrypt.key-secret=${secretName}`]),
    ...(preallocate ? ["preallocation=falloc"] : []),
    ...(inParts ? ["extended_l2=on"] : []),
  ];
  const listed = options.length === 0 ? [] : ["-o", options.join(",")];
  await encrypting(host, {
    program: "qemu-img",
    args: ["create", "-q", "-f", "qcow2", ...secretArgs(passphrase), ...listed, request.path, String(request.size)],
    timeoutMs: (preallocate ? 10 : 2) * minute,
    limits: writingLimits,
    stdin: passphrase,
    signal: request.signal,
  });
}

/**
 * Copies a raw image into a new encrypted qcow2 file, without what is zeros; with `preallocate` that takes its space too. Sizes are
 * those of the raw image. Not atomic.
 */
export async function convertToEncrypted(
  host: Host,
  request: {
    readonly from: string;
    readonly to: string;
    readonly passphrase: string;
    readonly preallocate: boolean;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { from, to, passphrase, preallocate, signal } = request;
  const options = ["encrypt.format=luks", `encrypt.key-secret=${secretName}`, ...(preallocate ? ["preallocation=falloc"] : [])];
  await encrypting(host, {
    program: "qemu-img",
    // Zeros are written as what they encrypt to: else the clusters that hold them would be given back.
    args: [
      "convert",
      "-q",
      ...(preallocate ? ["-S", "0"] : []),
      ...secretArgs(passphrase),
      "-f",
      "raw",
      "-O",
      "qcow2",
      "-o",
      options.join(","),
      from,
      to,
    ],
    stdin: passphrase,
    timeoutMs: convertTimeoutMs,
    limits: writingLimits,
    signal,
  });
}

/**
 * Runs a command that makes a LUKS header. To find out how many rounds take two seconds, QEMU measures the processor time of a few milliseconds, and gives
 * up where a kernel that counts ticks reports none: the command is repeated, which takes little until it succeeds. `discard` removes what a failed attempt
 * left, where the next cannot replace it.
 */
export async function encrypting(host: Host, command: Command, discard?: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await host.run(command);
      return;
    } catch (error) {
      const clock = error instanceof CommandError && /Unable to get accurate CPU usage/.test(error.stderr);
      if (!clock || attempt === encryptionAttempts) throw error;
      await discard?.();
    }
  }
}

const encryptionAttempts = 25;

/** Bytes of the smallest clusters that have parts. */
const smallestWithParts = 16384;

/** What a passphrase is called between the options of one command. */
export const secretName = "passphrase";

/** The passphrase comes on standard input: neither the list of processes nor a file ever has it (Nova QCOW-10 writes a file). */
export function secretArgs(passphrase: string | undefined): string[] {
  return passphrase === undefined ? [] : ["--object", `secret,id=${secretName},file=/dev/stdin`];
}

/** How an encrypted qcow2 file is opened: format and file are said, and nothing else is looked for. */
function encryptedImage(path: string): string {
  return `driver=qcow2,encrypt.key-secret=${secretName},file.driver=file,file.filename=${optionValue(path)}`;
}

/** Whether the passphrase opens an encrypted qcow2 file, which may be in use. Changes nothing. */
export function opensWith(host: Host, path: string, passphrase: string, signal?: AbortSignal): Promise<boolean> {
  return opensImage(host, encryptedImage(path), passphrase, signal);
}

/** The same of any encrypted image. `image`: its options, as `--image-opts` takes them. */
export async function opensImage(host: Host, image: string, passphrase: string, signal?: AbortSignal): Promise<boolean> {
  try {
    await host.run({
      program: "qemu-img",
      args: ["map", "-U", "--max-length=512", "--output=json", ...secretArgs(passphrase), "--image-opts", image],
      stdin: passphrase,
      timeoutMs: 5 * minute,
      signal,
    });
    return true;
  } catch (error) {
    if (error instanceof CommandError && refusesPassphrase(error.stderr)) return false;
    throw error;
  }
}

/** Whether qemu says that a passphrase is not the disk's. */
export function refusesPassphrase(stderr: string): boolean {
  return /Invalid password/i.test(stderr);
}

/** In an option list a comma ends the value unless it is doubled (Nova QCOW-11). */
export function optionValue(text: string): string {
  return text.replaceAll(",", ",,");
}

/** Grows a disk that no guest uses to `bytes` (Nova SIZE-05, with the format always said: CVE-2026-24708). */
export async function resizeImage(
  host: Host,
  path: string,
  format: "raw" | "qcow2",
  bytes: number,
  options: { readonly passphrase?: string; readonly preallocate?: boolean; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { passphrase, preallocate = false, signal } = options;
  const image = passphrase === undefined ? ["-f", format, path] : [...secretArgs(passphrase), "--image-opts", encryptedImage(path)];
  await host.run({
    program: "qemu-img",
    args: ["resize", "-q", ...(preallocate ? ["--preallocation=falloc"] : []), ...image, String(bytes)],
    timeoutMs: 10 * minute,
    limits: writingLimits,
    stdin: passphrase,
    signal,
  });
}
