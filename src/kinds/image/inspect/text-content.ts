/** What kind of page the first bytes of a file are; undefined when they are none. */
export function pageName(start: Buffer): string | undefined {
  const text = textAt(start.subarray(0, 1024))
    .replaceAll(/^(?:\s+|<!--[\s\S]*?-->)+/g, "")
    .toLowerCase();
  if (/^(?:<!doctype html|<html|<head|<body|<title|<script)\b/.test(text)) return "an HTML page";
  if (/^<\?xml\b.{0,200}<html/s.test(text)) return "an HTML page";
  if (/^<\?xml\b/.test(text) || /^<(?:error|envelope|listbucketresult)\b/.test(text)) return "an XML document";
  if (looksLikeText(start) && (/^\{\s*(?:"|\}\s*$)/.test(text) || /^\[\s*(?:[[{"\d]|\]\s*$)/.test(text))) return "a JSON document";
  return undefined;
}

/** The bytes as text: UTF-16 where they begin with its byte order mark, else each as a character. Without the mark. */
function textAt(start: Buffer): string {
  const mark = start.toString("hex", 0, 2);
  if (mark === "fffe" || mark === "feff") return new TextDecoder(mark === "fffe" ? "utf-16le" : "utf-16be").decode(start);
  return start.toString("latin1").replace(/^\xef\xbb\xbf/, "");
}

/** Whether all of the first bytes of a file are UTF-8 text. A disk has zeros, or code. */
export function looksLikeText(start: Buffer): boolean {
  if (start.length === 0) return false;
  if (start.some((byte) => (byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d, 0x1b].includes(byte)) || byte === 0x7f)) return false;
  // The last character may be cut in the middle.
  const whole = start.length < 4096 ? start : start.subarray(0, start.length - 3);
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(whole, { stream: true });
    return true;
  } catch {
    return false;
  }
}
