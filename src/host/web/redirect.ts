import { RefusedError } from "../../model/errors.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";

const unusable = "Use the address of the file itself, or correct the redirection on the server.";

/**
 * Where a redirection leads. Only to http and https, since a server must not make virtform read a file of this machine. From
 * https to http only with `insecure`, for bytes that are verified by a checksum or a signature, because every network in between can replace
 * them.
 * Credentials stay with the server that they were given for. Throws a RefusedError.
 */
export function nextAddress(current: URL, location: string, insecure = false): URL {
  const shown = withoutCredentials(current.href);
  const next = URL.parse(location, current.href);
  if (next === null) throw new RefusedError("redirect-unusable", `${shown} redirects to something that is not an address`, unusable);
  if (next.protocol !== "http:" && next.protocol !== "https:") {
    throw new RefusedError(
      "redirect-unusable",
      `${shown} redirects to a ${next.protocol.slice(0, -1)} address, and only http and https are followed`,
      unusable,
    );
  }
  if (!insecure && current.protocol === "https:" && next.protocol === "http:") {
    throw new RefusedError(
      "redirect-insecure",
      `${shown} redirects to ${withoutCredentials(next.href)}, which is not encrypted, so every network in between can change the image`,
      "Add the checksum of the image, with which the redirection is followed, or use an address that stays with https.",
    );
  }
  if (next.origin === current.origin && next.username === "" && next.password === "") {
    next.username = current.username;
    next.password = current.password;
  }
  return next;
}
