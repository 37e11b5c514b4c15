import { constants } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnreachableError } from "../../model/errors.ts";
import { fileChanged } from "../../model/file-changed.ts";
import type { Download, Transferred, Upload } from "../../model/host.ts";
import { interrupted } from "../../model/interrupted.ts";
import type { Peer } from "../../model/peer.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { createDigester } from "../digester.ts";
import { fileChunks } from "../file-chunks.ts";
import { errnoOf, explainFileError } from "../file-error.ts";
import { requireRegular, safeRead } from "../local/read.ts";
import { expectUnchanged } from "../local/unchanged.ts";
import { refuseTooLarge } from "../sink.ts";
import { download } from "../web/download.ts";
import { collect } from "./collect.ts";
import type { SshConnection } from "./connection.ts";
import { createFrameReader, type Frame } from "./frames.ts";
import { helperScript } from "./helper.ts";
import { transferProgram } from "./transfer-program.ts";
import { connectionLost } from "./trouble.ts";
import { explainTrouble, type Trouble } from "./trouble-of-file.ts";

/** The remote takes some bytes at least this often. */
const idleMs = 300_000;
/** How long the remote may take to put the whole file on its disk. */
const syncMs = 3_600_000;

/**
 * Pushes a file of this machine to the host, digesting it on the way. Undefined when there is no such file here. When it
 * fails, nothing is left there.
 */
export async function uploadOverSsh(connection: SshConnection, name: string, request: Upload): Promise<Transferred | undefined> {
  const { from, to, signal } = request;
  const file = await open(from, safeRead & ~constants.O_NOFOLLOW).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return undefined;
    throw explainFileError(error, "read", from);
  });
  if (file === undefined) return undefined;
  await using source = file;
  const stat = await source.stat();
  requireRegular(from, stat);
  refuseTooLarge(from, stat.size, request.maxBytes);
  const channel = await connection.start(helperScript, [transferProgram, "receive", to, String(stat.size)], `the transfer of ${from}`);
  let silent: Error | undefined;
  const cut = () => {
    silent = new UnreachableError(
      `${name} took nothing of ${from} for ${idleMs / 1000} s`,
      "A filesystem there may hang; check the kernel log of the host (dmesg).",
    );
    channel.kill();
  };
  let idle = setTimeout(cut, idleMs);
  let answer: Frame | undefined;
  const take = createFrameReader((frame) => {
    answer = frame;
  });
  channel.stdout.on("data", (chunk: Buffer) => {
    try {
      take(chunk);
    } catch {
      channel.kill();
    }
  });
  const errors = collect(channel.stderr);
  let over = false;
  const closed = new Promise<void>((resolve) =>
    channel.onClose(() => {
      clearTimeout(idle);
      over = true;
      resolve();
    }),
  );
  const digester = createDigester(request.digests);
  let done = 0;
  for await (const chunk of fileChunks(source, from)) {
    if (over || signal?.aborted === true) break;
    digester.update(chunk);
    done += chunk.length;
    if (!channel.stdin.write(Buffer.from(chunk))) {
      await Promise.race([new Promise((resolve) => channel.stdin.once("drain", resolve)), closed]);
    }
    idle.refresh();
    request.onProgress?.(done, Math.max(stat.size, done));
  }
  const cutShort = over;
  channel.stdin.end();
  clearTimeout(idle);
  // The remote puts the file on its disk now.
  if (!over) idle = setTimeout(cut, syncMs);
  await closed;
  if (signal?.aborted === true) throw interrupted(`The transfer of ${from} to ${name}`);
  if (answer === undefined) throw connection.lost ?? channel.failure ?? silent ?? connectionLost(name, errors());
  const failed = answer.message["error"] as Trouble | undefined;
  if (failed !== undefined && !cutShort && done !== stat.size) {
    throw fileChanged(from);
  }
  if (failed !== undefined) throw explainTrouble(failed, "write", to);
  await expectUnchanged(source, stat, from);
  return { bytes: done, digests: digester.digests() };
}

/** Brings a file of a peer to this machine and pushes it from here. */
export async function pullHereAndPush(
  push: (request: Upload) => Promise<Transferred | undefined>,
  peer: Peer,
  { to, ...request }: Upload,
): ReturnType<Peer["pull"]> {
  return inTemporaryDirectory(async (staged) => {
    const here = await peer.pull({ ...request, to: staged });
    const { signal } = request;
    // Its length counts holes, which `maxBytes` does not.
    await push({ from: staged, to, digests: [], ...withoutUndefined({ signal }) });
    return here;
  });
}

/** Downloads to this machine and pushes from here, for a host that cannot fetch by itself. */
export async function downloadHereAndPush(
  push: (request: Upload) => Promise<Transferred | undefined>,
  { to, record: _record, unpack: _unpack, ...request }: Download,
): Promise<Transferred> {
  return inTemporaryDirectory(async (staged) => {
    const here = await download({ ...request, to: staged });
    const { maxBytes, onProgress, signal } = request;
    await push(withoutUndefined({ maxBytes, onProgress, signal, from: staged, to, digests: [] }));
    return here;
  });
}

/** Runs `work` with the path of a file in a directory of its own, which is removed afterwards. */
async function inTemporaryDirectory<T>(work: (path: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(process.env["TMPDIR"] ?? "/var/tmp", "virtform-download-")).catch(() =>
    mkdtemp(join(tmpdir(), "virtform-download-")),
  );
  try {
    return await work(`${directory}/image`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
