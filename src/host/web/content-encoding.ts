import { RefusedError } from "../../model/errors.ts";

/**
 * Refuses bytes that a server packed although nothing asked for it: they are not the published file, and no checksum fits them. A server that
 * calls a `.gz` file an encoding of something else sends the file itself. Throws RefusedError `image-encoded`.
 */
export function refuseEncoding(shown: string, path: string, encoding: string | undefined): void {
  const named = (encoding ?? "").trim().toLowerCase();
  if (named === "" || named === "identity") return;
  if (/^(?:x-)?gzip$/.test(named) && /\.t?gz$/i.test(path)) return;
  throw new RefusedError(
    "image-encoded",
    `${shown} is sent with Content-Encoding: ${JSON.stringify(named.slice(0, 40))}, although the file itself was asked for`,
    "The bytes are not those that were published. Configure the server to send the file unchanged, or use another source.",
  );
}
