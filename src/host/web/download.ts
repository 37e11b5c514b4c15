import { constants, readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { CodedError, RefusedError } from "../../model/errors.ts";
import type { Download, Transferred } from "../../model/host.ts";
import { interrupted } from "../../model/interrupted.ts";
import type { Validators, WebAccess } from "../../model/web-access.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";
import { type AddressTurn, takeTurns } from "../address-turn.ts";
import { bytesToKeep, downloadRecord, recordedValidators } from "../download-record.ts";
import { errnoOf, explainedLater } from "../file-error.ts";
import { givenUp } from "../given-up.ts";
import { removeFile } from "../local/change.ts";
import { readableNewFile, stagedMode } from "../local/copy.ts";
import { discard } from "../local/discard.ts";
import { writeStaged } from "../local/publish.ts";
import { safeRead } from "../local/read.ts";
import { startUnpacker } from "../local/unpacker.ts";
import { thisProcess } from "../process-identity.ts";
import { createSink, refuseTooLarge, type Sink } from "../sink.ts";
import { webAddress } from "./address.ts";
import { refuseEncoding } from "./content-encoding.ts";
import { bodyOf, httpGet, type Patience, trustOnly } from "./http-get.ts";
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
/** One file on its way. */
interface Transfer {
  readonly request: Download;
  readonly addresses: readonly URL[];
  readonly sink: Sink;
  readonly persistence: Persistence;
  /** Of the version that the bytes so far are from. */
  validators: Validators;
  /** The address that gave the last bytes; undefined: an earlier run asked it. */
  from: URL | undefined;
  /** The address that the validators are of; undefined: an earlier run asked it. */
  versionOf: URL | undefined;
  /** Bytes of several addresses, or of an earlier run, are put together. */
  mixed: boolean;
  /** They do not have the expected digest: from now on the bytes of one address are not continued from another. */
  strict: boolean;
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
  const transfer: Transfer = {
    request,
    addresses,
    sink,
    persistence,
    validators: opened.validators,
    from: undefined,
    versionOf: undefined,
    mixed: false,
    strict: false,
  };
  let done: Transferred;
  try {
    done = await persist(transfer);
  } catch (error) {
    if (record !== undefined && isResumable(error)) {
      await sink.keep();
      undo.move();
    }
    throw error;
  }
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
  const file = await explainedLater("write", to, () => open(to, readableNewFile, stagedMode));
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

async function persist(transfer: Transfer): Promise<Transferred> {
  const { request, sink, persistence, addresses } = transfer;
  const { retryMs, signal } = request;
  const usualRetries = retryMs === undefined ? persistence.retries + addresses.length - 1 : Number.POSITIVE_INFINITY;
  const retries = request.retries ?? usualRetries;
  const stopped = () => interrupted(`The download of ${withoutCredentials(request.url)}`);
  const turn = takeTurns(addresses, sink.bytes, { retries, retryMs, now: () => performance.now() });
  for (;;) {
    const { address } = turn;
    try {
      await attempt(transfer, address);
      return await finished(transfer, turn);
    } catch (error) {
      if (signal?.aborted === true) throw stopped();
      const failure = await failureOf(transfer, turn, error);
      if (failure === undefined) throw error;
      const { again, hint, waitMs } = failure;
      const reason = { address, because: failure.message, again, status: failure.status, cause: error };
      if (!turn.failed(reason, sink.bytes))
        throw givenUp(request, "Cannot download", turn, hint, error instanceof RefusedError ? error : undefined);
      const because = addresses.length === 1 ? failure.message : `${address.host}: ${failure.message}`;
      request.onRetry?.({ attempt: turn.failures + 1, because, ...(Number.isFinite(retries) ? { of: retries + 1 } : {}) });
      if (!again) continue;
      const wait = pauseBefore(turn.failures, waitMs, persistence, Math.random());
      await pause(wait, undefined, signal === undefined ? {} : { signal }).catch(() => {
        throw stopped();
      });
    }
  }
}

/** Refusals of what has come, rather than of an answer. */
const contentRefusals = new Set(["image-unpack", "image-bomb", "image-too-large"]);

/** A failure after which another attempt, or another address, may succeed. What cannot be used of the bytes so far is removed. */
async function failureOf(transfer: Transfer, turn: AddressTurn, error: unknown): Promise<TransferError | undefined> {
  const { request, addresses, mixed } = transfer;
  if (error instanceof TransferError) return error;
  // What one server sends must not be used; another one may send what it should.
  if (!(error instanceof RefusedError) || request.expected === undefined || addresses.length === 1) return undefined;
  const isContent = contentRefusals.has(error.code);
  if (isContent) await startOver(transfer, turn);
  return new TransferError(error.summary, { again: isContent && mixed, hint: error.detail, cause: error });
}

/** Removes all bytes. From now on those of one address are not continued from another. */
async function startOver(transfer: Transfer, turn: AddressTurn): Promise<void> {
  await transfer.sink.restart();
  turn.restarted();
  transfer.strict = true;
  transfer.mixed = false;
}

/** The result of a whole file. Throws a TransferError where it does not have the expected digest, and another address may give it. */
async function finished(transfer: Transfer, turn: AddressTurn): Promise<Transferred> {
  const { address } = turn;
  const { request, sink, addresses } = transfer;
  const { expected } = request;
  const done = { bytes: sink.bytes, digests: await sink.finish() };
  const received = expected === undefined ? undefined : done.digests[expected.algorithm];
  if (addresses.length > 1 && expected !== undefined && received !== expected.hex) {
    const { mixed } = transfer;
    await startOver(transfer, turn);
    throw new TransferError(
      mixed
        ? "what several servers gave does not have the checksum together"
        : `its content has another checksum, ${expected.algorithm}:${received}`,
      { again: mixed, hint: "Remove the address, or correct the checksum." },
    );
  }
  const isOwn = addresses.length === 1 || transfer.versionOf === addresses[0];
  return {
    ...done,
    ...(isOwn ? { validators: transfer.validators } : {}),
    ...(address === addresses[0] ? {} : { mirror: withoutCredentials(address.href) }),
  };
}

/** Milliseconds to wait before the given retry, counted from one. `chance` (0 to 1) keeps many hosts from coming back all at once. */
export function pauseBefore(retry: number, askedMs: number | undefined, { pauseMs, maxPauseMs }: Persistence, chance: number): number {
  const own = pauseMs * 2 ** (retry - 1) * (0.5 + chance / 2);
  return Math.min(maxPauseMs, Math.max(own, askedMs ?? 0));
}

async function attempt(transfer: Transfer, asked: URL): Promise<void> {
  const { request, sink, persistence } = transfer;
  const isOther = transfer.from !== asked;
  // The expected digest proves that what several addresses give belongs together.
  const immutable = request.immutable === true || (transfer.addresses.length > 1 && request.expected !== undefined && !transfer.strict);
  const resuming = isOther && transfer.strict ? undefined : resumeHeaders(sink.bytes, transfer.validators, immutable);
  const { response, address } = await httpGet(asked, {
    headers: resuming ?? {},
    access: accessAt(transfer, asked),
    insecure: request.insecureRedirects,
    patience: persistence,
    signal: request.signal,
  });
  let total: number | undefined;
  try {
    total = await begin(transfer, response, address, { asked, resuming: resuming !== undefined, immutable });
  } catch (error) {
    response.destroy();
    throw error;
  }
  if (sink.bytes > 0 && isOther) transfer.mixed = true;
  transfer.from = asked;
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
  { asked, resuming, immutable }: { readonly asked: URL; readonly resuming: boolean; readonly immutable: boolean },
): Promise<number | undefined> {
  const { request, sink, addresses } = transfer;
  const shown = withoutCredentials(asked === addresses[0] ? request.url : asked.href);
  const { headers, statusCode: status = 0 } = response;
  if (status === 200 || status === 206) refuseEncoding(shown, address.pathname, headers["content-encoding"]);
  if (resuming && status === 206) {
    const rest = continues(headers, sink.bytes, transfer.validators, immutable);
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
  transfer.mixed = false;
  transfer.validators = validatorsOf(headers);
  transfer.versionOf = asked;
  const { length } = transfer.validators;
  if (length !== undefined) refuseTooLarge(shown, length, request.maxBytes);
  if (request.record !== undefined) {
    const record = downloadRecord(request, transfer.validators, thisProcess().bootId);
    await writeStaged(request.record, `${JSON.stringify(record)}\n`, stagedMode);
  }
  return length;
}

/** What is presented to the server of an address: credentials belong to that of the first one. */
function accessAt({ request: { access, sharedAccess }, addresses }: Transfer, asked: URL): WebAccess | undefined {
  return sharedAccess === true || asked.origin === addresses[0]?.origin ? access : trustOnly(access);
}
