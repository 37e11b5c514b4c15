import { constants, readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { Download, Transferred } from "../../model/host.ts";
import type { Validators, WebAccess } from "../../model/web-access.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";
import { type Asking, type Assembled, changedMeanwhile, createAssembled } from "../assembled.ts";
import { bytesToKeep, downloadRecord, recordedValidators } from "../download-record.ts";
import { errnoOf, explainedLater } from "../file-error.ts";
import { isResumable } from "../is-resumable.ts";
import { removeFile } from "../local/change.ts";
import { readableNewFile, stagedMode } from "../local/copy.ts";
import { discard } from "../local/discard.ts";
import { writeStaged } from "../local/publish.ts";
import { safeRead } from "../local/read.ts";
import { startUnpacker } from "../local/unpacker.ts";
import { type Persistence, persist, type Transport } from "../persist.ts";
import { thisProcess } from "../process-identity.ts";
import { createSink, refuseTooLarge, type Sink } from "../sink.ts";
import { webAddress } from "./address.ts";
import { refuseEncoding } from "./content-encoding.ts";
import { bodyOf, httpGet, type Patience, trustOnly } from "./http-get.ts";
import { statusTrouble, TransferError } from "./transfer-error.ts";

/** How patient a download is, with servers and with failures. */
export interface DownloadPatience extends Patience, Persistence {}

const usual: DownloadPatience = { connectMs: 30_000, idleMs: 60_000, retries: 3, pauseMs: 1000, maxPauseMs: 60_000 };

/** One file on its way. */
interface Transfer {
  readonly request: Download;
  readonly addresses: readonly URL[];
  readonly assembled: Assembled;
  readonly sink: Sink;
  readonly patience: Patience;
}

/**
 * Downloads over http or https. A broken connection is continued where it broke, if the server can and the file is still the
 * same; digests continue with it. With a record, so does the next run after a kill, a stop or a failure. Everything else that was at `to`
 * is replaced, and a download that fails leaves nothing there (Nova FET-02). Throws a RefusedError for content that must not be used
 * (`image-too-large`, `image-encoded`, redirections), a UserError when the file cannot be downloaded.
 */
export async function download(request: Download, patience: DownloadPatience = usual): Promise<Transferred> {
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
  const assembled = createAssembled(request, addresses, opened.validators);
  const transfer: Transfer = { request, addresses, assembled, sink, patience };
  const transport: Transport = {
    cannot: "Cannot download",
    bytes: () => sink.bytes,
    attempt: (asked) => attempt(transfer, asked),
    finish: async () => ({ bytes: sink.bytes, digests: await sink.finish() }),
    clear: () => sink.restart(),
  };
  let done: Transferred;
  try {
    done = await persist(request, addresses, assembled, transport, patience);
  } catch (error) {
    if (record !== undefined && assembled.continuable && isResumable(error)) {
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

async function attempt(transfer: Transfer, asked: URL): Promise<void> {
  const { request, assembled, sink, patience } = transfer;
  const asking = assembled.ask(asked, sink.bytes);
  const { response, address } = await httpGet(asked, {
    headers: asking.resuming ?? {},
    access: accessAt(transfer, asked),
    insecure: request.insecureRedirects,
    patience,
    signal: request.signal,
  });
  let total: number | undefined;
  try {
    total = await begin(transfer, asking, response, address);
  } catch (error) {
    response.destroy();
    throw error;
  }
  request.onProgress?.(sink.bytes, total);
  for await (const chunk of bodyOf(response, address.host, patience)) {
    await sink.write(chunk);
    request.onProgress?.(sink.bytes, total);
  }
  if (total === undefined || sink.bytes === total) return;
  throw new TransferError(`the connection ended after ${sink.bytes} of ${total} bytes`, { again: true });
}

/** Decides by the head of an answer where its bytes belong. Gives the length of the whole file, where the server tells it. */
async function begin(
  { request, addresses, assembled, sink }: Transfer,
  asking: Asking,
  { headers, statusCode: status = 0 }: IncomingMessage,
  address: URL,
): Promise<number | undefined> {
  const shown = withoutCredentials(asking.asked === addresses[0] ? request.url : asking.asked.href);
  if (status === 200 || status === 206) refuseEncoding(shown, address.pathname, headers["content-encoding"]);
  const verdict = assembled.judge(asking, status, headers);
  if (verdict.kind === "nothing") throw statusTrouble(status, headers["retry-after"], Date.now());
  if (verdict.kind === "rest") {
    refuseTooLarge(shown, verdict.total ?? 0, request.maxBytes);
    assembled.accept(asking, verdict);
    return verdict.total;
  }
  // A new version, or a server that cannot continue: from the beginning, with new digests.
  if (sink.bytes > 0) await sink.restart();
  assembled.accept(asking, verdict);
  if (verdict.kind === "changed") throw changedMeanwhile();
  const { length } = verdict.validators;
  if (length !== undefined) refuseTooLarge(shown, length, request.maxBytes);
  if (request.record !== undefined) {
    const record = downloadRecord(request, verdict.validators, thisProcess().bootId);
    await writeStaged(request.record, `${JSON.stringify(record)}\n`, stagedMode);
  }
  return length;
}

/** What is presented to the server of an address: credentials belong to that of the first one. */
function accessAt({ request: { access, sharedAccess }, addresses }: Transfer, asked: URL): WebAccess | undefined {
  return sharedAccess === true || asked.origin === addresses[0]?.origin ? access : trustOnly(access);
}
