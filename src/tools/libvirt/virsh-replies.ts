import type { Conversation } from "../../model/host.ts";
import type { Frames } from "./virsh-frames.ts";

/** What the commands of one exchange wrote. */
export interface Reply {
  readonly output: string;
  readonly errors: string;
}

/** Listens to a virsh, and gives the reply of each exchange, in order, once both its outputs have ended it. */
export function listenForReplies(process: Conversation, frames: Frames, onReply: (reply: Reply) => void): void {
  const outputs: string[] = [];
  const errors: string[] = [];
  const pair = () => {
    while (outputs.length > 0 && errors.length > 0) onReply({ output: outputs.shift() ?? "", errors: errors.shift() ?? "" });
  };
  process.onOutput = (text) => {
    outputs.push(...frames.output(text));
    pair();
  };
  process.onError = (text) => {
    errors.push(...frames.errors(text));
    pair();
  };
}
