import type { Channel } from "../../../src/model/channel.ts";
import type { Conversation, Files, Host } from "../../../src/model/host.ts";

/**
 * A host whose process is killed before its call number `survives` (counted from 0): nothing works from then on, so nothing is
 * tidied up either. Looks count like changes; killed after a call is the same as killed before the next.
 */
export function dyingHost(host: Host, survives: number): { readonly host: Host; readonly died: () => boolean } {
  let calls = 0;
  const living = <T>(work: () => Promise<T>): Promise<T> => {
    calls += 1;
    return calls > survives ? Promise.reject(new Error("killed")) : work();
  };
  /** What is said to a program that is talked to counts as well. It dies with us, and what it was doing is left as it is. */
  const openLiving = (command: Parameters<Host["open"]>[0]): Conversation => {
    const conversation = host.open(command);
    const write = conversation.write;
    conversation.write = (text) => {
      // A blank line says only that we are there; when it does is up to the clock.
      if (text.trim() !== "") calls += 1;
      if (calls > survives) conversation.kill();
      else write.call(conversation, text);
    };
    return conversation;
  };
  /** What is written to a socket counts too; it is closed with us. */
  const dialLiving = async (path: string): Promise<Channel> => {
    const channel = await host.dial(path);
    const write = channel.write;
    channel.write = (bytes) => {
      calls += 1;
      if (calls > survives) channel.close();
      else write.call(channel, bytes);
    };
    return channel;
  };
  const files = Object.fromEntries(
    Object.entries(host.files).map(([name, method]) => {
      const call = method as (...args: unknown[]) => Promise<unknown>;
      return [name, (...args: unknown[]) => living(() => call.apply(host.files, args))];
    }),
  ) as unknown as Files;
  return {
    died: () => calls > survives,
    host: {
      name: host.name,
      run: (command) => living(() => host.run(command)),
      open: (command) => openLiving(command),
      dial: (path) => living(() => dialLiving(path)),
      account: () => host.account(),
      files,
      download: (request) => living(() => host.download(request)),
      // A lock is given back by the kernel when its holder dies.
      lock: (request, work) => host.lock(request, work),
      now: () => host.now(),
      onClose: (end) => host.onClose(end),
      close: () => host.close(),
    },
  };
}
