import { RefusedError } from "../../model/errors.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";

/**
 * Where a redirection leads. Only to http and https, since a server must not make us read a file of this machine; never
 * from https to http, where anybody on the way could put in bytes of their own. Credentials stay with the server that they
 * were given for. Throws a RefusedError.
 */
export function nextAddress(current: URL, location: string): URL {
  const shown = withoutCredentials(current.href);
  const next = URL.parse(location, current.href);
  if (next === null) throw new RefusedError("redirect-unusable", `${shown} redirects to something that is not an address.`);
  if (next.protocol !== "http:" && next.protocol !== "https:") {
    throw new RefusedError(
      "redirect-unusable",
      `${shown} redirects to a ${next.protocol.slice(0, -1)} address, and only http and https are followed.`,
    );
  }
  if (current.protocol === "https:" && next.protocol === "http:") {
    throw new RefusedError(
      "redirect-insecure",
      `${shown} redirects to ${withoutCredentials(next.href)}, which is not encrypted: anybody on the way could change the image. Use an address that stays with https.`,
    );
  }
  if (next.origin === current.origin && next.username === "" && next.password === "") {
    next.username = current.username;
    next.password = current.password;
  }
  return next;
}
