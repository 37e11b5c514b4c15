import { truncateSync } from "node:fs";
import type { Channel } from "../../../src/model/channel.ts";
import type { Command, Conversation, Files, Host } from "../../../src/model/host.ts";
import { headerBytes, remoteProgram } from "../../../src/tools/libvirt/rpc/frames.ts";
import { procedures } from "../../../src/tools/libvirt/rpc/procedures.ts";

/** A host whose process is killed, and what came of it. */
export interface DyingHost {
  readonly host: Host;
  /** Whether it came to the kill. */
  readonly died: () => boolean;
  /** Effects that were started. */
  readonly effects: () => number;
}

/**
 * A host whose process is killed after `survives` effects: at its next call, whatever that is. Nothing works from then on, so
 * nothing is tidied up either. Only effects are counted, because a kill before or after a look leaves the same machine: with
 * 0, 1, 2, … every state that a kill can leave between two calls comes once.
 *
 * `half`: it is killed within effect number `survives` (counted from 0) instead. Of copies and conversions to files 1000 bytes are left,
 * and nothing of any other effect.
 */
export function dyingHost(host: Host, survives: number, kind: "between" | "half" = "between"): DyingHost {
  let effects = 0;
  let dead = false;
  const killed = () => Promise.reject(new Error("killed"));
  /** Whether a call is still made. Counts it when it is an effect. */
  const lives = (isEffect: boolean): boolean => {
    if (!dead && effects === survives && (isEffect || kind === "between")) dead = true;
    if (isEffect) effects += 1;
    return !dead;
  };
  async function call<T>(isEffect: boolean, work: () => Promise<T>, target?: string): Promise<T> {
    const before = dead;
    if (lives(isEffect)) return work();
    if (!before && kind === "half" && target !== undefined) {
      await work();
      truncateSync(target, 1000);
    }
    return killed();
  }
  /** What is said to a program that is talked to is an effect. It dies with us, and what it was doing is left as it is. */
  const openDying = (command: Parameters<Host["open"]>[0]): Conversation => {
    const conversation = host.open(command);
    const write = conversation.write;
    conversation.write = (text) => {
      // A blank line says only that we are alive; when it does is up to the clock.
      if (text.trim() === "" ? !dead : lives(true)) write.call(conversation, text);
      else conversation.kill();
    };
    return conversation;
  };
  /** A socket is closed with us. */
  const dialDying = async (path: string): Promise<Channel> => {
    const channel = await host.dial(path);
    const write = channel.write;
    channel.write = (bytes) => {
      if (lives(!asksLibvirt(bytes))) write.call(channel, bytes);
      else channel.close();
    };
    return channel;
  };
  const files = Object.fromEntries(
    Object.entries(host.files).map(([name, method]) => {
      const perform = method as (...args: unknown[]) => Promise<unknown>;
      const target = (args: unknown[]) => (name === "copy" ? String(args[1]) : undefined);
      // Only reads, and is no promise.
      if (name === "digestBehind") return [name, perform.bind(host.files)];
      return [name, (...args: unknown[]) => call(!readingFiles.has(name), () => perform.apply(host.files, args), target(args))];
    }),
  ) as unknown as Files;
  return {
    died: () => dead,
    effects: () => effects,
    host: {
      name: host.name,
      run: (command) => call(!isLook(command), () => host.run(command), madeBy(command)),
      open: (command) => openDying(command),
      dial: (path) => call(false, () => dialDying(path)),
      connect: (...to) => call(false, () => host.connect(...to)),
      account: () => host.account(),
      files,
      download: (request) => call(true, () => host.download(request), request.to),
      unpack: (request) => call(true, () => host.unpack(request), request.to),
      ...(host.upload === undefined ? {} : { upload: (request) => call(true, async () => host.upload?.(request), request.to) }),
      ...(host.libvirtUri === undefined ? {} : { libvirtUri: host.libvirtUri }),
      // A lock is given back by the kernel when its holder dies.
      lock: (request, work) => host.lock(request, work),
      isLocked: (path) => host.isLocked(path),
      now: () => host.now(),
      onClose: (end) => host.onClose(end),
      close: () => host.close(),
    },
  };
}

const readingFiles: ReadonlySet<string> = new Set(["read", "readMany", "stat", "statMany", "list", "space", "digest", "digestParts"]);
/** Programs that only look. Any other program counts as an effect. */
const looks: readonly RegExp[] = [/^(lvs|vgs|pvs|findmnt|stat|mdir|blkid) /, /^qemu-img (info|compare|map|measure) /, /^e2label \S+$/];

function isLook({ program, args }: Command): boolean {
  return looks.some((pattern) => pattern.test(`${[program, ...args].join(" ")}`));
}

/** The file that a conversion makes under a name for an incomplete file. */
function madeBy({ program, args }: Command): string | undefined {
  if (program !== "qemu-img" || args[0] !== "convert") return undefined;
  const target = args.at(-1)?.replace(/^driver=.*,file\.filename=/, "") ?? "";
  return /\.(converted|part)(\/root\.hds)?$/.test(target) ? target : undefined;
}

const libvirtEffects: ReadonlySet<number> = new Set(Object.values(procedures).flatMap(({ number, changes }) => (changes ? [number] : [])));

/** Whether these bytes are whole messages to libvirt that change nothing. */
function asksLibvirt(bytes: Uint8Array): boolean {
  const all = Buffer.from(bytes);
  for (let at = 0; at < all.length; ) {
    const length = all.length - at < headerBytes ? 0 : all.readUInt32BE(at);
    if (length < headerBytes || at + length > all.length) return false;
    if (all.readUInt32BE(at + 4) === remoteProgram && libvirtEffects.has(all.readInt32BE(at + 12))) return false;
    at += length;
  }
  return true;
}
