import type { Context } from "../model/context.ts";
import { userError } from "../model/errors.ts";
import { type SecretRef, secretPlace } from "../model/secret.ts";
import type { WebAccess } from "../model/web-access.ts";
import type { ImageAccess } from "./access.ts";
import { netrcLogin } from "./netrc.ts";

/**
 * What is presented to the server of `address`, with its values. Throws a UserError when a secret is not available, is empty, or cannot be
 * sent (`image-access`).
 */
export function webAccess(
  context: Pick<Context, "secret">,
  access: ImageAccess | null | undefined,
  address: string,
): WebAccess | undefined {
  if (access === null || access === undefined) return undefined;
  const value = (reference: SecretRef, what: string): string => {
    const found = context.secret(reference);
    if (found !== "") return found;
    throw userError("image-access", `The ${what} for ${new URL(address).host} is empty`, `It comes from ${secretPlace(reference)}.`);
  };
  const inHeader = (reference: SecretRef, what: string): string => {
    const text = value(reference, what);
    if (/^[\t\x20-\x7e\x80-\xff]+$/.test(text)) return text;
    const detail = `It comes from ${secretPlace(reference)}, and contains a line end or another character that a header field cannot have.`;
    throw userError("image-access", `The ${what} for ${new URL(address).host} cannot be sent`, detail);
  };
  const headers: Record<string, string> = {};
  const { bearer, basic, netrc, client_certificate: client, ca } = access;
  for (const [name, reference] of Object.entries(access.headers ?? {})) {
    headers[name.toLowerCase()] = inHeader(reference, `header ${name}`);
  }
  if (netrc !== undefined) {
    const { hostname } = new URL(address);
    const login = netrcLogin(value(netrc, "netrc file"), hostname);
    if (login === undefined) {
      const detail = `It comes from ${secretPlace(netrc)}. Add a line for machine ${hostname}, with login and password.`;
      throw userError("image-access", `The netrc file names no user for ${hostname}`, detail);
    }
    headers["authorization"] = basicHeader(login.user, login.password);
  }
  if (basic !== undefined) headers["authorization"] = basicHeader(basic.user, value(basic.password, "password"));
  if (bearer !== undefined) headers["authorization"] = `Bearer ${inHeader(bearer, "token")}`;
  return {
    headers,
    ...(client === undefined
      ? {}
      : {
          client: {
            certificate: value(client.certificate, "client certificate"),
            key: value(client.key, "key of the client certificate"),
            ...(client.passphrase === undefined ? {} : { passphrase: value(client.passphrase, "passphrase of the client certificate") }),
          },
        }),
    ...(ca === undefined ? {} : { authorities: value(ca, "certificate of the authority") }),
  };
}

function basicHeader(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
