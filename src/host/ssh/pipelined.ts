import type { Channel } from "../../model/channel.ts";

/**
 * A channel whose first `messages` the helper has already sent: the first at once, each other one when the usual answer to the one before came. There is one
 * less of `answers`. Each message is written as to any other channel, is not sent a second time, and makes room for its answer; behind the last, more may be
 * written with it. Throws when another message is written instead.
 */
export function pipelined(channel: Channel, messages: readonly Buffer[], answers: readonly Buffer[]): Channel {
  let held: Buffer = Buffer.alloc(0);
  /** Messages that were written. */
  let written = 0;
  /** Usual answers that came. */
  let answered = 0;
  /** After an unusual answer, the helper sent no further message. */
  let unusual = false;

  function release(): void {
    while (written > answered && answered < answers.length && !unusual) {
      const expected = answers[answered] as Buffer;
      const begins = expected.subarray(0, held.length).equals(held.subarray(0, expected.length));
      if (begins && held.length < expected.length) return;
      unusual = !begins;
      if (unusual) break;
      answered += 1;
      pass(expected.length);
    }
    if (unusual || written === messages.length) pass(held.length);
  }

  function pass(length: number): void {
    const bytes = held.subarray(0, length);
    held = held.subarray(length);
    if (bytes.length > 0) outer.onData(bytes);
  }

  channel.onData = (bytes) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    release();
    // They are valid during the call only.
    if (held.length > 0) held = Buffer.from(held);
  };
  const { leave } = channel;
  const outer: Channel = {
    onData: () => undefined,
    ended: channel.ended,
    write(bytes) {
      const next = unusual ? undefined : messages[written];
      if (next === undefined) return channel.write(bytes);
      if (!next.equals(bytes.subarray(0, next.length))) throw new Error("the message differs from that of the opening");
      const more = bytes.subarray(next.length);
      if (more.length > 0 && written < answers.length) throw new Error("the message is longer than that of the opening");
      written += 1;
      if (more.length > 0) channel.write(more);
      release();
    },
    close: () => channel.close(),
    ...(leave === undefined ? {} : { leave }),
  };
  return outer;
}
