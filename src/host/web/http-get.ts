import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { WebAccess } from "../../model/web-access.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { agentFor } from "./agent.ts";
import { nextAddress } from "./redirect.ts";
import { networkTrouble, TransferError } from "./transfer-error.ts";

/** How patient a transfer is. */
export interface Patience {
  /** Until the head of the answer is there. */
  readonly connectMs: number;
  /** Between two pieces of the body. */
  readonly idleMs: number;
  /** A server that sends less than `slowBytes` within this time is given up. */
  readonly slowMs?: number;
}

/** How an address is asked for. */
export interface Asking {
  readonly headers: Readonly<Record<string, string>>;
  readonly access?: WebAccess | undefined;
  /** Follow redirections from https to http. */
  readonly insecure?: boolean | undefined;
  readonly patience: Patience;
  readonly signal?: AbortSignal | undefined;
}

const slowBytes = 64 * 1024;
const usualSlowMs = 120_000;

const maxRedirects = 10;

const pemHint = "access.ca and access.client_certificate have to be PEM, and the key has to belong to the certificate and its passphrase.";

/**
 * Asks for an address and follows redirections. The answer may have any other status; its body has not been read. Proxies
 * are those of the environment variables http_proxy, https_proxy and no_proxy, in either case.
 */
export async function httpGet(address: URL, asking: Asking): Promise<{ readonly response: IncomingMessage; readonly address: URL }> {
  let current = address;
  for (let hops = 0; hops <= maxRedirects; hops += 1) {
    const own = current.origin === address.origin;
    const response = await ask(current, own ? asking : { ...asking, access: trustOnly(asking.access) });
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) return { response, address: current };
    response.destroy();
    current = nextAddress(current, location, asking.insecure);
  }
  throw new TransferError(`it redirects more than ${maxRedirects} times`, {
    again: false,
    hint: "Check the address: the server redirects in a circle.",
  });
}

/** The access for another server than the one that it was given for: without credentials, and with the same trust in authorities. */
export function trustOnly(access: WebAccess | undefined): WebAccess | undefined {
  const { authorities, insecure } = access ?? {};
  return authorities === undefined && insecure === undefined ? undefined : withoutUndefined({ authorities, insecure });
}

function ask(address: URL, { headers, access, patience, signal }: Asking): Promise<IncomingMessage> {
  const secure = address.protocol === "https:";
  const agent = agentFor(address, access, pemHint);
  // A checksum is about the bytes as they are published, so nothing may be packed on the way.
  const sent = { "user-agent": "virtform", accept: "*/*", "accept-encoding": "identity", ...access?.headers, ...headers };
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).get(address, {
      agent,
      headers: sent,
      timeout: patience.connectMs,
      ...(signal === undefined ? {} : { signal }),
    });
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    };
    const fail = (error: unknown) => {
      settle();
      reject(networkTrouble(error, address.host));
    };
    // A request that has no socket yet, because its proxy is still opening the tunnel, reports no error when it is destroyed.
    const stop = () => fail(signal?.reason);
    const late = new TransferError(`${address.host} did not answer within ${patience.connectMs / 1000} s`, { again: true });
    const timer = setTimeout(() => {
      request.destroy(late);
      fail(late);
    }, patience.connectMs);
    signal?.addEventListener("abort", stop, { once: true });
    request.once("response", (response) => {
      settle();
      resolve(response);
    });
    request.on("error", fail);
  });
}

/**
 * The body, piece by piece. Only waiting for the server counts as waiting, not what is done with a piece. A server that is silent for
 * too long is asked again; one that sends almost nothing for minutes is given up.
 */
export async function* bodyOf(response: IncomingMessage, host: string, patience: Patience): AsyncGenerator<Buffer> {
  const { idleMs, slowMs = usualSlowMs } = patience;
  const silent = new TransferError(`${host} stopped sending for ${idleMs / 1000} s`, { again: true });
  const slow = new TransferError(`${host} sent less than ${slowBytes / 1024}KiB in ${slowMs / 1000} s`, { again: false });
  let timer: NodeJS.Timeout | undefined;
  let started = 0;
  let waited = 0;
  let came = 0;
  const watch = () => {
    started = performance.now();
    timer = setTimeout(() => response.destroy(silent), idleMs);
  };
  try {
    watch();
    for await (const chunk of response) {
      clearTimeout(timer);
      waited += performance.now() - started;
      came += (chunk as Buffer).length;
      if (came >= slowBytes) [waited, came] = [0, 0];
      else if (waited >= slowMs) throw slow;
      yield chunk as Buffer;
      watch();
    }
  } catch (error) {
    throw networkTrouble(error, host);
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
}
