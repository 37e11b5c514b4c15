/** One frame of the helper's protocol: a message and binary data. */
export interface Frame {
  readonly message: Readonly<Record<string, unknown>>;
  readonly blob: Buffer;
}

/** No frame of either side is larger, whatever it claims. */
export const mostFrameBytes = 256 * 2 ** 20;

/** A message of a thousand looks shrinks to a tenth, which saves turns: a connection begins with a few kilobytes at a time. */
const packedFrom = 4096;

/** A line with the lengths of the two parts, and ` z` when the first is compressed; then the parts. */
export function frameBytes(message: object, blob: Uint8Array = new Uint8Array()): Buffer {
  const plain = Buffer.from(JSON.stringify(message));
  const isPacked = plain.length > packedFrom;
  const text = isPacked ? process.getBuiltinModule("node:zlib").deflateSync(plain, { level: 1 }) : plain;
  return Buffer.concat([Buffer.from(`${text.length} ${blob.length}${isPacked ? " z" : ""}\n`), text, blob]);
}

/**
 * Cuts bytes that come in pieces into frames. Throws an Error for what is no frame, before anything is kept of it: the remote is not
 * trusted with our memory.
 */
export function createFrameReader(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let length = 0;
  let need: { readonly text: number; readonly blob: number; readonly isPacked: boolean } | undefined;
  const whole = () => {
    const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    chunks = [all];
    return all;
  };
  const keep = (rest: Buffer) => {
    chunks = rest.length === 0 ? [] : [rest];
    length = rest.length;
  };
  return (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    for (;;) {
      if (need === undefined) {
        if (length === 0) return;
        const all = whole();
        const end = all.subarray(0, 64).indexOf(0x0a);
        if (end === -1 && length < 64) return;
        const match = /^(\d{1,10}) (\d{1,10})( z)?$/.exec(all.toString("latin1", 0, Math.max(0, end)));
        need = match === null ? undefined : { text: Number(match[1]), blob: Number(match[2]), isPacked: match[3] !== undefined };
        if (need === undefined || need.text > mostFrameBytes || need.blob > mostFrameBytes) throw new Error("the remote sent no frame");
        keep(all.subarray(end + 1));
      }
      if (length < need.text + need.blob) return;
      const all = whole();
      const text = all.subarray(0, need.text);
      const message: unknown = JSON.parse((need.isPacked ? inflated(text) : text).toString("utf8"));
      if (typeof message !== "object" || message === null || Array.isArray(message)) throw new Error("the remote sent no message");
      const data = all.subarray(need.text, need.text + need.blob);
      keep(all.subarray(need.text + need.blob));
      need = undefined;
      const blob = "packed" in message && message.packed === true ? inflated(data) : data;
      onFrame({ message: message as Frame["message"], blob });
    }
  };
}

function inflated(data: Buffer): Buffer {
  return process.getBuiltinModule("node:zlib").inflateSync(data, { maxOutputLength: mostFrameBytes });
}
