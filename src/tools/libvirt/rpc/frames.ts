import { ProtocolError } from "./xdr-reader.ts";

/** The longest message of the protocol (VIR_NET_MESSAGE_MAX), its length included. */
export const maxMessage = 32 * 2 ** 20;
/** Length, program, version, procedure, type, serial, status. */
export const headerBytes = 28;

/** Calls to libvirt, and those that only its qemu driver answers. */
export const remoteProgram = 0x20008086;
export const qemuProgram = 0x20008087;
export const keepaliveProgram = 0x6b656570;

export const messageTypes = { call: 0, reply: 1, event: 2 } as const;
export const statuses = { ok: 0, error: 1 } as const;

/** What stands at the beginning of every message. */
export interface Header {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
}

/** One message; its body begins at `headerBytes`. */
export interface Message extends Header {
  readonly bytes: Buffer;
}

/** Fills in the header of a message whose first `headerBytes` were left for it. Throws an Error when it is too long. */
export function finishMessage(bytes: Buffer, header: Header): Buffer {
  if (bytes.length > maxMessage) throw new Error(`a message of ${bytes.length} bytes to libvirt, which takes at most ${maxMessage}`);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(header.program, 4);
  bytes.writeUInt32BE(header.version, 8);
  bytes.writeInt32BE(header.procedure, 12);
  bytes.writeInt32BE(header.type, 16);
  bytes.writeUInt32BE(header.serial, 20);
  bytes.writeInt32BE(header.status, 24);
  return bytes;
}

/**
 * Cuts a byte stream into messages. Throws a ProtocolError as soon as a length is impossible, before anything is kept for it. The bytes of chunks and
 * messages are valid during the call.
 */
export function createFrames(onMessage: (message: Message) => void): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let held = 0;
  /** Bytes of the message that is arriving; 0 while its length is not known. */
  let wanted = 0;

  function lengthAt(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at);
    if (length < headerBytes || length > maxMessage) throw new ProtocolError(`a message of ${length} bytes`);
    return length;
  }

  return (chunk) => {
    let bytes = chunk;
    if (held > 0) {
      pieces.push(Buffer.from(chunk));
      held += chunk.length;
      if (held < Math.max(wanted, 4)) return;
      bytes = Buffer.concat(pieces, held);
      pieces = [];
      held = 0;
    }
    let at = 0;
    wanted = 0;
    while (bytes.length - at >= 4) {
      const length = lengthAt(bytes, at);
      if (bytes.length - at < length) {
        wanted = length;
        break;
      }
      const message = bytes.subarray(at, at + length);
      at += length;
      onMessage({
        bytes: message,
        program: message.readUInt32BE(4),
        version: message.readUInt32BE(8),
        procedure: message.readInt32BE(12),
        type: message.readInt32BE(16),
        serial: message.readUInt32BE(20),
        status: message.readInt32BE(24),
      });
    }
    if (at < bytes.length) {
      pieces = [Buffer.from(bytes.subarray(at))];
      held = bytes.length - at;
    }
  };
}
