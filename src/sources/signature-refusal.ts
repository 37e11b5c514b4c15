import type { SignatureFinding } from "../tools/openpgp/gpgv-report.ts";
import type { SourceProblem } from "./source.ts";

/**
 * Why a file of checksums cannot be relied on; undefined when a key of the file `key` signed it. `detached`: its signature is in a file of its own. Pure.
 */
export function signatureRefusal(
  { outcome, keys, inline }: SignatureFinding,
  file: string,
  key: string,
  detached: boolean,
): SourceProblem | undefined {
  const by = keys.join(", ");
  const compareKey = "Check that the key file is that of the publisher, as its website names it.";
  if (outcome === "good") {
    // A signature that brings its own text says nothing about the file beside it.
    if (inline !== detached) return undefined;
    const detail = detached
      ? "It holds a signed text of its own. Write that file as `file`, and no `signature`."
      : "Write its signature as `signature`.";
    return problem("checksum-file-unsigned", `The signature of ${file} is not a signature of this file`, detail);
  }
  if (outcome === "bad")
    return problem(
      "checksum-file-forged",
      `The signature of ${file} does not match it`,
      `The file was changed after ${by} signed it: on the server, in transit, or because its publisher is replacing it. Nothing is fetched. Try again later. If the error persists, ask the publisher.`,
    );
  if (outcome === "weak")
    return problem(
      "checksum-file-forged",
      `The signature of ${file} is not secure`,
      `${by} made it with MD5, SHA-1 or RIPEMD-160, or it is not the signature of a document. Ask the publisher for a current signature.`,
    );
  if (outcome === "expired" || outcome === "revoked")
    return problem(
      "signing-key-expired",
      `The key that signed ${file} ${outcome === "expired" ? "has expired" : "was revoked"}`,
      `It is ${by}, of ${key}. Get the current keys of the publisher, and replace the file by them.`,
    );
  const none = detached
    ? "The file of `signature` holds no OpenPGP signature."
    : "It holds no signature: name the file that does as `signature`.";
  return problem(
    "checksum-file-unsigned",
    `${file} is not signed by a key of ${key}`,
    outcome === "none" ? `${none} ${compareKey}` : `It is signed by ${by}. ${compareKey}`,
  );
}

function problem(code: string, summary: string, detail: string): SourceProblem {
  return { code, summary, detail };
}
