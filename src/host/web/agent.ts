import http from "node:http";
import https from "node:https";
import tls from "node:tls";
import type { WebAccess } from "../../model/web-access.ts";
import { proxyEnvironment } from "./proxy-environment.ts";
import { TransferError } from "./transfer-error.ts";

/**
 * The agent for a request of an address: with the proxies of the environment and, over TLS, the certificates of `access`. `pemHint`: where the user
 * corrects those. Throws a TransferError for a proxy that cannot be used and for certificates that cannot be used.
 */
export function agentFor(address: URL, access: WebAccess | undefined, pemHint: string): http.Agent {
  const secure = address.protocol === "https:";
  const proxyEnv = proxyEnvironment(process.env, address);
  const tlsOptions = secure ? securityOf(access, pemHint) : {};
  try {
    return secure ? new https.Agent({ proxyEnv, ...tlsOptions }) : new http.Agent({ proxyEnv });
  } catch (error) {
    // Node's message repeats the setting, which may hold a password.
    const hint = "Correct http_proxy or https_proxy in the environment: http://proxy.example.org:3128.";
    throw new TransferError("the proxy setting is not an address", { again: false, hint, cause: error });
  }
}

function securityOf(access: WebAccess | undefined, pemHint: string): https.AgentOptions {
  const { client, authorities, insecure } = access ?? {};
  const ca = [...trustedAuthorities(), ...(authorities === undefined ? [] : [authorities])];
  const options = {
    ca,
    ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
    ...(client?.passphrase === undefined ? {} : { passphrase: client.passphrase }),
    ...(insecure === true ? { rejectUnauthorized: false } : {}),
  };
  if (access === undefined) return options;
  try {
    tls.createSecureContext(options);
  } catch {
    // OpenSSL's message can repeat parts of what it was given.
    throw new TransferError("the certificates for it cannot be used", { again: false, hint: pemHint });
  }
  return options;
}

/** Node's own authorities and those of this system, to which an organisation may have added its own. */
function trustedAuthorities(): string[] {
  return [...new Set([...tls.getCACertificates("default"), ...tls.getCACertificates("system")])];
}
