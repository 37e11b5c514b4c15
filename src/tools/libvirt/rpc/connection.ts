import type { Channel, Opening } from "../../../model/channel.ts";
import { UnreachableError } from "../../../model/errors.ts";
import { errorCodes, LibvirtError } from "../libvirt-error.ts";
import {
  createFrames,
  finishMessage,
  headerBytes,
  keepaliveProgram,
  type Message,
  messageTypes,
  remoteProgram,
  statuses,
} from "./frames.ts";
import { lifecycleEvent, type Procedure, procedures } from "./procedures.ts";
import { errorReply } from "./types.ts";
import { createXdrReader, type XdrReader } from "./xdr-reader.ts";
import { createXdrWriter, type XdrWriter } from "./xdr-writer.ts";

/** One connection to a daemon, logged in and open. */
export interface Connection {
  /**
   * Calls a procedure. `subject` names what it is about, for messages. Throws a LibvirtError when libvirt refuses and an
   * UnreachableError when the connection is lost or the deadline passes.
   */
  call<A, R>(procedure: Procedure<A, R>, args: A, subject: string): Promise<R>;
  /** Calls without an answer. */
  readonly pending: number;
  /** False once the connection is lost or closed. */
  readonly alive: boolean;
  /** Called with the uuid of each domain that an event is about. */
  onDomainEvent: (uuid: string) => void;
  /** Called once when the connection is lost; not after `close`. */
  onLost: () => void;
  /** Says goodbye and ends the stream, or leaves its end to the daemon where waiting costs a round trip. */
  close(): Promise<void>;
}

