import { isBusyStatus } from "../../model/busy-status.ts";
import { tlsTrouble } from "./tls-trouble.ts";

/** A transfer that failed, with the facts that decide about another attempt. Callers outside this folder get a UserError instead. */
export class TransferError extends Error {
  override readonly name = "TransferError";
  /** Whether the same request may succeed a little later. */
  readonly again: boolean;
  /** What the user can do. */
  readonly hint: string;
  /** How long the server asked to wait. */
  readonly waitMs: number | undefined;
  /** The status that the server answered with. */
  readonly status: number | undefined;
  constructor(
    message: string,
    fields: {
      readonly again: boolean;
      readonly hint?: string;
      readonly waitMs?: number | undefined;
      readonly status?: number;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: fields.cause });
    this.again = fields.again;
    this.hint = fields.hint ?? "Try again later, or use another source.";
    this.waitMs = fields.waitMs;
    this.status = fields.status;
  }
}

/** What an error of the network means. `host` is the server that was asked, `hint` the remedy where the error names no better one. */
export function networkTrouble(error: unknown, host: string, hint?: string): TransferError {
  if (error instanceof TransferError) return error;
  const { code = "", hostname, statusCode } = (error instanceof Error ? error : {}) as NetworkError;
  const text = error instanceof Error ? error.message || code : String(error);
  if (code === "ENOTFOUND") {
    const remedy = "Check the address and the name service; where the web is reached through a proxy, set https_proxy and http_proxy.";
    return new TransferError(`the name ${hostname ?? host} is not known`, { again: false, hint: remedy, cause: error });
  }
  if (code === "ERR_PROXY_TUNNEL") return proxyTrouble(statusCode ?? 0, host, error);
  if (code === "HPE_INVALID_CONSTANT" || code === "HPE_HEADER_OVERFLOW") {
    const remedy =
      "Check scheme and port: what answers there is no web server, or one that cannot be understood, such as one for HTTP/2 only.";
    return new TransferError(`the answer of ${host} is not understood (${text})`, { again: false, hint: remedy, cause: error });
  }
  const isTls = /^(?:EPROTO$|ERR_SSL_|ERR_TLS_|CERT_)|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH/.test(code);
  const trouble = isTls ? tlsTrouble(`${text} ${code}`, host) : undefined;
  if (trouble !== undefined) return new TransferError(trouble.message, { again: false, hint: trouble.hint, cause: error });
  const fields = { again: true, cause: error, ...(hint === undefined ? {} : { hint }) };
  return new TransferError(`the connection to ${host} failed (${text})`, fields);
}

/** What Node adds to its errors. */
interface NetworkError {
  readonly code?: string;
  /** The name that was looked up: that of the server or of its proxy. */
  readonly hostname?: string;
  /** What a proxy answered. */
  readonly statusCode?: number;
}

/** What a proxy means that does not open the tunnel to a server. */
export function proxyTrouble(status: number, host: string, cause?: unknown): TransferError {
  const hint =
    status === 407
      ? proxyLogin
      : "The proxy of https_proxy refuses it: have it allow this server, or name the server in no_proxy if it can be reached without it.";
  return new TransferError(`the proxy answers ${status} and does not connect to ${host}`, { again: isBusyStatus(status), hint, cause });
}

const proxyLogin = "The proxy wants a user name and password: write them into http_proxy and https_proxy.";

/** What an answer that brings no content means. */
export function statusTrouble(status: number, retryAfter: string | undefined, now: number): TransferError {
  const hints: Readonly<Record<number, string>> = {
    401: "The server asks for credentials. Name them in access of the image, by reference: access: { bearer: { env: TOKEN } }. Where they are named already, check that they are valid.",
    403: "The server refuses it: check the address, whether it has expired, and the credentials in access of the image.",
    404: "Check the address: publishers move and remove old images.",
    407: proxyLogin,
    410: "The publisher has removed it. Use another source.",
  };
  const hint = hints[status];
  return new TransferError(`the server answers ${status}`, {
    again: isBusyStatus(status),
    status,
    ...(hint === undefined ? {} : { hint }),
    waitMs: parseRetryAfter(retryAfter, now),
  });
}

/** Milliseconds that a Retry-After header asks for: a number of seconds, or a date. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
