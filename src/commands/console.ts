import type { Writable } from "node:stream";
import type { DomainState } from "../kinds/terms/domain-state.ts";
import { guests } from "../kinds/terms/guest-address.ts";
import { isAdopted } from "../kinds/terms/is-adopted.ts";
import { addressName } from "../model/address.ts";
import { userError } from "../model/errors.ts";
import { instanceFiles, rotatedName } from "../model/layout.ts";
import { shellWord } from "../model/shell-word.ts";
import { type CommandDefinition, colorOptions, severalHostsOptions, variableOptions } from "./command.ts";
import { findOnHosts } from "./find-on-hosts.ts";
import type { Io } from "./io.ts";
import { openConfigured } from "./open-session.ts";
import { streamLog } from "./stream-log.ts";
import type { Survey } from "./survey.ts";
import { terminalText } from "./terminal-text.ts";

/** `virtform console NAME`: what the guest has written to its serial console. */
export const console: CommandDefinition = {
  summary: "Print the console log of an instance",
  usage: "NAME [PATH…] [options]",
  description:
    "Prints the output of the guest's first serial port since its last start, or with --previous since the one before. With --follow, continues until Ctrl-C. On a terminal, control characters of the guest are escaped (\\u001b) and colours are removed; a file or pipe gets the original bytes.",
  options: {
    ...colorOptions,
    ...variableOptions,
    ...severalHostsOptions,
    follow: { type: "boolean", short: "f", help: "Continue printing new output." },
    lines: { type: "string", short: "n", value: "N", help: "Only the last N lines of what there is." },
    previous: {
      type: "string",
      value: "N",
      bare: "1",
      help: "The log before the last start, or before the last N starts by virtform (up to 3 are kept).",
    },
  },
  examples: [
    ["virtform console web-0", "Prints the log of web-0."],
    ["virtform console -n 20 web-0", "Prints the last 20 lines."],
    ["virtform console -f web-0", "Prints the log and new output as it arrives."],
    ["virtform console --previous web-0", "Prints what web-0 wrote before it was last started."],
  ],
  async run(invocation, io) {
    const [word, ...paths] = invocation.positionals;
    if (word === undefined)
      throw userError(
        "missing-name",
        "Missing argument: instance name",
        "Usage: virtform console NAME [PATH…]. `virtform list` shows the names.",
      );
    await using session = await openConfigured(paths, io);
    const { host, name, guest } = await findOnHosts(session, word, io, async (_, surveyed) => guestStates(surveyed));
    const { context } = host;
    const { files } = context.host;
    if (context.settings.virtType === "lxc") throw noLogOfContainer(name);
    const previous = parsePrevious(invocation.text("previous"), invocation.flag("follow"));
    const current = context.layout.instanceFile(guest.uuid, instanceFiles.console);
    const path = previous === 0 ? current : rotatedName(current, previous);
    using ended = untilEnded(io);
    const text = io.stdout.isTTY ? terminalText() : undefined;
    const found = await streamLog(
      {
        read: (offset, length) => files.read(path, { offset, length }),
        size: async () => (await files.stat(path))?.size,
      },
      (piece) => written(io.stdout, text?.(piece) ?? piece),
      { follow: invocation.flag("follow"), stop: ended.stop, ...lastLines(invocation.text("lines")) },
    );
    if (found) return 0;
    if (previous > 0) {
      const detail = `${path} does not exist. A log is kept when virtform starts the guest again; a start by other means overwrites it.`;
      throw userError("no-console", `${name} has no earlier console log`, detail);
    }
    if (isAdopted(guest)) throw noLogOfAdopted(name, path);
    throw userError("no-console", `${name} has no console log yet`, `${path} does not exist; it appears when the guest is first started.`);
  },
};

function noLogOfAdopted(name: string, path: string): Error {
  const detail = `${path} does not exist. Adoption keeps the console of a guest as its definition has it, and this one writes no log there. \`virsh console ${shellWord(name)}\` on the host shows what the guest writes from then on.`;
  return userError("no-console", `${name} is an adopted guest without a console log`, detail);
}

function noLogOfContainer(name: string): Error {
  const detail = `libvirt's driver of containers keeps none. \`virsh -c lxc:///system console ${shellWord(name)}\` on the host shows what the container writes from then on; its init can write a log into the root file system.`;
  return userError("no-console", `${name} is a container, whose console has no log`, detail);
}

/** The guests of a host that exist, by name. */
function guestStates({ objects, observed }: Survey): ReadonlyMap<string, DomainState> {
  return new Map(
    objects.flatMap(({ address }) => {
      const state = guests.owns(address) ? observed.get(address) : undefined;
      return state === undefined ? [] : [[addressName(address), state] as const];
    }),
  );
}

function lastLines(text: string | undefined): { readonly lines?: number } {
  if (text === undefined) return {};
  if (/^\d{1,6}$/.test(text)) return { lines: Number(text) };
  throw userError("bad-option", `--lines: "${text}" is not a number of lines`, "Write a number such as 20.");
}

/** How many starts ago; 0 for the current log. */
function parsePrevious(text: string | undefined, follow: boolean): number {
  if (text === undefined) return 0;
  if (follow) throw userError("bad-option", "--follow and --previous exclude each other", "An earlier log does not grow.");
  if (!/^[1-9]$/.test(text))
    throw userError("bad-option", `--previous: "${text}" is not a number of starts`, "Write 1 for the log before the last start.");
  return Number(text);
}

/** Resolves when the piece is written or the write has failed; the stream also emits the failure. */
function written(stream: Writable, piece: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    stream.write(piece, () => resolve());
  });
}

/** Aborted by Ctrl-C and when the output can no longer be written. */
function untilEnded({ stdout, outputFailed }: Io): Disposable & { readonly stop: AbortSignal } {
  const controller = new AbortController();
  const end = () => controller.abort();
  process.once("SIGINT", end);
  stdout.once("error", end);
  return {
    stop: AbortSignal.any([controller.signal, outputFailed]),
    [Symbol.dispose]() {
      process.off("SIGINT", end);
      stdout.off("error", end);
    },
  };
}
