import type { Host } from "../model/host.ts";
import { convertTimeoutMs, encrypting, opensImage, optionValue, runPastCache, secretArgs, secretName } from "./qemu-img.ts";
import { parseConvertProgress } from "./qemu-img-output.ts";

/** The bytes of a disk that is one LUKS container, as QEMU reaches them. */
export type LuksPlace =
  | { readonly driver: "file" | "host_device"; readonly path: string }
  | { readonly driver: "rbd"; readonly pool: string; readonly image: string; readonly user: string | null; readonly conf: string };

/** Bytes that `readLuksHeader` has to be given. */
export const luksHeaderBytes = 592;

const magic = Buffer.from("LUKS\xba\xbe", "latin1");
const sector = 512;
const minute = 60_000;

/** Bytes that a container takes beside its content: QEMU's headers take 2068480. */
export const luksReserve = 2 * 2 ** 20;

/**
 * Where the content of a LUKS container of version 1, the only one that QEMU opens, begins; undefined for anything else. The header of a
 * disk that was not recorded as encrypted proves nothing: its guest can write one.
 */
export function readLuksHeader(start: Buffer): { readonly contentAt: number } | undefined {
  if (start.length < luksHeaderBytes || !start.subarray(0, magic.length).equals(magic) || start.readUInt16BE(6) !== 1) return undefined;
  return { contentAt: start.readUInt32BE(104) * sector };
}

/**
 * Makes a container whose content is `size` bytes and not defined: LUKS, aes-256 in xts mode (Nova QCOW-10), QEMU's default. `name`: as
 * qemu-img takes it. A device has to be large enough already; a file or an image in Ceph is made. `discard` removes what a failed attempt
 * left: QEMU replaces a file, and refuses an image in Ceph that exists. Not atomic.
 */
export async function createLuks(
  host: Host,
  request: {
    readonly name: string;
    readonly size: number;
    readonly passphrase: string;
    readonly discard?: () => Promise<void>;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { name, size, passphrase, discard, signal } = request;
  const command = {
    program: "qemu-img",
    args: ["create", "-q", "-f", "luks", ...secretArgs(passphrase), "-o", `key-secret=${secretName}`, name, String(size)],
    stdin: passphrase,
    timeoutMs: 5 * minute,
    signal,
  };
  await encrypting(host, command, discard);
}

/**
 * Copies an image to the beginning of the content of a container, zeros too: what was never written there decrypts to noise.
 * `onFraction` gets 0 to 1.
 */
export async function fillLuks(
  host: Host,
  request: {
    readonly from: string;
    readonly format: "raw" | "qcow2";
    readonly to: LuksPlace;
    readonly passphrase: string;
    readonly onFraction?: (fraction: number) => void;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { from, format, to, passphrase, onFraction, signal } = request;
  const run = (cache: "none" | "writeback") =>
    host.run({
      program: "qemu-img",
      args: ["convert", "-p", "-n", "-t", cache, ...secretArgs(passphrase), "-f", format, "--target-image-opts", from, luksImage(to)],
      stdin: passphrase,
      timeoutMs: convertTimeoutMs,
      onLine: (line) => {
        const fraction = parseConvertProgress(line);
        if (fraction !== undefined) onFraction?.(fraction);
      },
      signal,
    });
  await runPastCache(run, "writeback");
}

/** Whether the passphrase opens a container, which may be in use. Changes nothing. */
export function luksOpensWith(host: Host, at: LuksPlace, passphrase: string, signal?: AbortSignal): Promise<boolean> {
  return opensImage(host, luksImage(at), passphrase, signal);
}

/** How QEMU opens a container: each layer is named, and nothing is looked for in the content. Pure. */
export function luksImage(at: LuksPlace): string {
  const below =
    at.driver === "rbd"
      ? [
          ["pool", at.pool] as const,
          ["image", at.image] as const,
          ["conf", at.conf] as const,
          ...(at.user === null ? [] : [["user", at.user] as const]),
        ]
      : [["filename", at.path] as const];
  const named = below.map(([key, value]) => `file.${key}=${optionValue(value)}`);
  return [`driver=luks,key-secret=${secretName},file.driver=${at.driver}`, ...named].join(",");
}
