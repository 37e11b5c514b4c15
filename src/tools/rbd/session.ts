import type { Context } from "../../model/context.ts";
import type { Host } from "../../model/host.ts";
import { perHost } from "../../model/per-host.ts";
import type { CephAccess } from "./access.ts";
import { openRbd, type RbdConversation, type RbdRequest } from "./conversation.ts";

/** The machine to ask from, and the cluster with its user. */
export interface Rbd {
  readonly context: Pick<Context, "host" | "signal">;
  readonly access: CephAccess;
}

const minute = 60_000;

const conversationsOf = perHost(() => new Map<string, RbdConversation>());

/**
 * Asks the cluster through a process on the host that is kept for the whole run, as Nova does through the same bindings: connecting
 * takes longer than most answers. Throws an UnreachableError when the cluster does not answer or the process ends: what is in the
 * cluster may be there all the same; a UserError when the bindings are missing; a CommandError when Ceph refuses.
 */
export async function askRbd<T>(
  { context, access }: Rbd,
  op: string,
  args: RbdRequest["args"],
  options: { readonly what: string; readonly timeoutMs?: number; readonly onFraction?: RbdRequest["onFraction"] },
): Promise<T> {
  const { host, signal } = context;
  const conversation = conversationOf(host, access);
  return (await conversation.ask({ op, args, signal, timeoutMs: 2 * minute, ...options } as RbdRequest)) as T;
}

function conversationOf(host: Host, access: Rbd["access"], environment = process.env): RbdConversation {
  const key = JSON.stringify([access.conf, access.user]);
  const ofHost = conversationsOf(host);
  const existing = ofHost.get(key);
  if (existing?.alive === true) return existing;
  // The system's Python: the bindings are built for that one, whatever comes first in PATH.
  const opened = openRbd(host, access, environment["VIRTFORM_PYTHON"] || "/usr/bin/python3");
  ofHost.set(key, opened);
  host.onClose(() => opened.close());
  return opened;
}
