import { rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { type UserError, userError } from "../../model/errors.ts";
import type { Digests, Download } from "../../model/host.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";
import { explained, explainedLater } from "../file-error.ts";
import { newFile, stagedMode } from "../local/copy.ts";
import { createSink, refuseTooLarge, type Sink } from "../sink.ts";
import { bodyOf, httpGet, type Patience } from "./http-get.ts";
import { continues, resumeHeaders, type Validator, validatorOf } from "./resume.ts";
import { statusTrouble, TransferError } from "./transfer-error.ts";

/** How often and after what pauses a transfer is tried. */
export interface Persistence extends Patience {
  /** Further attempts after one that brought nothing new. Progress resets the count. */
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
  readonly address: URL;
  readonly shown: string;
  readonly sink: Sink;
  readonly persistence: Persistence;
  /** Of the version that the bytes so far are from. */
  validator: Validator;
}

/**
 * Downloads over http or https. A broken connection is continued where it broke, if the server can and the file is still the
 * same; digests go on with it. What is at `to` is replaced; when it fails, nothing is left there (Nova FET-02). Throws
 * RefusedError for what must not be taken (`image-too-large`, redirections), UserError when it cannot be had.
 */
export async function download(request: Download, persistence: Persistence = usual): Promise<{ bytes: number; digests: Digests }> {
  const { url, to, digests, maxBytes } = request;
  const shown = withoutCredentials(url);
  const address = URL.parse(url);
  if (address === null || !/^https?:$/.test(address.protocol)) throw userError("address-invalid", `Not an http or https address: ${shown}`);
  explained("write", to, () => rmSync(to, { force: true }));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rmSync(to, { force: true }));
  await using file = await explainedLater("write", to, () => open(to, newFile, stagedMode));
  const sink = createSink(file, { path: to, what: shown, digests, maxBytes });
  await persist({ request, address, shown, sink, persistence, validator: {} });
  const result = { bytes: sink.bytes, digests: await sink.finish() };
  undo.move();
  return result;
}

async function persist(transfer: Transfer): Promise<void> {
  const { request, shown, sink, persistence } = transfer;
  const interrupted = () => userError("interrupted", `The download of ${shown} was stopped`);
  let best = 0;
  for (let failures = 0; ; ) {
    try {
      return await attempt(transfer);
    } catch (error) {
      if (request.signal?.aborted === true) throw interrupted();
      if (!(error instanceof TransferError)) throw error;
      failures = sink.bytes > best ? 1 : failures + 1;
      best = Math.max(best, sink.bytes);
      if (!error.again || failures > persistence.retries) throw givenUp(transfer, error, failures);
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

async function attempt(transfer: Transfer): Promise<void> {
  const { request, sink, persistence } = transfer;
  const resuming = resumeHeaders(sink.bytes, transfer.validator);
  const { response, address } = await httpGet(transfer.address, resuming ?? {}, persistence, request.signal);
  let total: number | undefined;
  try {
    total = await begin(transfer, response, resuming !== undefined);
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
  resuming: boolean,
): Promise<number | undefined> {
  const { request, sink, shown } = transfer;
  const { headers, statusCode: status = 0 } = response;
  if (resuming && status === 206) {
    const rest = continues(headers, sink.bytes, transfer.validator);
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
  transfer.validator = validatorOf(headers);
  const length = headers["content-length"];
  if (length === undefined) return undefined;
  refuseTooLarge(shown, Number(length), request.maxBytes);
  return Number(length);
}

function givenUp({ shown }: Transfer, error: TransferError, attempts: number): UserError {
  const tried = attempts > 1 ? ` Tried ${attempts} times in a row without getting further.` : "";
  const failure = userError("download-failed", `Cannot download ${shown}: ${error.message}`, `${error.hint}${tried}`);
  failure.cause = error;
  return failure;
}
