import type { Channel, Opening } from "../../model/channel.ts";

/**
 * A channel whose opening the helper has already sent. Each of its messages is written as to any other channel, is not sent a second time,
 * and makes room for its answer. Throws when another message is written instead.
 */
export function pipelined(channel: Channel, { first, expected, second }: Opening): Channel {
  let held: Buffer = Buffer.alloc(0);
  /** The message of the opening that is written next; none after both, or after an unusual answer. */
  let next: "first" | "second" | undefined = "first";
  let answered = false;

  function release(): void {
    if (next === "first" || answered) return;
    let ready = held.length;
    if (next === "second") {
      const usual = expected.subarray(0, held.length).equals(held.subarray(0, expected.length));
      if (usual && held.length < expected.length) return;
      answered = usual;
      if (usual) ready = expected.length;
      else next = undefined;
    }
    const bytes = held.subarray(0, ready);
    held = held.subarray(ready);
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
      if (next === undefined) return channel.write(bytes);
      if (!(next === "first" ? first : second).equals(bytes)) throw new Error("the message differs from that of the opening");
      next = next === "first" ? "second" : undefined;
      answered = false;
      release();
    },
    close: () => channel.close(),
    ...(leave === undefined ? {} : { leave }),
  };
  return outer;
}
