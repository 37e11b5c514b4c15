import { constants, readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { CodedError, RefusedError, type UserError, userError } from "../../model/errors.ts";
import type { Download, Transferred } from "../../model/host.ts";
import type { Validators } from "../../model/web-access.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";
import { bytesToKeep, downloadRecord, recordedValidators } from "../download-record.ts";
import { errnoOf, explainedLater } from "../file-error.ts";
import { removeFile } from "../local/change.ts";
import { newFile, stagedMode } from "../local/copy.ts";
import { discard } from "../local/discard.ts";
import { writeStaged } from "../local/publish.ts";
import { safeRead } from "../local/read.ts";
import { startUnpacker } from "../local/unpacker.ts";
import { thisProcess } from "../process-identity.ts";
import { createSink, refuseTooLarge, type Sink } from "../sink.ts";
import { webAddress } from "./address.ts";
import { refuseEncoding } from "./content-encoding.ts";
import { bodyOf, httpGet, type Patience } from "./http-get.ts";
import { continues, resumeHeaders, validatorsOf } from "./resume.ts";
import { statusTrouble, TransferError } from "./transfer-error.ts";

/** How often and after what pauses a transfer is tried. */
export interface Persistence extends Patience {
  /** Further attempts after one that brought little new. Progress resets the count. */
  readonly retries: number;
  /** Pause before the first of them; it doubles from one to the next. */
  readonly pauseMs: number;
  /** No pause is longer, whatever the server asks for. */
  readonly maxPauseMs: number;
}

const usual: Persistence = { connectMs: 30_000, idleMs: 60_000, retries: 3, pauseMs: 1000, maxPauseMs: 60_000 };
/** An attempt that brings less is no progress, so that a server cannot keep a transfer going with a few bytes each time. */
const progressBytes = 64 * 1024;

/** One file on its way. */
interface Transfer {
  readonly request: Download;
  readonly addresses: readonly URL[];
  readonly sink: Sink;
  readonly persistence: Persistence;
  /** Of the version that the bytes so far are from. */
  validators: Validators;
}

/**
 * Downloads over http or https. A broken connection is continued where it broke, if the server can and the file is still the
 * same; digests continue with it. With a record, so does the next run after a kill, a stop or a failure. Everything else that was at `to`
 * is replaced, and a download that fails leaves nothing there (Nova FET-02). Throws a RefusedError for content that must not be used
 * (`image-too-large`, `image-encoded`, redirections), a UserError when the file cannot be downloaded.
 */
export async function download(request: Download, persistence: Persistence = usual): Promise<Transferred> {
  const { url, alternatives = [], to, digests, maxBytes, record } = request;
  const addresses = [url, ...alternatives].map(webAddress);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => {
    discard(to);
    if (record !== undefined) discard(record);
  });
  const opened = await openPartial(request);
  await using file = opened.file;
  const what = withoutCredentials(url);
  await using unpacker = request.unpack === undefined ? undefined : await startUnpacker(request.unpack, what);
  const sink = createSink(file, { path: to, what, digests, maxBytes, also: unpacker });
  await sink.adopt(opened.bytes);
  const transfer: Transfer = { request, addresses, sink, persistence, validators: opened.validators };
  try {
    await persist(transfer);
  } catch (error) {
    if (record !== undefined && isResumable(error)) {
      await sink.keep();
      undo.move();
    }
    throw error;
  }
  const done = { bytes: sink.bytes, digests: await sink.finish(), validators: transfer.validators };
  const result = unpacker === undefined ? done : { ...done, content: await unpacker.finish() };
  undo.move();
  return result;
}

/** The file that an earlier run began, and what is known of it; else a new one. */
async function openPartial(
  request: Download,
): Promise<{ readonly file: FileHandle; readonly bytes: number; readonly validators: Validators }> {
  const { to, record } = request;
  const validators = record === undefined ? undefined : recordedValidators(readIfThere(record), request, thisProcess().bootId);
  if (validators !== undefined) {
    const file = await open(to, constants.O_RDWR | constants.O_NOFOLLOW).catch(() => undefined);
    const stat = await file?.stat();
    if (file !== undefined && stat?.isFile() === true && stat.nlink === 1)
      return { file, bytes: bytesToKeep(stat.size, validators), validators };
    await file?.close();
  }
  removeFile(to);
  if (record !== undefined) removeFile(record);
  const file = await explainedLater("write", to, () => open(to, (newFile & ~constants.O_WRONLY) | constants.O_RDWR, stagedMode));
  return { file, bytes: 0, validators: {} };
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path, { flag: safeRead });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Whether the bytes that have come are good, so that another run can continue. */
function isResumable(error: unknown): boolean {
  return error instanceof CodedError && !(error instanceof RefusedError) && error.code !== "no-space";
}

