import { setTimeout as sleep } from "node:timers/promises";
import { type Channel, DialError } from "../../model/channel.ts";
import type { Account, Host } from "../../model/host.ts";
import { lastWords } from "../command-line.ts";
import { dialSocket } from "../local/dial.ts";
import { collect } from "./collect.ts";
import type { SshConnection } from "./connection.ts";

/** The local end of a closed channel may arrive this much later than the answer to the next request. */
const settleMs = 20;
const probeMs = 30_000;

type Run = Host["run"];

/**
 * Opens sockets of the other side: forwarded by the connection, or, where sshd forbids that, through libvirt's own helper as a
 * program there. Gives `Host.dial`.
 */
export function createSshDial(connection: SshConnection, run: Run): (path: string) => Promise<Channel> {
  const forwarded = new Map<string, Promise<string>>();
  /** Known to be missing when the connection was made: to try one would cost a round trip. Later it may exist. */
  let absent: Set<string> | undefined;
  /** How each path was opened successfully. */
  const ways = new Map<string, (path: string) => Promise<Channel>>();

  async function throughForward(path: string): Promise<Channel> {
    const local = forwarded.get(path) ?? connection.forward(path);
    forwarded.set(path, local);
    try {
      return await dialSocket(await local);
    } catch (error) {
      forwarded.delete(path);
      throw connection.lost ?? new DialError(path, "failed", error instanceof Error ? error.message : String(error));
    }
  }

  function throughHelper(path: string): Promise<Channel> {
    return helperChannel(connection, path);
  }

  return async (path) => {
    const way = ways.get(path);
    if (way !== undefined) return way(path);
    absent ??= new Set((await connection.greeting()).noSockets);
    if (absent.delete(path)) throw new DialError(path, "missing", "no such socket");
    let refusal = new DialError(path, "failed", "ssh cannot forward the socket");
    for (const candidate of [throughForward, throughHelper]) {
      let end: { readonly why: string | undefined } | undefined;
      try {
        const channel = await candidate(path);
        void channel.ended.then((why) => {
          end = { why };
        });
        // sshd handles requests in order: a channel that is open after this answer has a listener.
        const state = await socketState(run, path);
        await sleep(settleMs);
        if (end === undefined) {
          ways.set(path, candidate);
          return channel;
        }
        if (state === "missing") throw new DialError(path, "missing", "no such socket");
        if (state === "denied") throw new DialError(path, "denied", "permission denied");
        refusal = new DialError(path, "refused", end.why ?? "connection refused");
      } catch (error) {
        if (!(error instanceof DialError) || error.reason !== "failed") throw error;
        refusal = error;
      }
    }
    throw refusal;
  };
}

async function socketState(run: Run, path: string): Promise<"missing" | "denied" | "there"> {
  const script = 'if [ ! -S "$1" ]; then echo missing; elif [ -r "$1" ] && [ -w "$1" ]; then echo there; else echo denied; fi';
  const { stdout } = await run({ program: "sh", args: ["-c", script, "sh", path], timeoutMs: probeMs });
  const said = stdout.trim();
  return said === "missing" || said === "denied" ? said : "there";
}

/** The user on the other side. */
export async function sshAccount(run: Run): Promise<Account> {
  const script = `printf '%s\\n' "$(id -u)" "$(id -g)" "\${XDG_RUNTIME_DIR-}" "\${XDG_CACHE_HOME:-$HOME/.cache}" "\${XDG_STATE_HOME:-$HOME/.local/state}"`;
  const { stdout } = await run({ program: "sh", args: ["-c", script], timeoutMs: probeMs });
  const [uid, gid, runtime, cache = "", state] = stdout.split("\n");
  const root = uid === "0";
  const stateDirectory = root ? "/var/lib/virtform" : `${state}/virtform`;
  return { root, uid: Number(uid), gid: Number(gid), runtimeDirectory: runtime || null, cacheDirectory: cache, stateDirectory };
}

/** Arguments that make `virt-ssh-helper` connect to a socket: it accepts a URI, not a path. Pure. */
export function helperWords(path: string): string[] {
  const [, directory = "", name = ""] = /^(.*)\/([^/]*)$/.exec(path) ?? [];
  const readOnly = name.endsWith("-ro");
  const driver = /^virt([a-z]+)d-sock/.exec(name)?.[1];
  const instance = directory === "/run/libvirt" || directory === "/var/run/libvirt" ? "system" : "session";
  return [...(readOnly ? ["-r"] : []), `${driver ?? "qemu"}:///${instance}?mode=${driver === undefined ? "legacy" : "direct"}`];
}

async function helperChannel(connection: SshConnection, path: string): Promise<Channel> {
  const script = `path=$1
shift
if command -v virt-ssh-helper >/dev/null; then exec virt-ssh-helper "$@"; fi
exec nc -U "$path"`;
  const child = await connection.start(script, [path, ...helperWords(path)], "libvirt's ssh helper");
  const errors = collect(child.stderr);
  const ended = Promise.withResolvers<string | undefined>();
  child.onClose(() => ended.resolve(child.failure?.message ?? (lastWords(errors(), 2) || undefined)));
  const channel: Channel = {
    onData: () => undefined,
    ended: ended.promise,
    write(bytes) {
      if (child.stdin.writable) child.stdin.write(bytes);
    },
    close: () => child.kill(),
  };
  child.stdout.on("data", (bytes: Buffer) => channel.onData(bytes));
  return channel;
}
