import type { Channel, Opening } from "../../model/channel.ts";
import { errorMessage } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { dialError } from "../local/dial.ts";
import type { Greeting } from "./greeting.ts";
import type { SshHelper } from "./helper.ts";
import { pipelined } from "./pipelined.ts";
import type { Trouble } from "./trouble-of-file.ts";

/** A connection to libvirt lasts as long as the session. */
const longestMs = 2 ** 31 - 1;
const openMs = 60_000;

/** Opens sockets of the other side, and ports that it reaches, through the helper, which passes their bytes on. */
export function createSshDial(helper: SshHelper, greeting: () => Promise<Greeting>): Pick<Host, "dial" | "connect"> {
  let channels = 0;
  /** Known to be missing when the connection was made: to try one would cost a round trip. Later it may exist. */
  let absent: Set<string> | undefined;

  function open(
    path: string,
    to: { readonly path: string } | { readonly address: string; readonly port: number },
    { onData = () => undefined, opening }: { readonly onData?: Channel["onData"]; readonly opening?: Opening | undefined } = {},
  ): Promise<Channel> {
    channels += 1;
    const name = channels;
    const ended = Promise.withResolvers<string | undefined>();
    const channel: Channel = {
      onData,
      ended: ended.promise,
      write: (bytes) => helper.send({ op: "write", channel: name }, bytes),
      close: () => helper.send({ op: "hangup", channel: name }),
      leave: () => helper.send({ op: "leave", channel: name }),
    };
    // Before anything arrives: it replaces the handler of the channel.
    const sent = opening === undefined ? undefined : sendable(opening);
    const result = sent === undefined ? channel : pipelined(channel, sent.messages, sent.answers);
    return new Promise((resolve, reject) => {
      const late = () => reject(dialError(path, "", `no connection within ${openMs / 1000} s`));
      const timer = setTimeout(late, openMs);
      const over = (refuse: () => unknown, why: string | undefined) => {
        clearTimeout(timer);
        // Without effect once the channel is open: a promise settles once.
        reject(refuse());
        ended.resolve(why);
      };
      helper
        .ask(
          { op: "dial", channel: name, ...to },
          {
            ...(sent === undefined ? {} : { late: sent.late }),
            what: `connecting to ${path}`,
            timeoutMs: longestMs,
            alone: true,
            onFrame({ message, blob }) {
              if (message["opened"] !== true) return channel.onData(blob);
              clearTimeout(timer);
              resolve(result);
            },
          },
        )
        .then(
          ({ message }) => {
            const { errno = "", words } = (message["error"] ?? {}) as Trouble;
            over(() => dialError(path, errno, words ?? ""), words);
          },
          (error: unknown) => over(() => error, errorMessage(error)),
        );
    });
  }

  return {
    async dial(path, opening) {
      absent ??= new Set((await greeting()).noSockets);
      if (absent.delete(path)) throw dialError(path, "ENOENT", "");
      return open(path, { path }, { opening });
    },
    connect: (address, port, onData) => open(`port ${port} of ${address}`, { address, port }, { onData }),
  };
}

/** An opening for the helper: messages, and between them the usual answers. `late` gives the request; with it, `messages` and `answers` become complete. */
function sendable({ first, expected, second, further }: Opening) {
  const messages = [first, second];
  const answers = [expected];
  const late = () => {
    const bytes = further?.bytes();
    if (further !== undefined && bytes !== undefined && bytes.length > 0) {
      messages.push(bytes);
      answers.push(further.expected);
    }
    const parts = messages.flatMap((message, index) => [message, ...answers.slice(index, index + 1)]);
    return { rest: { opening: parts.map(({ length }) => length) }, blob: Buffer.concat(parts) };
  };
  return { messages, answers, late };
}
