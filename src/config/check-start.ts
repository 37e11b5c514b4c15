import { gunzipSync } from "node:zlib";

/** What is wrong with a text that has to begin in one of some ways, as the parts of a diagnostic. */
interface StartProblem {
  readonly severity?: "warning";
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
}

/** More than any text of the allowed length is compressed from; a bomb ends here. */
const mostUnpacked = 8 * 2 ** 20;

/** Whether bytes are those of gzip, by their first two. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Whether a guest will recognise bytes by how they begin: as text, or as the text in gzip. `known` are the beginnings, compared without
 * regard to case and to blanks before them; an empty text is fine. Undefined when nothing is wrong.
 */
export function checkStart(bytes: Uint8Array, known: readonly string[]): StartProblem | undefined {
  if (!isGzip(bytes)) return checkText(Buffer.from(bytes).toString("utf8"), known);
  let unpacked: Buffer;
  try {
    unpacked = gunzipSync(bytes, { maxOutputLength: mostUnpacked });
  } catch (error) {
    // What is in more than that is not examined.
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return undefined;
    const detail = `It begins like gzip and cannot be unpacked: ${(error as Error).message}. Compress the original again.`;
    return { code: "text-damaged", summary: "The compressed text is damaged", detail };
  }
  return isGzip(unpacked) ? undefined : checkText(unpacked.toString("utf8"), known);
}

function checkText(text: string, known: readonly string[]): StartProblem | undefined {
  if (text.startsWith("\ufeff")) {
    return {
      code: "text-byte-order-mark",
      summary: "The text begins with a byte order mark",
      detail:
        "The guest does not skip this invisible character (U+FEFF), so it does not recognise the first line and ignores the text. Save the file as UTF-8 without BOM.",
    };
  }
  if (text.trim() === "" || isKnown(text, known)) return undefined;
  const inside = decoded(text);
  if (inside !== undefined && (isGzip(inside) || isKnown(inside.toString("utf8"), known))) {
    return {
      code: "text-encoded",
      summary: "The text is encoded in base64",
      detail: `The guest gets it as it is and does not decode it, so it ignores the text. Decode it first, for example with base64 -d${isGzip(inside) ? "; gzip itself is accepted" : ""}.`,
    };
  }
  return {
    severity: "warning",
    code: "text-start-unknown",
    summary: "The guest may ignore the text",
    detail: `cloud-init recognises user data by how it begins: ${known.slice(0, 6).join(", ")} and others. It ignores text that begins in another way. For a cloud-config, make the first line #cloud-config.`,
  };
}

function isKnown(text: string, known: readonly string[]): boolean {
  const start = text.trimStart().slice(0, 4096).toLowerCase();
  return known.some((one) => start.startsWith(one.toLowerCase())) || /^(?:[a-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*mime-version:/.test(start);
}

/** The bytes behind base64, possibly in several lines; undefined for other text. */
function decoded(text: string): Buffer | undefined {
  const compact = text.replace(/[ \t\r\n]+/g, "");
  return compact.length >= 8 && compact.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(compact)
    ? Buffer.from(compact, "base64")
    : undefined;
}
