import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import tls from "node:tls";
import { nextAddress } from "./redirect.ts";
import { networkTrouble, TransferError } from "./transfer-error.ts";

/** How patient a transfer is. */
export interface Patience {
  /** Until the head of the answer is there. */
  readonly connectMs: number;
  /** Between two pieces of the body. */
  readonly idleMs: number;
}

const maxRedirects = 10;

/**
 * Asks for an address and follows redirections. The answer may have any other status; its body has not been read. Proxies
 * are those of the environment variables http_proxy, https_proxy and no_proxy, in either case.
 */
export async function httpGet(
  address: URL,
  headers: Readonly<Record<string, string>>,
  patience: Patience,
  signal: AbortSignal | undefined,
): Promise<{ readonly response: IncomingMessage; readonly address: URL }> {
  let current = address;
  for (let hops = 0; hops <= maxRedirects; hops += 1) {
    const response = await ask(current, headers, patience, signal);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) return { response, address: current };
    response.destroy();
    current = nextAddress(current, location);
  }
  throw new TransferError(`it redirects more than ${maxRedirects} times`, {
    again: false,
    hint: "Check the address: the server sends us in a circle.",
  });
}

function ask(
  address: URL,
  headers: Readonly<Record<string, string>>,
  patience: Patience,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const secure = address.protocol === "https:";
  const agent = agentFor(secure);
  // The bytes as they are published are what a checksum is about: nothing may be packed on the way.
  const sent = { "user-agent": "virtform", accept: "*/*", "accept-encoding": "identity", ...headers };
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).get(address, { agent, headers: sent, ...(signal === undefined ? {} : { signal }) });
    const late = new TransferError(`${address.host} did not answer within ${patience.connectMs / 1000} s`, { again: true });
    const timer = setTimeout(() => request.destroy(late), patience.connectMs);
    request.once("response", (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(networkTrouble(error, address.host));
    });
  });
}

function agentFor(secure: boolean): http.Agent {
  try {
    return secure ? new https.Agent({ proxyEnv: process.env, ca: trustedAuthorities() }) : new http.Agent({ proxyEnv: process.env });
  } catch (error) {
    // What Node says of it repeats the setting, which may hold a password.
    const hint = "Correct http_proxy or https_proxy in the environment: http://proxy.example.org:3128.";
    throw new TransferError("the proxy setting is not an address", { again: false, hint, cause: error });
  }
}

/** Node's own and those that this system trusts: where an organisation has added its authority, curl works and so must we. */
function trustedAuthorities(): string[] {
  return [...new Set([...tls.getCACertificates("default"), ...tls.getCACertificates("system")])];
}

/** The body, piece by piece. Only waiting for the server counts as waiting, not what is done with a piece. */
export async function* bodyOf(response: IncomingMessage, host: string, patience: Patience): AsyncGenerator<Buffer> {
  const silent = new TransferError(`${host} stopped sending for ${patience.idleMs / 1000} s`, { again: true });
  let timer: NodeJS.Timeout | undefined;
  const watch = () => {
    timer = setTimeout(() => response.destroy(silent), patience.idleMs);
  };
  try {
    watch();
    for await (const chunk of response) {
      clearTimeout(timer);
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
