import { CommandError, userError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { runBatch } from "./virsh-batch.ts";
import { openVirsh, type VirshConversation } from "./virsh-conversation.ts";
import type { Reply } from "./virsh-replies.ts";

/** Several conversations with one libvirt, so that commands which take long run side by side. */
export interface VirshPool {
  /**
   * Runs the commands on an idle conversation, or opens one while there are fewer than allowed. Quick exchanges (looks)
   * queue up a little behind each other before that, and behind slow ones (changes, starts) only when nothing else is left.
   */
  exchange(commands: readonly string[], timeoutMs: number, pace: "quick" | "slow"): Promise<Reply>;
  /** Many exchanges in processes of their own; what is undefined in the end is to be asked for again. */
  batch(exchanges: readonly (readonly string[])[], timeoutMs: number): Promise<Reply | undefined>[];
  close(): Promise<void>;
}

/** Quick exchanges that wait behind each other before another process is worth its start (about 20 ms). */
const queue = 8;

interface Member {
  readonly conversation: VirshConversation;
  slow: number;
}

/** At most `size` virsh processes; none before the first exchange. */
export function createVirshPool(host: Host, uri: string, size: number): VirshPool {
  let members: Member[] = [];

  function pick(pace: "quick" | "slow"): Member {
    members = members.filter(({ conversation }) => conversation.alive);
    const byLoad = [...members].sort((a, b) => a.slow - b.slow || a.conversation.pending - b.conversation.pending);
    const [least] = byLoad;
    const limit = pace === "quick" ? queue : 1;
    if (least !== undefined && ((least.slow === 0 && least.conversation.pending < limit) || members.length >= size)) return least;
    const opened: Member = { conversation: openVirsh(host, uri), slow: 0 };
    members.push(opened);
    return opened;
  }

  return {
    exchange: async (commands, timeoutMs, pace) => {
      const member = pick(pace);
      const weight = pace === "slow" ? 1 : 0;
      member.slow += weight;
      try {
        return await member.conversation.exchange(commands, timeoutMs);
      } catch (error) {
        if (error instanceof CommandError && error.reason === "missing") throw virshMissing(host);
        throw error;
      } finally {
        member.slow -= weight;
      }
    },
    batch: (exchanges, timeoutMs) => runBatch(host, uri, exchanges, timeoutMs),
    close: async () => {
      await Promise.all(members.map(({ conversation }) => conversation.close()));
    },
  };
}

function virshMissing(host: Host): Error {
  return userError(
    "virsh-missing",
    `virsh is not installed on ${host.name}`,
    "virtform talks to libvirt through virsh. On Debian and Ubuntu: apt install libvirt-clients (and libvirt-daemon-system for the daemon).",
  );
}
