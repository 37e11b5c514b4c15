import { type Channel, DialError } from "../../src/model/channel.ts";
import { errorMessage } from "../../src/model/errors.ts";
import {
  createFrames,
  finishMessage,
  headerBytes,
  type Message,
  messageTypes,
  remoteProgram,
  statuses,
} from "../../src/tools/libvirt/rpc/frames.ts";
import { lifecycleEvent, type Procedure, procedures } from "../../src/tools/libvirt/rpc/procedures.ts";
import { errorReply } from "../../src/tools/libvirt/rpc/types.ts";
import { createXdrReader } from "../../src/tools/libvirt/rpc/xdr-reader.ts";
import { createXdrWriter } from "../../src/tools/libvirt/rpc/xdr-writer.ts";
import { refuseOfContainers } from "./containers.ts";
import { type Client, handlers } from "./libvirt-procedures.ts";
import { wireNumbers } from "./libvirt-words.ts";
import type { Domain, Libvirtd } from "./libvirtd.ts";
import { Killed, type Life } from "./life.ts";

const wireId = (program: number, number: number) => `${program}/${number}`;
const byNumber = new Map(
  Object.entries(procedures).map(([key, { program, number }]) => [wireId(program, number), key as keyof typeof procedures]),
);

/**
 * Opens a socket of this machine's libvirt and answers there in its protocol, with bytes cut anywhere. Throws a DialError where
 * nothing listens. `later` says when what was written is looked at.
 */
export function openLibvirt(
  { libvirtd, life }: { readonly libvirtd: Libvirtd; readonly life: Life },
  path: string,
  later: (work: () => void) => void,
): Channel {
  const state = libvirtd.sockets.get(path) ?? "missing";
  if (state === "missing") throw new DialError(path, "missing", "no such socket");
  if (state === "denied") throw new DialError(path, "denied", "permission denied");
  if (!libvirtd.up) throw new DialError(path, "refused", "connection refused");

  const ended = Promise.withResolvers<string | undefined>();
  const client: Client = {
    libvirtd,
    life,
    readOnly: path.endsWith("-ro"),
    unauthorized: state === "unauthorized",
    driver: "qemu",
    registrations: new Set(),
  };
  let over = false;
  let waiting: Buffer[] = [];
  const end = () => {
    over = true;
    libvirtd.listeners.delete(tell);
    ended.resolve(undefined);
  };
  const send = (bytes: Buffer) => {
    // Cut in an odd place, so that a reader that counts on whole messages is found out.
    const cut = bytes.length % 7;
    if (cut > 0) channel.onData(bytes.subarray(0, cut));
    channel.onData(bytes.subarray(cut));
  };
  const tell = (domain: Domain) => {
    for (const callback of client.registrations) {
      const body = createXdrWriter(headerBytes);
      const { name, uuid, live, id } = domain;
      lifecycleEvent.message.write(body, {
        callback,
        domain: { name, uuid, id: live === undefined ? -1 : id },
        event: live === undefined ? 5 : 2,
        detail: 0,
      });
      const header = { program: remoteProgram, version: 1, procedure: lifecycleEvent.number, type: messageTypes.event };
      const message = finishMessage(body.bytes(), { ...header, serial: 0, status: statuses.ok });
      later(() => over || send(message));
    }
  };
  const frames = createFrames((message) => {
    if (over) return;
    if (!libvirtd.up) return end();
    try {
      send(answer(client, message));
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      end();
    }
  });
  const channel: Channel = {
    onData: () => undefined,
    ended: ended.promise,
    write(bytes) {
      life.check("write to libvirt");
      if (over) return;
      waiting.push(Buffer.from(bytes));
      if (waiting.length > 1) return;
      later(() => {
        const all = Buffer.concat(waiting);
        waiting = [];
        if (!over) frames(all);
      });
    },
    close: end,
  };
  libvirtd.listeners.add(tell);
  life.onDeath(end);
  return channel;
}

function answer(client: Client, message: Message): Buffer {
  const { program, version, procedure, serial } = message;
  const header = { program, version, procedure, serial, type: messageTypes.reply };
  const body = createXdrWriter(headerBytes);
  try {
    perform(client, message, body);
    return finishMessage(body.bytes(), { ...header, status: statuses.ok });
  } catch (error) {
    if (error instanceof Killed) throw error;
    const words = errorMessage(error);
    const { code, domain, errno } = wireNumbers(words);
    const refusal = createXdrWriter(headerBytes);
    const nothing = { dom: null, str1: "%s", str2: words, str3: null, net: null };
    errorReply.write(refusal, { ...nothing, code, domain, message: words, level: 2, int1: errno, int2: -1 });
    return finishMessage(refusal.bytes(), { ...header, status: statuses.error });
  }
}

function perform(client: Client, { program, procedure: number, bytes }: Message, out: ReturnType<typeof createXdrWriter>): void {
  const key = byNumber.get(wireId(program, number));
  if (key === undefined) throw new Error(`internal error: unknown procedure: ${number}`);
  const procedure = procedures[key] as Procedure<unknown, unknown>;
  const input = createXdrReader(bytes, headerBytes);
  const args = procedure.args.read(input);
  if (input.left > 0) throw new Error(`internal error: ${input.left} bytes too many for ${procedure.name}`);
  if (procedure.changes && client.readOnly) throw new Error(`operation ${procedure.name} forbidden for read only access`);
  if (client.driver === "lxc") refuseOfContainers(key, args);
  const handler = handlers[key] as (client: Client, args: unknown) => unknown;
  procedure.result.write(out, handler(client, args));
}