async function persist(transfer: Transfer): Promise<void> {
  const { request, sink, persistence } = transfer;
  const retries = request.retries ?? persistence.retries + transfer.addresses.length - 1;
  const interrupted = () => userError("interrupted", `The download of ${withoutCredentials(request.url)} was stopped`);
  let best = sink.bytes;
  for (let failures = 0, attempts = 0; ; attempts += 1) {
    const address = transfer.addresses[attempts % transfer.addresses.length] as URL;
    try {
      return await attempt(transfer, address);
    } catch (error) {
      if (request.signal?.aborted === true) throw interrupted();
      if (!(error instanceof TransferError)) throw error;
      failures = sink.bytes >= best + progressBytes ? 1 : failures + 1;
      best = Math.max(best, sink.bytes);
      const others = attempts + 1 < transfer.addresses.length;
      if ((!error.again && !others) || failures > retries) throw givenUp(request, address, error, failures);
      request.onRetry?.({ attempt: failures + 1, of: retries + 1, because: error.message });
      await pause(pauseBefore(failures, error.waitMs, persistence, Math.random()), undefined, {
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      }).catch(() => {
        throw interrupted();
      });
    }
  }
}

/** Milliseconds to wait before the given retry, counted from one. `chance` (0 to 1) keeps many hosts from coming back all at once. */
export function pauseBefore(retry: number, askedMs: number | undefined, { pauseMs, maxPauseMs }: Persistence, chance: number): number {
  const own = pauseMs * 2 ** (retry - 1) * (0.5 + chance / 2);
  return Math.min(maxPauseMs, Math.max(own, askedMs ?? 0));
}

async function attempt(transfer: Transfer, asked: URL): Promise<void> {
  const { request, sink, persistence } = transfer;
  const resuming = resumeHeaders(sink.bytes, transfer.validators, request.immutable);
  const { response, address } = await httpGet(asked, {
    headers: resuming ?? {},
    access: request.access,
    insecure: request.insecureRedirects,
    patience: persistence,
    signal: request.signal,
  });
  let total: number | undefined;
  try {
    total = await begin(transfer, response, address, resuming !== undefined);
  } catch (error) {
    response.destroy();
    throw error;
  }
  request.onProgress?.(sink.bytes, total);
  for await (const chunk of bodyOf(response, address.host, persistence)) {
    await sink.write(chunk);
    request.onProgress?.(sink.bytes, total);
  }
  if (total === undefined || sink.bytes === total) return;
  throw new TransferError(`the connection ended after ${sink.bytes} of ${total} bytes`, { again: true });
}

/** Decides by the head of an answer where its bytes belong. Gives the length of the whole file, where the server tells it. */
async function begin(
  transfer: Transfer,
  response: Awaited<ReturnType<typeof httpGet>>["response"],
  address: URL,
  resuming: boolean,
): Promise<number | undefined> {
  const { request, sink } = transfer;
  const shown = withoutCredentials(request.url);
  const { headers, statusCode: status = 0 } = response;
  if (status === 200 || status === 206) refuseEncoding(shown, address.pathname, headers["content-encoding"]);
  if (resuming && status === 206) {
    const rest = continues(headers, sink.bytes, transfer.validators, request.immutable);
    if (rest !== undefined) {
      refuseTooLarge(shown, rest.total ?? 0, request.maxBytes);
      return rest.total;
    }
  }
  if (resuming && (status === 206 || status === 416)) {
    await sink.restart();
    throw new TransferError("the file changed while it was read", { again: true });
  }
  if (status !== 200) throw statusTrouble(status, headers["retry-after"], Date.now());
  // A new version, or a server that cannot continue: from the beginning, with new digests.
  if (sink.bytes > 0) await sink.restart();
  transfer.validators = validatorsOf(headers);
  const { length } = transfer.validators;
  if (length !== undefined) refuseTooLarge(shown, length, request.maxBytes);
  if (request.record !== undefined) {
    const record = downloadRecord(request, transfer.validators, thisProcess().bootId);
    await writeStaged(request.record, `${JSON.stringify(record)}\n`, stagedMode);
  }
  return length;
}

function givenUp({ url, explain }: Download, address: URL, error: TransferError, attempts: number): UserError {
  const words = error.status === undefined ? undefined : explain?.(error.status);
  const tried = attempts > 1 ? ` Tried ${attempts} times in a row without getting further.` : "";
  const shown = withoutCredentials(address.origin === URL.parse(url)?.origin ? url : address.href);
  const failure =
    words === undefined
      ? userError("download-failed", `Cannot download ${shown}: ${error.message}`, `${error.hint}${tried}`)
      : userError(words.code, words.summary, `${words.detail}${tried}`);
  failure.cause = error;
  return failure;
}