interface Call {
  readonly procedure: Procedure<unknown, unknown>;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface ConnectionOptions {
  /** For messages: the configured URI. */
  readonly uri: string;
  /** What the daemon is asked to open: `qemu:///system`, `secret:///system`. */
  readonly opens: string;
  readonly readOnly: boolean;
}

/** What a daemon may ask of a client before it lets it in. */
const authNone = 0;
const authPolkit = 2;
const farewellMs = 1000;
const pong = 2;
const ping = 1;

/**
 * Logs in over a channel and opens libvirt there. Throws as `call` does, and an UnreachableError when the daemon wants an
 * authentication that virtform does not have.
 */
export async function openConnection(channel: Channel, options: ConnectionOptions): Promise<Connection> {
  const connection = speak(channel, options.uri);
  try {
    const { types } = await connection.call(procedures.authList, undefined, "");
    if (types.includes(authPolkit)) await connection.call(procedures.authPolkit, undefined, "");
    else if (types.length > 0 && !types.includes(authNone)) throw saslWanted(options.uri);
    await connection.call(procedures.open, openArguments(options.opens, options.readOnly), options.opens);
    return connection;
  } catch (error) {
    channel.close();
    throw error;
  }
}

/** A call as it is written behind a login. */
export interface Ahead {
  readonly procedure: Procedure<unknown, unknown>;
  readonly args: unknown;
}

/** Messages that `openConnection` writes. */
const loginMessages = 2;

/** What `openConnection` writes first, and what a daemon without authentication answers. `ahead` gives the calls that follow when the opening is sent. */
export function loginOpening({ opens, readOnly }: Omit<ConnectionOptions, "uri">, ahead?: () => readonly Ahead[]): Opening {
  const { authList, open } = procedures;
  return {
    first: messageOf(authList, messageTypes.call, 1, (body) => authList.args.write(body, undefined)),
    expected: messageOf(authList, messageTypes.reply, 1, (body) => authList.result.write(body, { types: [authNone] })),
    second: messageOf(open, messageTypes.call, loginMessages, (body) => open.args.write(body, openArguments(opens, readOnly))),
    ...(ahead === undefined
      ? {}
      : {
          further: {
            expected: messageOf(open, messageTypes.reply, loginMessages, (body) => open.result.write(body, undefined)),
            bytes: () => Buffer.concat(ahead().map(callBehind)),
          },
        }),
  };
}

function callBehind({ procedure, args }: Ahead, index: number): Buffer {
  try {
    return messageOf(procedure, messageTypes.call, loginMessages + 1 + index, (body) => procedure.args.write(body, args));
  } catch {
    // `call` fails with it as well, and sends nothing.
    return Buffer.alloc(0);
  }
}

function openArguments(opens: string, readOnly: boolean) {
  return { name: opens, flags: readOnly ? 1 : 0 };
}

function messageOf(
  { program, number }: Pick<Call["procedure"], "program" | "number">,
  type: number,
  serial: number,
  write: (body: XdrWriter) => void,
): Buffer {
  const body = createXdrWriter(headerBytes);
  write(body);
  return finishMessage(body.bytes(), { program, version: 1, procedure: number, type, serial, status: statuses.ok });
}

/** The protocol over a channel, before anything is said. */
function speak(channel: Channel, uri: string): Connection {
  const calls = new Map<number, Call>();
  let serial = 0;
  let over: UnreachableError | undefined;
  /** Calls of this turn: what several replies in one piece make room for is written in one piece too. */
  let outgoing: Buffer[] = [];

  function send(message: Buffer): void {
    outgoing.push(message);
    if (outgoing.length > 1) return;
    queueMicrotask(() => {
      const messages = outgoing;
      outgoing = [];
      if (over !== undefined) return;
      try {
        channel.write(messages.length === 1 ? (messages[0] as Buffer) : Buffer.concat(messages));
      } catch (error) {
        // The caller has gone on since: its call fails with the connection.
        end(lost(uri, String((error as Error).message)));
        channel.close();
      }
    });
  }

  const frames = createFrames((message) => {
    if (message.program === keepaliveProgram) return answerPing(message);
    if (message.type === messageTypes.reply) settle(message);
    else if (message.program !== remoteProgram) return;
    else if (message.type === messageTypes.event && message.procedure === lifecycleEvent.number) {
      connection.onDomainEvent(lifecycleEvent.message.read(createXdrReader(message.bytes, headerBytes)).domain.uuid);
    }
  });
  channel.onData = (bytes) => {
    if (over !== undefined) return;
    try {
      frames(bytes);
    } catch (error) {
      end(new UnreachableError(`libvirt at ${uri} sent what its protocol does not allow: ${String((error as Error).message)}.`));
      channel.close();
    }
  };
  void channel.ended.then((why) => end(lost(uri, why)));

  function end(error: UnreachableError): void {
    if (over !== undefined) return;
    over = error;
    for (const { reject, timer } of calls.values()) {
      clearTimeout(timer);
      reject(error);
    }
    calls.clear();
    connection.onLost();
  }

  function answerPing({ procedure }: Message): void {
    if (procedure !== ping) return;
    const header = { program: keepaliveProgram, version: 1, procedure: pong, type: messageTypes.event, serial: 0, status: statuses.ok };
    channel.write(finishMessage(Buffer.alloc(headerBytes), header));
  }

  function settle(message: Message): void {
    const call = calls.get(message.serial);
    // Its deadline has passed.
    if (call === undefined || message.program !== call.procedure.program) return;
    // Read first: what cannot be read ends the connection, and with it every call that waits, this one too.
    const body = createXdrReader(message.bytes, headerBytes);
    const result = message.status === statuses.ok ? call.procedure.result.read(body) : refusalOf(call.procedure.name, body);
    calls.delete(message.serial);
    clearTimeout(call.timer);
    if (message.status === statuses.ok) call.resolve(result);
    else call.reject(result as LibvirtError);
  }

  const connection: Connection = {
    onDomainEvent: () => undefined,
    onLost: () => undefined,
    get pending() {
      return calls.size;
    },
    get alive() {
      return over === undefined;
    },
    call<A, R>(procedure: Procedure<A, R>, args: A, subject: string): Promise<R> {
      return new Promise<R>((resolve, reject) => {
        if (over !== undefined) return reject(over);
        serial += 1;
        const number = serial;
        const message = messageOf(procedure, messageTypes.call, number, (body) => procedure.args.write(body, args));
        const timer = setTimeout(() => {
          calls.delete(number);
          reject(tooLate(uri, procedure, subject));
        }, procedure.deadlineMs);
        calls.set(number, {
          procedure: procedure as Procedure<unknown, unknown>,
          timer,
          resolve: resolve as (result: unknown) => void,
          reject,
        });
        send(message);
      });
    },
    async close() {
      if (over !== undefined) return;
      const { leave } = channel;
      const goodbye = connection.call({ ...procedures.close, deadlineMs: farewellMs }, undefined, "").catch(() => undefined);
      connection.onLost = () => undefined;
      // The daemon has to end the stream: it logs an error when its client does. The goodbye itself is written at the end of this turn.
      await (leave === undefined ? goodbye : undefined);
      end(new UnreachableError(`The connection to libvirt at ${uri} is closed.`));
      if (leave === undefined) channel.close();
      else leave();
    },
  };
  return connection;
}

function refusalOf(procedure: string, body: XdrReader): LibvirtError {
  const { code, domain, message, int1 } = errorReply.read(body);
  const errno = code === errorCodes.systemError && int1 > 0 ? int1 : null;
  return new LibvirtError({ number: code, domain, errno, words: message ?? "libvirt gives no reason", procedure });
}

function lost(uri: string, why: string | undefined): UnreachableError {
  return new UnreachableError(
    `The connection to libvirt at ${uri} was lost${why === undefined ? "" : ` (${why})`}`,
    `What was under way may be done or not: run the same command again.`,
  );
}

function tooLate(uri: string, { name, deadlineMs }: Procedure<unknown, unknown>, subject: string): UnreachableError {
  const about = subject === "" ? "" : ` of ${subject}`;
  return new UnreachableError(
    `libvirt at ${uri} did not answer ${name}${about} within ${deadlineMs / 1000} s`,
    `libvirtd ${name === procedures.authList.name ? "may hang or still be starting" : "or the qemu of this guest may hang"}: look at the log of libvirtd (journalctl -u libvirtd).`,
  );
}

function saslWanted(uri: string): UnreachableError {
  return new UnreachableError(
    `libvirt at ${uri} wants a password (SASL), which virtform does not support`,
    `Set auth_unix_rw to "polkit" or "none" in libvirtd.conf, or use another account.`,
  );
}
