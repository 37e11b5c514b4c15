import { isBusyStatus } from "../../model/busy-status.ts";

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

const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS|HOSTNAME_MISMATCH/;

/** What an error of the network means. `host` is the server that was asked. */
export function networkTrouble(error: unknown, host: string): TransferError {
  if (error instanceof TransferError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const text = error instanceof Error ? error.message || code : String(error);
  if (code === "ENOTFOUND") {
    const hint = "Check the address and the name service; where the web is reached through a proxy, set https_proxy and http_proxy.";
    return new TransferError(`the name ${host} is not known`, { again: false, hint, cause: error });
  }
  if (/ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE)|certificate required/i.test(`${code} ${text}`)) {
    const hint =
      "The server does not accept the connection. If it asks for a certificate of the client, name one in access.client_certificate.";
    return new TransferError(`${host} refuses the connection (${text.split(";")[0]})`, { again: false, hint, cause: error });
  }
  if (untrusted.test(code)) {
    const hint =
      "Check the address. For an authority of your own, name its certificate in access.ca of the image, install it on this system, or name its file in NODE_EXTRA_CA_CERTS.";
    return new TransferError(`the certificate of ${host} is not trusted (${text.split(";")[0]})`, { again: false, hint, cause: error });
  }
  return new TransferError(`the connection to ${host} failed (${text})`, { again: true, cause: error });
}

/** What an answer that brings no content means. */
export function statusTrouble(status: number, retryAfter: string | undefined, now: number): TransferError {
  const hints: Readonly<Record<number, string>> = {
    401: "The server asks for credentials. Name them in access of the image, by reference: access: { bearer: { env: TOKEN } }. Where they are named already, check that they are valid.",
    403: "The server refuses it: check the address, whether it has expired, and the credentials in access of the image.",
    404: "Check the address: publishers move and remove old images.",
    407: "The proxy wants a user name and password: write them into http_proxy and https_proxy.",
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
