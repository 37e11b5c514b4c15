import type { Conversation } from "../../src/model/host.ts";
import { runVirshLine, type VirshWorld } from "./virsh.ts";
import { virshCommands } from "./virsh-words.ts";

const prompt = "virsh # ";
/** Columns of the terminal that readline believes to have. */
const columns = 80;

/**
 * virsh talked to through pipes, as one built with readline behaves: it prints its prompt and echoes what it reads, with
 * readline's redrawing of long lines; `-q` leaves out greetings and empty lines; text comes cut anywhere.
 */
export function openVirsh(world: VirshWorld, args: readonly string[], later: (work: () => void) => void): Conversation {
  if (args.some((word) => word.includes(";"))) throw new Error("commands as an argument are not understood here");
  const quiet = args.includes("-q") || args.includes("--quiet");
  const ended = Promise.withResolvers<{ exitCode: number | undefined }>();
  let input = "";
  let over = false;
  const end = (exitCode: number | undefined) => {
    over = true;
    ended.resolve({ exitCode });
  };
  const conversation: Conversation = {
    onOutput: () => undefined,
    onError: () => undefined,
    ended: ended.promise,
    write(text) {
      world.life.check("write to virsh");
      input += text;
      later(step);
    },
    close: async () => {
      later(() => end(0));
      await ended.promise;
    },
    kill: () => end(undefined),
  };
  const say = (text: string) => {
    // Cut in odd places, so that a reader that counts on whole lines is found out.
    for (let at = 0; at < text.length; ) {
      const length = at === 0 ? Math.min(7, text.length) : 4093;
      conversation.onOutput(text.slice(at, at + length));
      at += length;
    }
  };
  const step = () => {
    for (let at = input.indexOf("\n"); at >= 0 && !over; at = input.indexOf("\n")) {
      const line = input.slice(0, at);
      input = input.slice(at + 1);
      say(`${echoed(line)}\n`);
      try {
        obey(line);
      } catch (error) {
        if (!world.life.dead) throw error;
        end(undefined);
      }
    }
  };
  const obey = (line: string) => {
    const words = virshCommands(line);
    if (words === undefined) conversation.onError('error: missing "\n');
    else if (words[0]?.[0] === "quit" || words[0]?.[0] === "exit") return end(0);
    else {
      for (const { out, err } of runVirshLine(world, words)) {
        if (out !== "") say(out);
        if (err !== "") conversation.onError(err);
        if (!quiet) say("\n");
      }
    }
    say(prompt);
  };
  world.life.onDeath(() => end(undefined));
  later(() => {
    if (over) return;
    if (!world.libvirtd.up) {
      conversation.onError(
        "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused\n",
      );
      return end(1);
    }
    if (!quiet)
      say("Welcome to virsh, the virtualization interactive terminal.\n\nType:  'help' for help with commands\n       'quit' to quit\n\n");
    say(prompt);
    step();
  });
  return conversation;
}

/** Where the line reaches the last column, readline prints one character more, returns, and prints it again. */
function echoed(line: string): string {
  let text = "";
  let rest = line;
  for (let room = columns - prompt.length; rest.length > room; room = columns) {
    text += `${rest.slice(0, room + 1)}\r`;
    rest = rest.slice(room);
  }
  return text + rest;
}
