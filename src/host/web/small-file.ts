import type { Validators, WebAccess } from "../../model/web-access.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { bodyOf, httpGet } from "./http-get.ts";
import { validatorsOf } from "./resume.ts";
import { statusTrouble, TransferError } from "./transfer-error.ts";

/** How a small file is asked for. */
export interface SmallFileRequest {
  readonly url: string;
  readonly access?: WebAccess | undefined;
  /** The version that is here: the answer is undefined when it is still the same. */
  readonly known?: Validators | undefined;
  readonly maxBytes: number;
  /** Longest silence of the server, also while connecting, and longest wait for 64 KiB. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Reads a small file, following redirections. Undefined when the server says that it did not change. Throws a TransferError. */
export async function smallFile({
  url,
  access,
  known,
  maxBytes,
  timeoutMs,
  signal,
}: SmallFileRequest): Promise<{ readonly bytes: Buffer; readonly validators: Validators } | undefined> {
  const patience = { connectMs: timeoutMs, idleMs: timeoutMs, slowMs: timeoutMs };
  const headers = withoutUndefined({ "if-none-match": known?.etag, "if-modified-since": known?.lastModified });
  const { response, address } = await httpGet(new URL(url), { headers, access, insecure: true, patience, signal });
  const status = response.statusCode ?? 0;
  if (status !== 200) {
    response.destroy();
    if (status === 304 && known !== undefined) return undefined;
    throw statusTrouble(status, response.headers["retry-after"], Date.now());
  }
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of bodyOf(response, address.host, patience)) {
    bytes += piece.length;
    if (bytes > maxBytes) throw new TransferError(`it is longer than ${maxBytes} bytes`, { again: false, hint: "Check the address." });
    pieces.push(piece);
  }
  return { bytes: Buffer.concat(pieces), validators: validatorsOf(response.headers) };
}
